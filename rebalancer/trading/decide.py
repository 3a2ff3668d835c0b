"""Each bot's decision of tonight, and what stands in for one that has none."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rebalancer.bots.base import Bot
from rebalancer.events import BotDecided, BotFailed
from rebalancer.model import BotFailure, Closes, Decision, NoPrice, Share, Symbol, Targets
from rebalancer.model.text import money
from rebalancer.portfolio.checks import TOLERANCE
from rebalancer.portfolio.renames import under_new_names, under_old_names
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.pricing import Prices


def decide(context: RunContext, log: RunLog, shares: Sequence[Share], closes: Closes) -> Mapping[str, Decision]:
    """Back-test every bot up to now and journal its last day's allocation, or why it has none."""
    decisions = {share.bot: _decision(context, context.bots[share.bot], closes) for share in shares}
    for share in shares:
        match decisions[share.bot]:
            case BotFailure() as failure:
                log.write(BotFailed(at=log.now(), share=share.fraction, failure=failure))
            case made:
                log.write(
                    BotDecided(
                        at=log.now(),
                        bot=share.bot,
                        share=share.fraction,
                        weights=made.weights,
                        path=made.path,
                        warnings=made.warnings,
                    )
                )
    return decisions


def _decision(context: RunContext, bot: Bot, closes: Closes) -> Decision:
    """A bot that still names a share as it was called before is asked by that name."""
    decision = bot.decide(under_old_names(closes, context.renames, bot.symbols))
    return under_new_names(decision, context.renames)


def fallback_obstacle(
    context: RunContext, log: RunLog, prices: Prices, left_alone: Mapping[Symbol, str]
) -> Mapping[Symbol, str]:
    """Why the fallback ticker can't be bought tonight, by symbol; empty where it can, or where none is set.

    What would go to it stays cash, and what is held of it stays held: an owner's cash-like fund is not sold blindly.
    """
    fallback = context.trading.fallback_ticker
    if fallback is None:
        return {}
    price = prices.get(fallback)
    unpriced = "no price: " + " ".join(price.reasons) if isinstance(price, NoPrice) else None
    reason = left_alone.get(fallback) or unpriced
    if reason is None:
        return {}
    log.note(f"the fallback {fallback} can't be used tonight ({reason}): what would go to it stays cash", "warning")
    return {fallback: reason}


def say_what_stays_cash(log: RunLog, obstacle: Mapping[Symbol, str], targets: Targets, investable: Decimal) -> None:
    """What netting freed for a fallback that can't be bought is a target that was missed."""
    freed = Decimal(math.fsum(netting.freed for netting in targets.nettings))
    for fallback, reason in obstacle.items():
        if freed > TOLERANCE:
            log.problems.append(
                f"{fallback}: {money(freed * investable, log.currency)} that netting freed stay in cash ({reason})"
            )
