"""Positions that changed overnight without an announcement stay unexplained until a split is announced or a
person decides.
"""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from stage import DAYS, GLD, SPY, TLT, Stage, mix, percent

from rebalancer.events import Adopted
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import NO_RUN, CorporateAction, Reserve, Symbol, Trading

TODAY, LATER = DAYS[1], DAYS[2]
NEW = Symbol("NEW")
SPLIT = CorporateAction(SPY, TODAY, "split", ratio=Decimal(2), words=f"2 for 1 split of {TODAY}")
RENAME = CorporateAction(SPY, TODAY, "rename", renamed=NEW, words=f"rename to NEW of {TODAY}")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """100 SPY were bought at 500 dollars and 243 GLD at 201, about half of the account each."""
    stage = Stage(tmp_path, {"A": (mix(SPY=50, GLD=49), percent("A", 100))})
    stage.reserve = Reserve("dollars", Decimal(0))
    stage.run()
    assert stage.shares() == {SPY: 100, GLD: 243}
    stage.on(TODAY)
    return stage


def by_hand(stage: Stage, symbol: Symbol, shares: int) -> None:
    broker = stage.broker()
    broker.change_position(symbol, Decimal(shares))
    broker.close()


def split_unannounced(stage: Stage) -> Stage:
    by_hand(stage, SPY, 100)
    stage.market.prices[SPY] = Decimal(250)
    return stage


def announce(stage: Stage, *actions: CorporateAction) -> None:
    stage.market.announced = actions


def evening(stage: Stage, day: date) -> None:
    stage.on(day).run()


def notes(stage: Stage) -> str:
    return "\n".join(remark.text for remark in stage.record().remarks)


def ours(stage: Stage) -> dict[Symbol, Decimal]:
    with SqliteJournal.open(stage.journal_file) as journal:
        return dict(journal.ledger("demo").ours)


def orders(stage: Stage) -> list[tuple[Symbol, str]]:
    return [(order.symbol, order.side) for order in stage.record().orders]


def test_a_split_announced_a_day_late_is_restated_on_that_day(stage: Stage) -> None:
    split_unannounced(stage).run()
    assert orders(stage) == []
    assert "SPY: left alone until a split or rename is announced, or until 2024-04-04" in notes(stage)

    announce(stage, SPLIT)
    evening(stage, LATER)

    assert f"SPY: 2 for 1 split of {TODAY}: our 100 shares are 200 now" in notes(stage)
    assert ours(stage)[SPY] == 200


@pytest.mark.parametrize(("days", "shares"), [(30, 200), (34, 100)])
def test_a_split_is_restated_up_to_thirty_days_late_then_a_person_must_decide(
    stage: Stage, days: int, shares: int
) -> None:
    split_unannounced(stage).run()
    evening(stage, LATER)
    announce(stage, SPLIT)

    evening(stage, TODAY + timedelta(days=days))

    assert ours(stage)[SPY] == shares
    asked = f"SPY: nothing announced in 30 days from {TODAY} explains it, so you must say whose it is: `rebalance adopt"
    assert (asked in notes(stage)) == (shares == 100)


def test_an_unexplained_difference_is_reported_every_evening_and_causes_no_trade(stage: Stage) -> None:
    split_unannounced(stage)
    stage.bots = {"A": (mix(SPY=20, GLD=49), percent("A", 100))}

    for day in DAYS[1:4]:
        evening(stage, day)

        assert orders(stage) == []
        assert "the broker shows 200 shares, 100 were expected" in notes(stage)
        assert "another hand" not in stage.record().run.reason


def test_a_symbol_traded_by_hand_is_not_traded_for_one_evening_only(stage: Stage) -> None:
    by_hand(stage, GLD, 1)
    stage.bots = {"A": (mix(SPY=50), percent("A", 100))}
    stage.run()
    assert orders(stage) == []

    evening(stage, LATER)

    assert orders(stage) == [(GLD, "sell")]
    assert stage.shares() == {SPY: 100, GLD: 1}


def test_an_unexplained_change_of_shares_that_are_not_ours_is_accepted_at_once(stage: Stage) -> None:
    by_hand(stage, TLT, 10)
    stage.run()
    by_hand(stage, TLT, 10)
    evening(stage, LATER)

    assert "TLT: left alone until" not in notes(stage)


def test_a_difference_that_disappears_is_closed(stage: Stage) -> None:
    by_hand(stage, SPY, 100)
    stage.run()
    by_hand(stage, SPY, -100)
    stage.bots = {"A": (mix(GLD=49), percent("A", 100))}

    evening(stage, LATER)

    assert orders(stage) == [(SPY, "sell")]


def test_an_unexplained_difference_stays_open_also_where_the_whole_account_is_managed(stage: Stage) -> None:
    stage.trading = Trading(manage="account", fallback_ticker=None)
    stage.bots = {"A": (mix(GLD=49), percent("A", 100))}
    split_unannounced(stage).run()
    evening(stage, LATER)

    assert orders(stage) == []
    assert stage.shares()[SPY] == 200


def test_a_rename_announced_late_is_restated_and_causes_no_sell_before(stage: Stage) -> None:
    by_hand(stage, SPY, -100)
    stage.market.prices[NEW] = stage.market.prices.pop(SPY)
    by_hand(stage, NEW, 100)
    stage.run()
    assert orders(stage) == []

    announce(stage, RENAME)
    evening(stage, LATER)

    assert f"NEW: was SPY (rename to NEW of {TODAY}): our 100 shares are 100 now" in notes(stage)


# ------------------------------------------------------------------------------------------- settled by a person


def settle(stage: Stage, quantity: int, expected: int) -> None:
    with SqliteJournal.open(stage.journal_file) as journal:
        event = Adopted(stage.clock.now(), "demo", SPY, Decimal(quantity), Decimal(0), Decimal(expected))
        journal.record(NO_RUN, event)


def test_adopted_shares_are_traded_from_the_next_evening(stage: Stage) -> None:
    split_unannounced(stage).run()
    settle(stage, 100, 200)
    stage.bots = {"A": (mix(GLD=49), percent("A", 100))}

    evening(stage, LATER)

    assert (SPY, "sell") in orders(stage)
    assert SPY not in stage.shares()


def test_settling_a_manual_trade_leaves_the_bots_shares_unchanged(stage: Stage) -> None:
    split_unannounced(stage).run()
    settle(stage, 0, 200)
    stage.bots = {"A": (mix(GLD=49), percent("A", 100))}

    evening(stage, LATER)

    assert stage.shares()[SPY] == 100


def test_after_settling_fewer_shares_than_before_all_are_the_bots(stage: Stage) -> None:
    by_hand(stage, SPY, -50)
    stage.run()
    assert ours(stage)[SPY] == 100

    settle(stage, 0, 50)

    assert ours(stage)[SPY] == 50
