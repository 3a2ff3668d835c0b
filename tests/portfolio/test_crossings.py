"""What one bot gives up and another takes in the same evening, as it is shown."""

from decimal import Decimal

from rebalancer.model import Symbol
from rebalancer.portfolio.attribution import Filled, Needs, attribute
from rebalancer.portfolio.books import Entry, Reason
from rebalancer.portfolio.crossings import Crossing, crossings

SPY, PRICE = Symbol("SPY"), Decimal("500.10")


def entries_of(needs: dict[str, Decimal], filled: Filled) -> list[Entry]:
    """As they are booked: what crosses by the plan, then what the fills change of it."""
    wanted, found = Needs(needs, Decimal(500), Decimal(1)), list[Entry]()
    before = {owner: type(part)() for owner, part in attribute(wanted, Filled()).items()}
    stages: list[tuple[Reason, Filled]] = [("crossing", Filled()), ("trade", filled)]
    for reason, state in stages:
        after = attribute(wanted, state)
        for owner, part in after.items():
            old = before.get(owner, type(part)())
            changes = part.shares - old.shares, part.cash - old.cash, part.fee - old.fee, part.crossed - old.crossed
            shares, cash, fee, crossed = changes
            found.append(Entry(owner, reason, cash, SPY, shares, fee=fee, crossed=crossed))
        before = dict(after)
    return found


def shown(needs: dict[str, int], shares: int = 0, fee: str = "0") -> tuple[Crossing, ...]:
    wanted = {owner: Decimal(need) for owner, need in needs.items()}
    filled = Filled(Decimal(shares), shares * PRICE, Decimal(fee))
    return tuple(crossings(entries_of(wanted, filled), lambda _: wanted))


def test_of_a_hundred_sold_and_eighty_bought_eighty_cross_at_the_price_of_the_twenty_that_are_sold() -> None:
    gave, took = {"A": Decimal(80)}, {"B": Decimal(80)}
    assert shown({"A": -100, "B": 80}, shares=-20, fee="0.02") == (
        Crossing(SPY, Decimal(80), PRICE, gave, took, Decimal(-20)),
    )


def test_without_a_fill_the_price_of_the_plan_counts_and_unassigned_shares_may_be_given_too() -> None:
    assert shown({"A": 30, "": -30}) == (
        Crossing(SPY, Decimal(30), Decimal(500), {"unassigned": Decimal(30)}, {"A": Decimal(30)}, Decimal(0)),
    )


def test_several_bots_share_what_crosses_and_a_trade_without_another_side_is_none() -> None:
    (found,) = shown({"A": -10, "B": -10, "C": 15}, shares=-5)
    assert (found.gave, found.took) == ({"A": Decimal(8), "B": Decimal(7)}, {"C": Decimal(15)})
    assert shown({"A": 10, "B": 5}, shares=15) == ()
