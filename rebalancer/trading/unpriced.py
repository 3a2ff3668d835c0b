"""What is held and has no price now, such as a share that was delisted."""

from collections.abc import Sequence

from rebalancer.model import Position
from rebalancer.model.text import money
from rebalancer.trading.context import RunLog


def say_what_has_no_price(log: RunLog, positions: Sequence[Position]) -> None:
    for position in positions:
        if position.last_close is not None:
            log.note(
                f"{position.symbol}: no price now: it counts for {money(position.market_value, log.currency)} by its "
                f"last close, of {position.last_close}",
                "warning",
            )
