"""Splits and renames since the last record, at the start of a run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from stage import DAYS, GLD, SPY, Stage, StageMarket, hold, mix, percent, session_of

from rebalancer.errors import SourceError
from rebalancer.events import Holding, HoldingsRead
from rebalancer.journal import read
from rebalancer.journal.dry_run import DryRunJournal
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Account, CorporateAction, Position, Reserve, RunId, Symbol
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog
from rebalancer.trading.corporate_actions import restate_ledger

NVDA, FB, META = map(Symbol, ("NVDA", "FB", "META"))
BEFORE, TODAY, LATER = DAYS[:3]
SPLIT = CorporateAction(NVDA, TODAY, "split", ratio=Decimal(10), words=f"10 for 1 split of {TODAY}")
RENAME = CorporateAction(FB, TODAY, "rename", renamed=META, words=f"rename to META of {TODAY}")


def of(**quantities: int) -> dict[Symbol, Decimal]:
    return {Symbol(name): Decimal(quantity) for name, quantity in quantities.items()}


def shown(**quantities: int) -> tuple[Position, ...]:
    return tuple(Position(symbol, quantity, quantity * 100) for symbol, quantity in of(**quantities).items())


def start(stage: Stage, journal: SqliteJournal, day: date) -> tuple[RunContext, RunLog]:
    context = stage.on(day).context(stage.broker(), journal)
    run = journal.start_run(stage.request(force=True))
    assert isinstance(run, int)
    return context, RunLog(context, RunId(run), session_of(day))


@contextmanager
def evening_after(stage: Stage, **recorded: int) -> Iterator[tuple[RunContext, RunLog]]:
    """The start of today's run; the one before recorded these shares, all of them ours."""
    with SqliteJournal.open(stage.journal_file) as journal:
        context, log = start(stage, journal, BEFORE)
        record(context, log, **recorded)
        yield start(stage, journal, TODAY)


def record(context: RunContext, log: RunLog, **quantities: int) -> None:
    zero = Decimal(0)
    log.write(
        HoldingsRead(
            at=log.now(),
            phase="start",
            account=Account("1", zero, zero, zero, context.clock.now()),
            holdings=tuple(Holding(symbol, count, count, zero) for symbol, count in of(**quantities).items()),
            reserve=zero,
            others_value=zero,
            investable=zero,
        )
    )


def notes(stage: Stage) -> list[str]:
    return [remark.text for remark in stage.record().remarks]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, {"A": (hold(SPY), percent("A", 100))})


def test_a_split_restates_our_shares_with_a_note(stage: Stage) -> None:
    stage.market.announced = (SPLIT,)
    with evening_after(stage, NVDA=12) as (context, log):
        ledger = restate_ledger(context, log, shown(NVDA=120))

        assert ledger == context.journal.ledger("demo") == Ledger(of(NVDA=120), of(NVDA=120), BEFORE, {NVDA: TODAY})
    assert notes(stage) == [f"NVDA: 10 for 1 split of {TODAY}: our 12 shares are 120 now"]


def test_a_rename_moves_our_shares_to_the_new_name(stage: Stage) -> None:
    stage.market.announced = (RENAME,)
    with evening_after(stage, FB=12) as (context, log):
        ledger = restate_ledger(context, log, shown(META=12))

        assert ledger == Ledger(of(META=12), of(META=12), BEFORE, {FB: TODAY, META: TODAY})
    assert notes(stage) == [
        f"FB: rename to META of {TODAY}",
        f"META: was FB (rename to META of {TODAY}): our 12 shares are 12 now",
    ]


def test_a_difference_that_no_announcement_explains_is_not_restated(stage: Stage) -> None:
    stage.market.announced = (SPLIT,)
    with evening_after(stage, NVDA=12) as (context, log):
        assert restate_ledger(context, log, shown(NVDA=119)) == Ledger(of(NVDA=12), of(NVDA=12), recorded=BEFORE)
    assert notes(stage) == []


def test_once_restated_the_same_split_is_not_applied_again(stage: Stage) -> None:
    stage.market.announced = (SPLIT,)
    with evening_after(stage, NVDA=12) as (context, log):
        first = restate_ledger(context, log, shown(NVDA=120))

        assert restate_ledger(context, log, shown(NVDA=120)) == first
        record(context, log, NVDA=120)
        assert restate_ledger(context, log, shown(NVDA=1200)).ours == of(NVDA=120)
    assert len(notes(stage)) == 1


class UnreadableAnnouncements(StageMarket):
    """A history whose announcements can't be read."""

    def actions(self, symbols: Sequence[Symbol], first: date, last: date) -> tuple[CorporateAction, ...]:
        raise SourceError(f"no announcements for {', '.join(symbols)} from {first} to {last}")


def silent(stage: Stage) -> UnreadableAnnouncements:
    return UnreadableAnnouncements(stage.market.prices, stage.clock)


def test_announcements_since_the_last_record_are_read_for_changed_symbols_only(stage: Stage) -> None:
    with evening_after(stage, NVDA=12, SPY=7) as (context, log):
        mute = replace(context, history=silent(stage))

        with pytest.raises(SourceError, match=f"for GLD, NVDA from {BEFORE} to {TODAY}"):
            restate_ledger(mute, log, shown(NVDA=120, SPY=7, GLD=1))


def test_announcements_are_not_read_where_all_positions_are_as_expected(stage: Stage) -> None:
    with evening_after(stage, NVDA=12) as (context, log):
        assert restate_ledger(replace(context, history=silent(stage)), log, shown(NVDA=12)).ours == of(NVDA=12)


def test_an_account_without_a_record_has_nothing_to_restate(stage: Stage) -> None:
    with SqliteJournal.open(stage.journal_file) as journal:
        context, log = start(stage, journal, TODAY)
        assert restate_ledger(replace(context, history=silent(stage)), log, shown(NVDA=12)) == Ledger({}, None)


def test_a_second_run_of_the_session_reads_no_announcements_while_nothing_changed(stage: Stage) -> None:
    with evening_after(stage, NVDA=12) as (context, log):
        record(context, log, NVDA=12)

        ledger = restate_ledger(replace(context, history=silent(stage)), log, shown(NVDA=12))

        assert ledger == Ledger(of(NVDA=12), of(NVDA=12), recorded=TODAY)


def test_a_split_booked_between_two_runs_of_its_session_restates_in_the_second(stage: Stage) -> None:
    stage.market.announced = (SPLIT,)
    with evening_after(stage, NVDA=12) as (context, log):
        record(context, log, NVDA=12)

        assert restate_ledger(context, log, shown(NVDA=120)).ours == of(NVDA=120)


# ------------------------------------------------------------------------------------------------ complete runs


@pytest.fixture
def split_overnight(stage: Stage) -> Stage:
    """198 SPY were bought at 500 dollars; 2 for 1 overnight."""
    stage.run()
    broker = stage.on(TODAY).broker()
    broker.change_position(SPY, Decimal(198))
    broker.close()
    stage.market.prices[SPY] = Decimal(250)
    stage.market.announced = (
        CorporateAction(SPY, TODAY, "split", ratio=Decimal(2), words=f"2 for 1 split of {TODAY}"),
    )
    return stage


def test_all_shares_can_be_sold_on_the_evening_of_their_split(split_overnight: Stage) -> None:
    split_overnight.bots = {"A": (hold(GLD), percent("A", 100))}

    split_overnight.run()

    assert SPY not in split_overnight.shares()
    assert f"SPY: 2 for 1 split of {TODAY}: our 198 shares are 396 now" in notes(split_overnight)


def test_an_evening_that_could_not_read_the_announcements_leaves_the_split_to_the_next_try(
    split_overnight: Stage,
) -> None:
    stage, market = split_overnight, split_overnight.market
    stage.market = silent(stage)
    with pytest.raises(SourceError, match="no announcements for SPY"):
        stage.run()
    assert stage.record().holdings == ()

    stage.market = market
    stage.run()

    assert f"SPY: 2 for 1 split of {TODAY}: our 198 shares are 396 now" in notes(stage)
    assert stage.record().orders == ()


# --------------------------------------------------------------------------------------- unbooked splits

UNBOOKED = f"SPY: the broker's quantity shows no 2 for 1 split of {TODAY} yet: neither bought nor sold tonight"


@pytest.fixture
def unbooked_split(stage: Stage) -> Stage:
    """100 SPY were bought at 500 dollars, half of the account; 2 for 1 overnight, so far only in the price."""
    stage.bots = {"A": (mix(SPY=50), percent("A", 100))}
    stage.reserve = Reserve("dollars", Decimal(0))
    stage.run()
    stage.on(TODAY).market.prices[SPY] = Decimal(250)
    stage.market.announced = (
        CorporateAction(SPY, TODAY, "split", ratio=Decimal(2), words=f"2 for 1 split of {TODAY}"),
    )
    assert stage.shares() == {SPY: 100}
    return stage


def book_the_split(stage: Stage) -> None:
    broker = stage.broker()
    broker.change_position(SPY, Decimal(100))
    broker.close()


def dry_run(stage: Stage) -> read.RunRecord:
    """What a dry run tonight would do."""
    file = stage.folder / "dry" / "journal.sqlite"
    with SqliteJournal.open(file) as own:
        stage.journal_proxy = lambda books: DryRunJournal(own, books)
        stage.run(force=True)
    return read.run(file, None)


def test_an_unbooked_split_causes_no_buy(unbooked_split: Stage) -> None:
    unbooked_split.run()

    assert unbooked_split.record().orders == ()
    assert UNBOOKED in notes(unbooked_split)


def test_an_unbooked_split_causes_no_full_exit(unbooked_split: Stage) -> None:
    unbooked_split.bots = {"A": (mix(), percent("A", 100))}

    unbooked_split.run()

    assert unbooked_split.shares() == {SPY: 100}


def test_an_unbooked_split_stops_trades_sized_by_the_wrong_account_value(unbooked_split: Stage) -> None:
    unbooked_split.bots = {"A": (mix(SPY=50, GLD=40), percent("A", 100))}

    unbooked_split.run()

    assert unbooked_split.record().orders == ()
    plan = unbooked_split.record().plan
    assert plan is not None
    (line,) = (trade for trade in plan.trades if trade.symbol == GLD)
    assert "the account's value is not the true one while SPY waits for its split" in line.why


def test_a_split_booked_on_its_day_restates_and_trades(unbooked_split: Stage) -> None:
    book_the_split(unbooked_split)
    unbooked_split.bots = {"A": (mix(SPY=25), percent("A", 100))}

    unbooked_split.run()

    assert unbooked_split.shares() == {SPY: 100}
    assert UNBOOKED not in notes(unbooked_split)


def test_a_split_booked_a_day_late_restates_and_trades_on_the_next_evening(unbooked_split: Stage) -> None:
    unbooked_split.run()
    book_the_split(unbooked_split.on(LATER))
    unbooked_split.bots = {"A": (mix(SPY=25), percent("A", 100))}

    unbooked_split.run()

    assert f"SPY: 2 for 1 split of {TODAY}: our 100 shares are 200 now" in notes(unbooked_split)
    assert unbooked_split.shares() == {SPY: 100}


def test_a_split_that_is_unbooked_after_a_day_is_still_awaited(unbooked_split: Stage) -> None:
    unbooked_split.run()
    unbooked_split.on(LATER).run()

    assert unbooked_split.record().orders == ()
    assert UNBOOKED in notes(unbooked_split)


def test_a_second_run_after_the_restatement_trades_as_usual(unbooked_split: Stage) -> None:
    book_the_split(unbooked_split)
    unbooked_split.run()
    unbooked_split.bots = {"A": (mix(SPY=25), percent("A", 100))}

    unbooked_split.run(force=True)

    assert unbooked_split.shares() == {SPY: 100}


def test_a_first_buy_on_the_day_of_a_split_is_sent(unbooked_split: Stage) -> None:
    unbooked_split.market.announced = (CorporateAction(GLD, TODAY, "split", ratio=Decimal(2)),)
    unbooked_split.bots = {"A": (mix(GLD=25, SPY=25), percent("A", 100))}

    unbooked_split.run()

    assert unbooked_split.shares()[GLD] > 0


def test_a_first_evening_waits_for_no_split(stage: Stage) -> None:
    stage.market.announced = (CorporateAction(SPY, BEFORE, "split", ratio=Decimal(2)),)

    stage.run()

    assert stage.shares()[SPY] > 0


def test_a_dry_run_does_not_trade_an_unbooked_split_and_does_once_it_is_booked(unbooked_split: Stage) -> None:
    unbooked_split.bots = {"A": (mix(SPY=25), percent("A", 100))}
    dry = dry_run(unbooked_split)
    assert dry.orders == ()
    assert UNBOOKED in [remark.text for remark in dry.remarks]

    book_the_split(unbooked_split)
    dry = dry_run(unbooked_split)

    assert [(order.symbol, order.side, order.quantity) for order in dry.orders] == [(SPY, "sell", 100)]
