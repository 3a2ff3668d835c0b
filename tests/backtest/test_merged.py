import math
from decimal import Decimal

import numpy as np
import pytest

from rebalancer.backtest.merged import Merging, equal_shares, merged
from rebalancer.bots.decisions import Decisions
from rebalancer.model import Investment, Reserve, Symbol, Trading
from rebalancer.portfolio.targets import shares_of

SPY, SH, SGOV = SYMBOLS = (Symbol("SPY"), Symbol("SH"), Symbol("SGOV"))
UP, DOWN, UNDEFINED = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [math.nan] * 3
HALVES = (Investment("a", Decimal(50), "percent"), Investment("b", Decimal(50), "percent"))


def evening(
    a: list[float],
    b: list[float],
    equity: float = 1000.0,
    *,
    priced: bool = True,
    reserve: int = 0,
    investments: tuple[Investment, ...] = HALVES,
    **rules: object,
):
    """The merged weights of two bots at one close, by symbol."""
    merging = Merging(investments, Trading(**rules), Reserve("dollars", Decimal(reserve)))
    decisions = {"a": Decisions.of(np.array([a]), SYMBOLS), "b": Decisions.of(np.array([b]), SYMBOLS)}
    row = merged(decisions, SYMBOLS, np.array([[True, True, priced]]), merging)(0, equity)
    return row if row is None else dict(zip(SYMBOLS, row.tolist(), strict=True))


def test_bots_are_merged_by_their_shares_and_capped():
    assert evening(UP, UP) == {SPY: pytest.approx(0.99), SH: 0, SGOV: 0}


def test_a_dollar_amount_stays_the_same_while_the_equity_grows():
    amounts = (Investment("a", Decimal(300)), Investment("b", Decimal(100)))
    assert evening(UP, DOWN, 1000, investments=amounts) == pytest.approx({SPY: 0.3, SH: 0.1, SGOV: 0})
    assert evening(UP, DOWN, 2000, investments=amounts) == pytest.approx({SPY: 0.15, SH: 0.05, SGOV: 0})


def test_the_reserve_is_never_invested():
    assert evening(UP, UP, 1000, reserve=500) == pytest.approx({SPY: 0.99 / 2, SH: 0, SGOV: 0})


def test_a_pair_is_netted_and_what_it_frees_goes_to_the_fallback():
    thirds = (Investment("a", Decimal(60), "percent"), Investment("b", Decimal(30), "percent"))
    together = evening(UP, DOWN, investments=thirds, paired_tickers=((SPY, SH),))
    assert together == pytest.approx({SPY: 0.3, SH: 0, SGOV: 0.6})


def test_an_undefined_bot_leaves_its_share_to_the_fallback():
    assert evening(UP, UNDEFINED, max_allocation_percent=Decimal(50)) == pytest.approx({SPY: 0.25, SH: 0, SGOV: 0.25})


def test_without_a_price_of_the_fallback_the_share_stays_in_cash():
    assert evening(UP, UNDEFINED, priced=False) == pytest.approx({SPY: 0.5, SH: 0, SGOV: 0})


def test_nothing_is_traded_where_every_bot_is_undefined():
    assert evening(UNDEFINED, UNDEFINED) is None


def test_nothing_is_traded_where_the_reserve_leaves_nothing_to_invest():
    assert evening(UP, UP, 400, reserve=500) is None


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_equal_shares_are_all_of_the_money_and_never_more(count: int):
    shares, notes = shares_of(equal_shares([f"bot {number}" for number in range(count)]), Decimal(1000), "amounts")
    assert sum(share.fraction for share in shares) == pytest.approx(1)
    assert not notes
