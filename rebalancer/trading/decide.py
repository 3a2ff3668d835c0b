"""Each bot's decision of tonight, and the fallback for weight that no bot uses."""

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
    """Each bot's allocation for tonight by `closes` up to now, or its failure; all journalled."""
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
    """A bot that still uses a symbol's old name gets its closes under that name."""
    decision = bot.decide(under_old_names(closes, context.renames, bot.symbols))
    return under_new_names(decision, context.renames)


def untradable_fallback(
    context: RunContext, log: RunLog, prices: Prices, untradable: Mapping[Symbol, str]
) -> Mapping[Symbol, str]:
    """The fallback ticker with the reason why it can't be bought tonight; empty where it can, or where none is set.

    Its weight stays cash, and shares of it that are held are not sold.
    """
    fallback = context.trading.fallback_ticker
    if fallback is None:
        return {}
    price = prices.get(fallback)
    unpriced = "no price: " + " ".join(price.reasons) if isinstance(price, NoPrice) else None
    reason = untradable.get(fallback) or unpriced
    if reason is None:
        return {}
    log.note(f"the fallback {fallback} can't be used tonight ({reason}): what would go to it stays cash", "warning")
    return {fallback: reason}


def note_uninvested(log: RunLog, untradable: Mapping[Symbol, str], targets: Targets, investable: Decimal) -> None:
    """Weight freed by netting for a fallback that can't be bought counts as a missed target."""
    freed = Decimal(math.fsum(netting.freed for netting in targets.nettings))
    for fallback, reason in untradable.items():
        if freed > TOLERANCE:
            log.problems.append(
                f"{fallback}: {money(freed * investable, log.currency)} that netting freed stay in cash ({reason})"
            )
