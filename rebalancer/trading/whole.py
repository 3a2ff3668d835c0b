"""What a broker trades in whole shares only: a fraction that is held stays there."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_DOWN

from rebalancer.model import Order, Outcome
from rebalancer.model.text import shares
from rebalancer.trading.context import RunLog


def whole_shares(log: RunLog, outcomes: Sequence[Outcome]) -> list[Order]:
    """The whole shares of each order that was refused for its fraction, and a word about what stays."""
    refused = [outcome.order for outcome in outcomes if outcome.refusal == "whole"]
    for order in refused:
        stays = shares(order.quantity % 1)
        log.remark(order.symbol, f"{stays} can't be sold here, where it trades in whole shares only, and stays")
    whole = [replace(order, quantity=order.quantity.to_integral_value(ROUND_DOWN)) for order in refused]
    return [order for order in whole if order.quantity >= 1]
