"""Each bot's decision of tonight, and what stands in for one that has none."""

from collections.abc import Mapping, Sequence

from rebalancer.events import BotDecided, BotFailed
from rebalancer.flowchart.decide import last_allocation
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.survey import Prices
from rebalancer.model import BotFailure, Closes, Decision, NoPrice, Share, Symbol


def decide(desk: Desk, diary: Diary, shares: Sequence[Share], closes: Closes) -> Mapping[str, Decision]:
    """Back-test every bot up to now and journal its last day's allocation, or why it has none."""
    decisions = {share.bot: last_allocation(share.bot, desk.programs[share.bot], closes) for share in shares}
    for share in shares:
        match decisions[share.bot]:
            case BotFailure() as failure:
                diary.write(BotFailed, share=share.fraction, failure=failure)
            case made:
                diary.write(
                    BotDecided,
                    bot=share.bot,
                    share=share.fraction,
                    weights=made.weights,
                    path=made.path,
                    warnings=made.warnings,
                )
    return decisions


def usable_fallback(
    desk: Desk, diary: Diary, prices: Prices, untradable: Mapping[Symbol, str], untouchable: Mapping[Symbol, str]
) -> Symbol | None:
    """The fallback ticker if it can be traded and priced tonight; otherwise None, and its share stays cash."""
    fallback = desk.trading.fallback_ticker
    if fallback is None:
        return None
    price = prices.get(fallback)
    reason = untradable.get(fallback) or untouchable.get(fallback)
    if isinstance(price, NoPrice):
        reason = reason or "no price: " + "; ".join(price.reasons)
    if reason:
        diary.note(
            f"the fallback {fallback} can't be used tonight ({reason}): what would go to it stays cash", "warning"
        )
    return None if reason else fallback
