"""What `performance` answers with: frozen values. Money is in the account's currency, returns are fractions."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebalancer.app.account_back_test import AccountBackTest
from rebalancer.app.live_against_model import LiveAgainstModel
from rebalancer.app.tax_flags import TaxFlags
from rebalancer.backtest.metrics import Drawdown
from rebalancer.model import Symbol
from rebalancer.portfolio.returns import Period


@dataclass(frozen=True, slots=True)
class PeriodEarned:
    """The sessions of a period, counted up to the last one of the span, since the session before the `first` of them:
    the gain in money, and the time-weighted return as a fraction.
    """

    period: Period
    first: date
    gain: Decimal
    time_weighted: float


@dataclass(frozen=True, slots=True)
class DayEarned:
    """A session: the value, the capital put in less taken out, the gain.

    `growth` is what 1 became since the beginning, weighted by time, and `benchmark_growth` what it became in the
    benchmark; None where that has no close.
    """

    session: date
    value: Decimal
    flow: Decimal
    gain: Decimal
    growth: float
    benchmark_growth: float | None


@dataclass(frozen=True, slots=True)
class Earned:
    """The account as a whole (`bot` None), or a bot of it, from its `first` session to its `last`.

    `capital` is what was put in less what was taken out; for a span that begins later, with the value before it.
    Returns are fractions over the whole time; those `a_year` are None for less than a year. `money_weighted` is None
    where there is no such return or no single one, and `note` says why.
    """

    bot: str | None
    first: date
    last: date
    value: Decimal
    capital: Decimal
    periods: tuple[PeriodEarned, ...]
    time_weighted: float
    time_weighted_a_year: float | None
    money_weighted: float | None
    money_weighted_a_year: float | None
    max_drawdown: Drawdown | None
    benchmark_return: float | None
    note: str
    days: tuple[DayEarned, ...]


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Cash that came to the account for a `reason` that no bot's order is, added up."""

    reason: str
    cash: Decimal


@dataclass(frozen=True, slots=True)
class AccountPerformance:
    """`earned` has the account first, then its bots; empty before the first run. `unassigned_value` is no bot's.

    `against_model` is there where one bot was asked for, `tax` where none was and something was sold, `back_test` where
    the account's was asked for.
    """

    account: str
    currency: str
    benchmark: Symbol | None
    earned: tuple[Earned, ...]
    unassigned_value: Decimal
    unassigned: tuple[Unexplained, ...]
    notes: tuple[str, ...]
    against_model: LiveAgainstModel | None = None
    tax: TaxFlags | None = None
    back_test: AccountBackTest | None = None
