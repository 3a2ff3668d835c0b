"""What a plan was made from is kept while the run goes on, and whatever becomes of that, the run does not notice."""

import sqlite3
from dataclasses import replace

import pytest
from lab.order_checks import Violation
from lab.replay_checks import require_same_plan
from stage import GLD, SGOV, SH, SPY, TLT, Stage, mix, one_bot, percent

from rebalancer.app import replay
from rebalancer.app.past_run import from_journal
from rebalancer.app.plan_recording import PlanRecorder, circumstances
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.tree import Asset, Chart, Place
from rebalancer.errors import RunFailedError
from rebalancer.journal import input_store
from rebalancer.journal.connection import reading
from rebalancer.journal.input_store import inputs_file
from rebalancer.model import RunId, Trading

RUN = RunId(1)


class Kept(Stage):
    """A stage that hands over what its plans are made from."""

    keep = staticmethod(lambda inputs, closes: None)

    def context(self, broker, journal):
        return replace(super().context(broker, journal), keep=self.keep)


def kept_stage(folder, keep, **percents):
    stage = Kept(folder, {"A": (mix(**percents), percent("A", 100))})
    stage.keep = keep
    return stage


def lines(stage):
    with reading(stage.journal_file) as journal:
        return [tuple(row) for row in journal.execute("SELECT seq, run, at, kind, body, hash FROM events")]


def taken(folder, **stage):
    found = []
    kept = Kept(folder, **stage)
    kept.keep = lambda inputs, closes: found.append((inputs, closes))
    kept.run()
    (only,) = found
    return kept, only


def test_the_journal_is_the_same_bit_for_bit_whether_something_is_kept_or_not(tmp_path):
    """Orders, ids, events and the chain of hashes."""
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    without = one_bot(tmp_path / "without", SPY=60, SH=30)
    without.run()
    keeper = PlanRecorder(tmp_path / "with" / "journal.sqlite", RUN, {})
    kept = kept_stage(tmp_path / "with", keeper.take, SPY=60, SH=30)
    kept.run()
    assert keeper.trouble() is None
    assert inputs_file(kept.journal_file).exists()
    assert lines(kept) == lines(without)


def test_a_run_that_is_killed_at_its_first_order_can_be_replayed(tmp_path):
    class Killed(BaseException):
        """No error of a program."""

    class Dying:
        def __init__(self, broker):
            self._broker = broker

        def __getattr__(self, name):
            return getattr(self._broker, name)

        def submit(self, order):
            raise Killed

    keeper = PlanRecorder(tmp_path / "journal.sqlite", RUN, {})
    stage = kept_stage(tmp_path, keeper.take, SPY=60)
    stage.broker_proxy = Dying
    with pytest.raises(Killed):
        stage.run()
    assert keeper.trouble() is None
    with reading(stage.journal_file) as journal:
        assert journal.execute("SELECT status FROM runs").fetchone()[0] == "running"
    line = _line(stage)
    assert input_store.kept_run(inputs_file(stage.journal_file), RUN, line) is not None


def _line(stage):
    with reading(stage.journal_file) as journal:
        return journal.execute("SELECT hash FROM events WHERE kind = 'PlanMade'").fetchone()[0]


def test_without_a_plan_there_is_nothing_to_keep_and_nothing_to_say(tmp_path):
    assert PlanRecorder(tmp_path / "journal.sqlite", RUN, {}).trouble() is None


def test_a_disk_that_does_not_answer_is_said_and_not_waited_for(tmp_path):
    """The journal is a database that somebody else has locked for themselves."""
    stage, (inputs, closes) = taken(tmp_path, bots={"A": (mix(SPY=60), percent("A", 100))})
    file = inputs_file(stage.journal_file)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    keeper = PlanRecorder(stage.journal_file, RUN, {})
    keeper.take(inputs, closes)
    assert "so that it can't be replayed: it is still being written" in keeper.trouble(seconds=0)
    holder.execute("ROLLBACK")
    holder.close()
    assert keeper.trouble() is None


def test_what_is_kept_never_takes_the_room_that_the_journal_needs(tmp_path):
    _, (inputs, closes) = taken(tmp_path, bots={"A": (mix(SPY=60), percent("A", 100))})
    file = tmp_path / "kept"
    with pytest.raises(RunFailedError, match="are left to the journal: free some space"):
        input_store.keep(file, RUN, "line", circumstances({}), inputs, closes, least_free=10**18)
    assert not file.exists()


def test_whatever_can_not_be_written_is_a_sentence(tmp_path):
    stage, (inputs, _) = taken(tmp_path, bots={"A": (mix(SPY=60), percent("A", 100))})
    keeper = PlanRecorder(stage.journal_file, RUN, {})
    keeper.take(inputs, None)
    assert "unexpected error, AttributeError in rebalancer.journal.close_blocks" in keeper.trouble()


@pytest.mark.parametrize(
    "trading",
    [
        Trading(fallback_ticker=SGOV, rounding="closest"),
        Trading(fallback_ticker=SGOV, paired_tickers=((SPY, SH),), protected=(GLD,)),
        Trading(fallback_ticker=None, manage="account"),
    ],
    ids=["closest", "pairs", "all"],
)
def test_the_same_plan_comes_out_whatever_the_settings(tmp_path, trading):
    bots = {"A": (mix(SPY=50, TLT=30), percent("A", 60)), "B": (mix(SH=70, GLD=30), percent("B", 40))}
    stage, (inputs, closes) = taken(tmp_path, bots=bots, trading=trading)
    with reading(stage.journal_file) as journal:
        require_same_plan(journal, _bots(bots), inputs, closes)


def test_another_input_makes_another_plan(tmp_path):
    bots = {"A": (mix(SPY=50, TLT=30), percent("A", 60))}
    stage, (inputs, closes) = taken(tmp_path, bots=bots)
    other = {"A": FlowchartBot.of(Chart("A", Asset(TLT, Place(None, "chart"))))}
    with reading(stage.journal_file) as journal, pytest.raises(Violation, match="P1"):
        require_same_plan(journal, other, inputs, closes)


def test_a_bot_that_this_version_refuses_is_named(tmp_path):
    stage, (inputs, closes) = taken(
        tmp_path, bots={"A": (mix(SPY=60), percent("A", 100))}, bot_files={"bot A": b"no bot"}
    )
    keeper = PlanRecorder(stage.journal_file, RUN, {"A": tmp_path / "a.json"})
    keeper.take(inputs, closes)
    assert keeper.trouble() is None
    found = replay.replay(from_journal(stage.journal_file))
    assert not found.equal
    assert any("a.json" in each.now_value for each in found.divergences)


def _bots(bots):
    return {name: FlowchartBot.of(Chart(name, node)) for name, (node, _) in bots.items()}
