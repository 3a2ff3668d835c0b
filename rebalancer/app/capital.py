"""Money given to a bot whose capital rolls over, or taken from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

from rebalancer.app.capital_views import MovedCapital
from rebalancer.app.controls import report_disarmed, revoked_armings
from rebalancer.app.settings import invested_at
from rebalancer.bookings import CapitalMoved
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, echoed
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, numbers
from rebalancer.model.settings import LEAST_MONEY, MOST_MONEY
from rebalancer.model.text import money
from rebalancer.portfolio.attribution import CENT, UNASSIGNED
from rebalancer.portfolio.bookkeeping import Bookkeeper


def deposit(config: Config, account: AccountConfig, bot: str, amount: str, by: str) -> MovedCapital:
    """Give `bot` money of the account that no bot has. Raises BadInputError, BusyError during a run."""
    return _move(config, account, bot, _money(amount), by)


def withdraw(config: Config, account: AccountConfig, bot: str, amount: str, by: str) -> MovedCapital:
    """Take money from `bot`, at most what its book has. Raises BadInputError, BusyError during a run."""
    return _move(config, account, bot, -_money(amount), by)


def _money(text: str) -> Decimal:
    found = numbers.amount(text)
    if found is None or not LEAST_MONEY <= found <= MOST_MONEY or found != found.quantize(CENT):
        raise BadInputError.of("AMOUNT", f"{echoed(text)} is no amount: write 0.01 or more, such as 1500 or 99.95")
    return found.quantize(CENT)


def _move(config: Config, account: AccountConfig, bot: str, amount: Decimal, by: str) -> MovedCapital:
    only = replace(config, accounts=(account,))
    with _between_runs(config) as journal:
        keeper = journal.books(account.name)
        before, session = _book_of(config, account, keeper, bot)
        _require_enough(account, bot, before, amount, session)
        revoked = revoked_armings(only, config.journal(), by, "a bot's money was changed")
        # In one transaction: no run with real money sees the new capital under the old arming.
        journal.record(NO_RUN, *revoked.values(), CapitalMoved(SystemClock().now(), account.name, bot, amount, by))
    report_disarmed(only, revoked)
    return MovedCapital(
        account=account.name,
        bot=bot,
        moved="in" if amount > 0 else "out",
        amount=abs(amount),
        value_before=before,
        value=before + amount,
        unassigned_cash=keeper.books[UNASSIGNED].cash - amount,
        session=session,
        currency=account.venue.currency,
        disarmed=tuple(revoked),
    )


def _require_enough(account: AccountConfig, bot: str, value: Decimal, amount: Decimal, session: date) -> None:
    if value + amount < 0:
        currency = account.venue.currency
        text = (
            f"its book has {money(value, currency)} by the run of {session}, and {money(-amount, currency)} are "
            "more: withdraw at most that. `rebalance invest remove` gives back all, at the prices of its sales"
        )
        raise BadInputError.of(bot, text)


def _book_of(config: Config, account: AccountConfig, keeper: Bookkeeper, bot: str) -> tuple[Decimal, date]:
    """What the book of `bot` has, and the session of its prices. Raises BadInputError where it has none of its own."""
    investment = account.investments[invested_at(config, account, bot)]
    if investment.capital == "fixed":
        text = (
            'it has capital = "fixed": each evening it is brought back to its amount, which `rebalance invest set` '
            'changes. With capital = "rollover" its money is what its book has'
        )
        raise BadInputError.of(bot, text)
    value = keeper.has(bot)
    if value is None:
        amount = money(investment.amount, account.venue.currency)
        text = f"it has no book before its first evening: it begins with {amount}, which `rebalance invest set` changes"
        raise BadInputError.of(bot, text)
    return value, keeper.valuations[-1].session


@contextmanager
def _between_runs(config: Config) -> Iterator[SqliteJournal]:
    """The journal, while no run is in progress. Raises BusyError during one."""
    with run_lock(config.journal()) as holder, SqliteJournal.open(config.journal(), holder) as journal:
        yield journal
