"""What the bots hold: each position with its cost, gain and weight, and whose it is by the books."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.config import AccountConfig, Config
from rebalancer.journal import read
from rebalancer.journal.kept_books import replayed
from rebalancer.model import Symbol
from rebalancer.portfolio.attribution import UNASSIGNED


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """Our shares of a symbol. `ours` to `value` are those of `read.PositionSummary`.

    `gain` is what they are worth above their cost, `weight` their value as a fraction of the account's equity; None
    where a figure that it needs is. `shares_by_bot` is what each bot owns; what is missing to `ours` is no bot's.
    """

    symbol: Symbol
    ours: Decimal
    at_broker: Decimal | None
    cost: Decimal | None
    value: Decimal | None
    gain: Decimal | None
    weight: float | None
    shares_by_bot: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class AccountPositions:
    """`equity` is that of the account's last reading, None before the first. Money is in `currency`."""

    account: str
    currency: str
    equity: Decimal | None
    positions: tuple[HeldPosition, ...]


def positions(config: Config, account: AccountConfig) -> AccountPositions:
    """Raises RunFailedError for a journal that can't be read."""
    journal = config.journal()
    keeper = replayed(journal, account.name).keeper
    equity = keeper.valuations[-1].equity if keeper.valuations else None
    bots = {owner: book.shares for owner, book in keeper.books.items() if owner != UNASSIGNED}
    found = (_held(each, equity, bots) for each in read.positions(journal, account.name))
    return AccountPositions(account.name, account.venue.currency, equity, tuple(found))


def _held(
    row: read.PositionSummary, equity: Decimal | None, bots: Mapping[str, Mapping[Symbol, Decimal]]
) -> HeldPosition:
    gain = None if row.value is None or row.cost is None else row.value - row.cost
    weight = None if row.value is None or not equity else float(row.value / equity)
    theirs = {bot: shares[row.symbol] for bot, shares in bots.items() if row.symbol in shares}
    return HeldPosition(row.symbol, row.ours, row.at_broker, row.cost, row.value, gain, weight, theirs)
