"""Orders refused for their fraction of a lot: the whole lots are sent, the fraction stays held."""

from collections.abc import Sequence
from dataclasses import replace

from rebalancer.model import Order, Outcome
from rebalancer.model.text import digits, shares
from rebalancer.trading.context import RunContext, RunLog


def whole_lots(context: RunContext, log: RunLog, outcomes: Sequence[Outcome]) -> list[Order]:
    """The whole lots of each order that was refused for its fraction; a remark says what stays."""
    refused = [outcome.order for outcome in outcomes if outcome.refusal == "whole"]
    whole: list[Order] = []
    for order in refused:
        instrument = context.instrument(order.symbol)
        quantity = instrument.round_down(order.quantity)
        lots = "whole shares" if instrument.lot == 1 else f"lots of {digits(instrument.lot)}"
        stays = shares(order.quantity - quantity)
        log.remark(order.symbol, f"{stays} can't be sold here, where it trades in {lots} only, and stays")
        whole.append(replace(order, quantity=quantity))
    return [order for order in whole if order.quantity > 0]
