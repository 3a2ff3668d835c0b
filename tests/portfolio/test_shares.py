"""Each bot's fraction of Investable."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.errors import RunFailedError
from rebalancer.model import Investment, Reserve, Share
from rebalancer.portfolio.targets import reserve_amount, shares_of


def dollars(bot: str, amount: int | str) -> Investment:
    return Investment(bot, Decimal(amount))


def percent(bot: str, amount: int | str) -> Investment:
    return Investment(bot, Decimal(amount), "percent")


def test_a_reserve_in_percent_follows_equity_and_is_rounded_up_to_the_cent():
    assert reserve_amount(Reserve("percent", Decimal(5)), Decimal("33333.33")) == Decimal("1666.67")


def test_dollars_committed_are_dollars_traded():
    shares, notes = shares_of([dollars("A", 6_000)], Decimal(75_000), "amounts")

    assert (shares, notes) == ((Share("A", 0.08, 0.08),), ())


def test_shares_that_exceed_the_whole_are_scaled_down_in_proportion_with_a_note():
    shares, (note,) = shares_of([dollars("A", 60_000), percent("B", 40)], Decimal(75_000), "amounts")

    assert [share.asked for share in shares] == pytest.approx([0.8, 0.4])
    assert [share.fraction for share in shares] == pytest.approx([2 / 3, 1 / 3])
    assert note == (
        "the bots ask for 90,000.00 USD together, 75,000.00 USD can be invested: "
        "every share is scaled down to 83.33 % of what was asked"
    )


@pytest.mark.parametrize(
    ("investments", "fractions"),
    [
        pytest.param([dollars("A", 2_000), dollars("B", 6_000)], [0.25, 0.75], id="dollars"),
        pytest.param([percent("A", 10), percent("B", 10)], [0.5, 0.5], id="percent"),
        pytest.param([dollars("A", 15_000), percent("B", 60)], [0.25, 0.75], id="mixed"),
        pytest.param([dollars("A", 90_000), dollars("B", 90_000)], [0.5, 0.5], id="more than there is"),
    ],
)
def test_the_whole_account_is_filled_in_proportion_to_the_amounts(investments, fractions):
    shares, notes = shares_of(investments, Decimal(75_000), "whole_account")

    assert [share.fraction for share in shares] == pytest.approx(fractions)
    assert notes == ()


@pytest.mark.parametrize("funds", ["0", "-4000", "NaN", "Infinity"])
def test_nothing_is_shared_out_unless_there_is_something_to_invest(funds):
    with pytest.raises(RunFailedError, match="Nothing was sent"):
        shares_of([percent("A", 50)], Decimal(funds), "amounts")


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity"])
def test_an_amount_that_is_not_above_zero_is_refused(amount):
    with pytest.raises(RunFailedError, match="the bot A has the amount"):
        shares_of([dollars("A", amount)], Decimal(75_000), "amounts")


amounts = st.decimals("0.01", "1e9", places=2)
investments = st.lists(st.tuples(amounts, st.sampled_from(["dollars", "percent"])), min_size=1, max_size=8)


@given(investments, amounts, st.sampled_from(["amounts", "whole_account"]))
def test_shares_are_never_more_than_the_whole_together(chosen, funds, commit):
    asked = [Investment(f"bot {n}", amount, mode) for n, (amount, mode) in enumerate(chosen)]

    shares, _ = shares_of(asked, funds, commit)

    assert all(0 < share.fraction <= 1 for share in shares)
    assert math.fsum(share.fraction for share in shares) <= 1
