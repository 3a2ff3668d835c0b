"""What bots gained less or more than on paper, in evenings with one known cause each."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from model_days import evenings
from scripted_sim import Script, ScriptedFault
from stage import DAYS, GLD, SH, SPY, TLT, Stage, StageMarket, dollars, mix

from rebalancer.model import CorporateAction, Quote, Snapshot, Symbol, Trading
from rebalancer.portfolio.shortfall import CAUSES, ModelDay, Shortfall, dividend_parts, largest, shortfall, totals

NONE = Decimal(0)
UP = {SPY: Decimal(505), GLD: Decimal(199), TLT: Decimal("93.5")}
"""Prices of the second day: +1 %, -0.995 %, the same."""


def two_evenings(stage: Stage, between: Callable[[Stage], None] = lambda _: None) -> Stage:
    stage.run()
    stage.on(DAYS[1])
    stage.market.prices |= UP
    between(stage)
    stage.run()
    return stage


def second(stage: Stage, bot: str = "A", **model: object) -> Shortfall:
    first, day = evenings(stage, bot)
    found = shortfall(day, replace(ModelDay(), **model))
    assert shortfall(first, ModelDay()).live == shortfall(first, ModelDay()).causes["slippage"] == NONE
    return found


def only(found: Shortfall, *causes: str) -> None:
    """Nothing but `causes` is there, and all adds up."""
    assert {cause for cause, amount in found.causes.items() if amount} == {*causes}
    assert found.model + sum(found.causes.values()) == found.live


def one(folder: Path, amount: int = 50_000, **percents: int) -> Stage:
    return Stage(folder, {"A": (mix(**percents), dollars("A", amount))})


def test_whole_shares_at_the_models_prices_differ_from_it_by_nothing(tmp_path: Path) -> None:
    found = second(two_evenings(one(tmp_path, SPY=100)))
    only(found)
    assert (found.live, found.money) == (Decimal("500.00"), Decimal("50000.00"))


def test_what_whole_lots_leave_in_cash_earns_nothing(tmp_path: Path) -> None:
    found = second(two_evenings(one(tmp_path, 50_400, SPY=100)))
    only(found, "whole_shares")
    assert (found.model, found.causes["whole_shares"]) == (Decimal("504.00"), Decimal("-4.00"))


def test_closes_other_than_the_prices_of_the_evening_are_the_timing(tmp_path: Path) -> None:
    found = second(two_evenings(one(tmp_path, SPY=100)), changes={SPY: 0.03})
    only(found, "timing")
    assert (found.model, found.causes["timing"]) == (Decimal("1500.00"), Decimal("-1000.00"))


def test_another_decision_by_the_closes_and_a_session_without_a_run(tmp_path: Path) -> None:
    stage = two_evenings(one(tmp_path, SPY=100))
    found = second(stage, weights={GLD: 1.0}, changes={SPY: 0.01, GLD: 0.02})
    only(found, "decision")
    assert (found.model, found.causes["decision"]) == (Decimal("1000.00"), Decimal("-500.00"))
    found = second(stage, growth=1.05, changes={SPY: 0.01})
    only(found, "missed")
    assert found.causes["missed"] == Decimal("-2000.00")


def test_an_order_filled_in_part_is_missed(tmp_path: Path) -> None:
    stage = one(tmp_path, SPY=100)
    stage.script = Script({("buy", SPY): ScriptedFault(fills_at_most=Decimal(40))})
    found = second(two_evenings(stage))
    only(found, "missed")
    assert found.causes["missed"] == Decimal("-300.00")  # 60 shares, 5 USD


def test_fees_and_a_cap(tmp_path: Path) -> None:
    """1 % of the account stays in cash, and the bot's order costs 0.35 USD."""
    stage = one(tmp_path, 100_000, SPY=100)
    stage.commission = Decimal("0.35")
    first, day = (shortfall(each, ModelDay()) for each in evenings(two_evenings(stage), "A"))
    only(first, "fees")
    assert (first.live, first.money) == (Decimal("-0.35"), NONE)
    assert day.causes["netting"] == Decimal("-10.00")
    assert day.causes["unexplained"] == NONE


def test_the_spread_is_paid_where_something_is_traded(tmp_path: Path) -> None:
    """Bought at the ask, 0.10 USD above the price that the broker values 100 shares at."""
    stage = one(tmp_path, SPY=100)
    stage.market = Spread(stage.market.prices, stage.clock)
    first, day = (shortfall(each, ModelDay()) for each in evenings(two_evenings(stage), "A"))
    assert first.causes["slippage"] < NONE
    only(first, "slippage")
    assert day.causes["unexplained"] == NONE


class Spread(StageMarket):
    def _snapshot(self, name: Symbol, price: Decimal) -> Snapshot:
        shown = super()._snapshot(name, price)
        quote = Quote(price - Decimal("0.10"), price + Decimal("0.10"), self.clock.now())
        return replace(shown, quote=quote)


def test_a_pair_that_is_netted_gives_both_bots_less_than_they_wanted(tmp_path: Path) -> None:
    """A wants SPY for 40,000 USD and B its inverse for 20,000: nobody gets SH, and A half of its SPY."""
    bots = {"A": (mix(SPY=100), dollars("A", 40_000)), "B": (mix(SH=100), dollars("B", 20_000))}
    stage = two_evenings(Stage(tmp_path, bots, trading=Trading(paired_tickers=((SPY, SH),))))
    for bot in bots:
        found = shortfall(evenings(stage, bot)[1], ModelDay(changes={SPY: 0.01, SH: -0.01}))
        assert found.causes["netting"] != NONE
        assert found.causes["unexplained"] == NONE
        assert found.model + sum(found.causes.values()) == found.live


def test_a_bot_that_could_not_decide_is_compared_with_its_back_test(tmp_path: Path) -> None:
    day = evenings(two_evenings(one(tmp_path, SPY=100)), "A")[1]
    found = shortfall(replace(day, wanted=None), ModelDay(weights={GLD: 1.0}, changes={SPY: 0.01, GLD: 0.02}))
    assert (found.model, found.causes["missed"]) == (Decimal("1000.00"), Decimal("-1000.00"))
    assert found.causes["netting"] == Decimal("500.00")  # what it held all the same


def test_a_split_between_two_evenings_is_no_gain(tmp_path: Path) -> None:
    def split(stage: Stage) -> None:
        broker = stage.broker()
        broker.change_position(GLD, Decimal(200))
        broker.close()
        stage.market.prices[GLD] = Decimal("100.00")
        stage.market.announced = (CorporateAction(GLD, DAYS[1], "split", Decimal(2), words="2 for 1 split"),)

    found = second(two_evenings(one(tmp_path, 40_200, GLD=100), split))
    assert found.causes["unexplained"] == NONE
    assert found.live == Decimal("-200.00")
    only(found)


def test_the_largest_causes_come_first_and_what_is_0_is_left_out() -> None:
    day = Shortfall(
        DAYS[0], NONE, NONE, NONE, {**dict.fromkeys(CAUSES, NONE), "fees": Decimal(-3), "timing": Decimal(5)}
    )
    assert largest(totals([day, day])) == ["timing", "fees"]


@pytest.mark.parametrize("paid", [0.0, 0.004])
def test_a_dividend_counts_on_its_ex_date_in_the_model_and_when_it_is_booked_in_the_book(
    tmp_path: Path, paid: float
) -> None:
    found = second(two_evenings(one(tmp_path, SPY=100)), changes={SPY: 0.01 + paid}, dividends={SPY: paid})
    assert found.causes["dividends"] == round(-50_000 * Decimal(paid), 2)
    assert found.causes["timing"] == NONE


def test_a_dividend_is_the_part_of_the_adjusted_close_that_its_price_lacks(tmp_path: Path) -> None:
    """5 USD of 500: a price that fell to 495 has not moved, which its adjusted close shows."""
    day = evenings(two_evenings(one(tmp_path, SPY=100)), "A")[1]
    paid = CorporateAction(SPY, DAYS[1], "dividend", dollars=Decimal(5), words="")
    before = replace(paid, day=DAYS[0])
    unknown = replace(paid, symbol=GLD)
    assert dividend_parts(day, (paid, before, unknown), {SPY: 0.0}) == {SPY: pytest.approx(0.01)}
