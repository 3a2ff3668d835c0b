"""What the bots hold: each position with its cost, gain and weight, and whose it is by the books."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rebalancer.config import AccountConfig, Config
from rebalancer.journal import read
from rebalancer.journal.kept_books import Replayed, replayed
from rebalancer.model import Symbol
from rebalancer.portfolio.attribution import UNASSIGNED


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """Our shares of a symbol. `ours`, `at_broker` and `value` are those of `read.PositionSummary`.

    `cost` is what they cost with fees; with `has_adopted` some were adopted, and count at the broker's average cost.
    It is None where a spin-off brought some. `gain` is what they are worth above it, `weight` their value as a fraction
    of the account's equity; None where a figure that it needs is. `shares_by_bot` is what each bot owns; what is
    missing to `ours` is no bot's.
    """

    symbol: Symbol
    ours: Decimal
    at_broker: Decimal | None
    cost: Decimal | None
    value: Decimal | None
    gain: Decimal | None
    weight: float | None
    shares_by_bot: Mapping[str, Decimal]
    has_adopted: bool = False


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
    books = replayed(journal, account.name)
    keeper = books.keeper
    equity = keeper.valuations[-1].equity if keeper.valuations else None
    found = (_held(each, equity, books) for each in read.positions(journal, account.name))
    return AccountPositions(account.name, account.venue.currency, equity, tuple(found))


def _held(row: read.PositionSummary, equity: Decimal | None, books: Replayed) -> HeldPosition:
    symbol, cost = row.symbol, books.costs.of(row.symbol, row.ours)
    gain = None if row.value is None or cost is None else row.value - cost
    weight = None if row.value is None or not equity else float(row.value / equity)
    shares = {owner: book.shares.get(symbol) for owner, book in books.keeper.books.items() if owner != UNASSIGNED}
    theirs = {bot: some for bot, some in shares.items() if some is not None}
    has_adopted = books.costs.has_adopted(symbol)
    return HeldPosition(symbol, row.ours, row.at_broker, cost, row.value, gain, weight, theirs, has_adopted)
