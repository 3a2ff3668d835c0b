"""What is held and has no price now, such as a share that was delisted."""

from collections.abc import Sequence

from rebalancer.live.desk import Diary
from rebalancer.model import Position
from rebalancer.portfolio.wording import usd


def say_what_has_no_price(diary: Diary, positions: Sequence[Position]) -> None:
    for position in positions:
        if position.last_close is not None:
            diary.note(
                f"{position.symbol}: no price now: it counts for {usd(position.market_value)} by its last close, of "
                f"{position.last_close}",
                "warning",
            )
