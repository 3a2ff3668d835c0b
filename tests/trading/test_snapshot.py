"""Positions and cash must add up to the equity: a part of an answer is never read as the whole."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import GLD, SPY, TLT

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import Account, Holdings, Position, Symbol
from rebalancer.ports import Ledger
from rebalancer.trading.snapshot import AccountSnapshot, incomplete_reason, require_complete, require_investable

AT = datetime(2026, 11, 27, 20, 50, tzinfo=UTC)
CENTS = st.decimals("0.01", "999_999.99", places=2)


def reading(equity: str | Decimal, cash: str | Decimal, *values: Decimal) -> tuple[Account, tuple[Position, ...]]:
    """An answer of the broker: `values` are those of its positions."""
    positions = tuple(Position(Symbol(f"S{number}"), Decimal(1), value) for number, value in enumerate(values))
    return Account("1", Decimal(equity), Decimal(cash), Decimal(0), AT), positions


def whole(
    equity: str | Decimal, cash: str | Decimal, *values: Decimal, recorded: dict[Symbol, Decimal] | None = None
) -> bool:
    return incomplete_reason(*reading(equity, cash, *values), recorded or {}) is None


@pytest.mark.parametrize(
    ("equity", "accepted"),
    [("100_000", True), ("100_000.01", False), ("98_000", True), ("96_078.44", True), ("96_078.43", False)],
)
def test_cash_and_positions_may_differ_from_the_equity_by_2_percent_of_it(equity: str, *, accepted: bool) -> None:
    """They make up 98,000.00."""
    assert whole(equity, "60_000", Decimal(38_000)) is accepted


@given(CENTS, st.lists(CENTS, min_size=1), st.data())
def test_a_position_worth_more_than_2_percent_of_equity_can_not_be_missing(
    cash: Decimal, values: list[Decimal], data: st.DataObject
) -> None:
    equity = cash + sum(values)
    missing = data.draw(st.sampled_from(values))
    shown = [*values]
    shown.remove(missing)
    assert whole(equity, cash, *values)
    assert whole(equity, cash, *shown) is (missing <= equity / 50)


@pytest.mark.parametrize(("cash", "accepted"), [("-1_020", True), ("-1_020.01", False), ("-980", True)])
def test_an_account_in_debt_may_differ_by_2_percent_of_its_debt(cash: str, *, accepted: bool) -> None:
    assert whole("-1_000", cash) is accepted


@pytest.mark.parametrize("equity", ["NaN", "Infinity", "-Infinity"])
def test_an_answer_without_an_equity_is_not_whole(equity: str) -> None:
    assert not whole(equity, "100")


@pytest.mark.parametrize(("cash", "accepted"), [("99_500", True), ("99_499.99", False), ("100_000", True)])
def test_the_money_of_a_recorded_position_that_is_gone_must_be_there_by_half(cash: str, *, accepted: bool) -> None:
    assert whole("100_000", cash, recorded={SPY: Decimal(1_000)}) is accepted


def test_of_the_recorded_positions_that_are_gone_the_smallest_decides() -> None:
    gone = {SPY: Decimal(1_000), GLD: Decimal(600), TLT: Decimal(3_000)}
    assert whole("100_000", "99_700", recorded=gone)
    assert not whole("100_000", "99_699.99", recorded=gone)


def test_a_recorded_position_of_which_half_is_a_thousandth_of_equity_can_not_be_told_from_price_moves() -> None:
    assert whole("100_000", "98_000", recorded={SPY: Decimal(200)})
    assert not whole("100_000", "98_000", recorded={SPY: Decimal("200.02")})


def test_a_recorded_position_that_is_shown_may_be_worth_less_now() -> None:
    account, _ = reading("100_000", "98_000")
    shown = [Position(SPY, Decimal(1), Decimal(10))]
    assert incomplete_reason(account, shown, {SPY: Decimal(1_000)}) is None


def test_an_incomplete_answer_is_refused_with_both_sums() -> None:
    with pytest.raises(SourceError) as refused:
        require_complete(*reading("100_000", "60_000", Decimal(30_000)), {})
    assert str(refused.value) == (
        "the broker shows an equity of 100,000.00 USD, but its cash and positions make up 90,000.00: its answer is "
        "not whole, and nothing is decided on it. Look at the account."
    )


@pytest.mark.parametrize(("shares", "short"), [((10, -1), True), ((10,), False), ((10, 0), False), ((), False)])
def test_an_account_is_short_if_any_position_is(shares: tuple[int, ...], *, short: bool) -> None:
    account, _ = reading("100", "100")
    positions = tuple(Position(Symbol(f"S{n}"), Decimal(held), Decimal(held)) for n, held in enumerate(shares))
    nothing = Holdings({}, {}, Decimal(0))
    snapshot = AccountSnapshot(account, nothing, Decimal(0), Decimal(0), Decimal(0), Ledger({}, None), positions)
    assert snapshot.short is short


NUMBERED = Account("1", Decimal(100), Decimal(100), Decimal(100), AT)


def allowed(account: Account, investable: str = "90", pinned: str | None = None) -> None:
    """Require that `investable` dollars of an account at a broker in dollars can be invested."""
    venue = SimpleNamespace(name="the sim")
    context = SimpleNamespace(pinned=pinned, currency="USD", broker=SimpleNamespace(venue=venue))
    others = Holdings({}, {}, Decimal(7))
    snapshot = AccountSnapshot(account, others, Decimal(3), Decimal(investable), Decimal(0), Ledger({}, None), ())
    assert require_investable(context, snapshot) is snapshot


@pytest.mark.parametrize("pinned", [None, "1"])
def test_an_account_is_traded_where_it_is_the_pinned_one_or_none_is_pinned(pinned: str | None) -> None:
    allowed(NUMBERED, pinned=pinned)
    allowed(NUMBERED, "0.01", pinned)


@pytest.mark.parametrize(
    ("account", "investable", "pinned", "text"),
    [
        (NUMBERED, "90", "2", "these keys are of account 1, but account_number is 2: use the keys of that one. "),
        (replace(NUMBERED, blocked="closed"), "90", "1", "the broker says that account 1 can't trade: closed"),
        (
            replace(NUMBERED, currency="EUR"),
            "90",
            None,
            "account 1 is kept in EUR, and orders at the sim are in USD: use an account in USD. Nothing was sent.",
        ),
        (
            NUMBERED,
            "0",
            None,
            (
                "nothing can be invested: equity 100.00 USD, less the reserve of 3.00 and 7.00 that is not ours to "
                "manage, leaves 0.00. Nothing was sent."
            ),
        ),
        (NUMBERED, "-0.01", None, "nothing can be invested"),
        (NUMBERED, "Infinity", None, "nothing can be invested"),
        (NUMBERED, "NaN", None, "nothing can be invested"),
    ],
)
def test_an_account_that_can_not_be_traded_or_invested_is_refused_with_the_reason(
    account: Account, investable: str, pinned: str | None, text: str
) -> None:
    with pytest.raises(RunFailedError, match=re.escape(text)):
        allowed(account, investable, pinned)
