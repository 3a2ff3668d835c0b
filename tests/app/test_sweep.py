"""A sweep from its spec to its answer: resumed, counted, and the same whoever computes it."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from sweeps import BOND, BOT, TOP, WINDOW, Backwards, Counting, Losing, settings, swept, write

from rebalancer.app.bot_files import load_bots
from rebalancer.app.pool import Pool
from rebalancer.app.research import backtest
from rebalancer.app.sweep_plan import chunks
from rebalancer.backtest.metrics import daily_returns, sharpe
from rebalancer.errors import BadInputError, EndedError, RunFailedError


def test_all_combinations_are_tried_and_ranked(tmp_path):
    found = swept(tmp_path)
    assert (found.planned, found.computed, found.known, found.unfinished, found.exit_code) == (6, 6, 0, 0, 0)
    assert sorted(tuple(each.values.values()) for each in found.ranking.trials) == [
        (window, bond) for window in (100, 150, 200) for bond in ("BND", "TLT")
    ]


def test_a_variant_is_back_tested_as_its_file_would_be(tmp_path):
    spec = write(tmp_path, TOP + "cost_bps = 7\n")
    (best, *_) = swept(tmp_path, spec).ranking.trials
    bot = json.loads(json.dumps(BOT))
    bot["chart"]["if"]["right"]["moving-average-price"]["window"] = best.values["window"]
    bot["chart"]["else"]["asset"] = best.values["bond"]
    (tmp_path / "best.json").write_text(json.dumps(bot))
    track = backtest(settings(), [str(tmp_path / "best.json")], first=spec.first, cost_bps=7).tracks[0]
    assert best.sharpe == pytest.approx(sharpe(daily_returns(track.result.equity)), rel=1e-9)


def test_a_second_sweep_computes_nothing_and_says_the_same(tmp_path):
    first, counting = swept(tmp_path), Counting()
    second = swept(tmp_path, executor=counting)
    assert counting.parts == []
    assert (second.computed, second.known) == (0, 6)
    assert second.ranking == first.ranking


@pytest.mark.posix
def test_who_computes_changes_no_bit(tmp_path):
    serial = swept(tmp_path).ranking
    assert swept(tmp_path, store="backwards", executor=Backwards()).ranking == serial
    assert swept(tmp_path, store="pool", executor=Pool(2)).ranking == serial
    assert swept(tmp_path, store="one", workers=1).ranking == serial


def test_ctrl_c_keeps_what_was_done_and_the_same_command_goes_on(tmp_path):
    with pytest.raises(EndedError, match=r"2 of 6 variants are in .*store.sqlite, and the same command goes on"):
        swept(tmp_path, executor=Counting(most=2))
    rest = Counting()
    found = swept(tmp_path, executor=rest)
    assert (found.known, found.computed, len(rest.parts)) == (2, 4, 4)
    assert found.ranking == swept(tmp_path, store="at once").ranking


def test_a_fault_of_the_program_loses_the_chunk_in_flight_alone(tmp_path):
    with pytest.raises(ZeroDivisionError):
        swept(tmp_path, executor=Counting(most=3, error=ZeroDivisionError()))
    assert swept(tmp_path).known == 3


def test_a_variant_that_ends_its_worker_fails_and_is_tried_again_next_time(tmp_path):
    found = swept(tmp_path, executor=Losing([(1, 0)]))
    (lost,) = found.failed
    assert lost.values == {"window": 150, "bond": "BND"}
    assert lost.why == "not computed, twice: its process was ended by SIGKILL"
    assert (found.exit_code, len(found.ranking.trials)) == (3, 5)
    assert found.ranking.deflation.tried == 6
    again = swept(tmp_path)
    assert (again.known, again.computed, again.exit_code) == (5, 1, 0)


def test_the_spec_s_minutes_end_it_and_the_same_command_goes_on(tmp_path):
    found = swept(tmp_path, write(tmp_path, TOP + "minutes = 0.00000001\n"))
    assert (found.computed, found.unfinished, found.exit_code) == (1, 5, 3)
    assert "5 of 6 variants are not tried yet" in " ".join(found.notes)
    assert swept(tmp_path).known == 1


def test_earlier_sweeps_on_the_same_prices_count_as_tried(tmp_path):
    swept(tmp_path)
    wider = write(tmp_path, parameters=WINDOW.replace("200]", "200, 250]") + BOND)
    assert swept(tmp_path, wider).known == 6
    narrow = swept(tmp_path, write(tmp_path, parameters=WINDOW)).ranking.deflation
    # With BND for bonds, all three are variants of the wider sweep: five others were tried.
    assert (narrow.tried, narrow.earlier) == (11, 8)


def test_the_same_variant_on_more_days_is_no_other_try(tmp_path):
    swept(tmp_path, write(tmp_path, TOP + "to = 2015-01-02\n"))
    longer = swept(tmp_path)
    assert (longer.known, longer.computed, longer.ranking.deflation.earlier) == (0, 6, 0)


def test_other_tickers_and_other_days_are_other_data(tmp_path):
    swept(tmp_path, write(tmp_path, 'bot = "average.json"\nto = 2010-01-04\nblocks = 4\n', WINDOW))
    spec = write(tmp_path, 'bot = "average.json"\nblocks = 4\n', WINDOW)
    assert swept(tmp_path, spec).ranking.deflation.earlier == 0  # the same variants
    (tmp_path / "average.json").write_text(json.dumps(BOT).replace("SPY", "EFA").replace("BND", "EEM"))
    assert swept(tmp_path, spec).ranking.deflation.earlier == 0
    (tmp_path / "average.json").write_text(json.dumps(BOT).replace("SPY", "EFA"))
    assert swept(tmp_path, spec).ranking.deflation.earlier == 6


def test_other_costs_and_another_bot_are_computed_anew(tmp_path):
    swept(tmp_path)
    assert swept(tmp_path, write(tmp_path, TOP + "cost_bps = 1\n")).known == 0
    spec = write(tmp_path)
    (tmp_path / "average.json").write_text(json.dumps(BOT).replace('"gt"', '"gte"'))
    assert swept(tmp_path, spec).known == 0


def test_the_bot_s_own_value_at_a_place_that_varies_changes_nothing(tmp_path):
    spec = write(tmp_path)
    swept(tmp_path, spec)
    (tmp_path / "average.json").write_text(json.dumps(BOT).replace("200", "180"))
    assert swept(tmp_path, spec).known == 6


def test_a_variant_that_can_not_be_back_tested_is_told_and_counts(tmp_path):
    found = swept(tmp_path, write(tmp_path, parameters=WINDOW.replace("100,", "3000,") + BOND))
    assert len(found.failed) == 2
    assert "not everything that the bots may need exists" in found.failed[0].why
    assert (found.exit_code, found.ranking.deflation.tried) == (3, 6)
    assert "2 variants can't be back-tested" in " ".join(found.notes)


def test_nothing_to_rank_is_exit_code_4(tmp_path):
    found = swept(tmp_path, write(tmp_path, 'bot = "average.json"\nfrom = 2016-06-25\n'))
    assert (found.exit_code, found.ranking) == (4, None)
    assert "fewer than 20 sessions in common" in found.notes[-1]


@pytest.mark.parametrize(
    ("top", "parameters", "said"),
    [
        ('bot = "nobody"\n', WINDOW, "spec.toml, line 1: bot: 'nobody' is no file and no bot"),
        (TOP, WINDOW.replace("if.right", "if.write"), "line 5: parameters.window.at: 'chart.if.write"),
        (TOP, WINDOW.replace("100", "0"), "line 6: parameters.window.values: the bot does not take 0: "),
        (TOP, BOND.replace("TLT", "NOPE"), "line 6: parameters.bond.values: there is no price of NOPE"),
        (TOP, WINDOW + WINDOW.replace("window]", "other]"), "parameters.other.at: the parameter window has one of"),
        (TOP + "to = 2001-01-01\n", WINDOW, "after from"),
        ('bot = "average.json"\nto = 2001-01-01\n', WINDOW, "line 2: to: there are no closes up to 2001-01-01"),
        ('bot = "average.json"\nfrom = 2030-01-01\n', WINDOW, "line 2: from: there are no two closes from 2030"),
    ],
)
def test_a_spec_that_does_not_fit_the_bot_or_the_prices_names_line_and_key(tmp_path, top, parameters, said):
    with pytest.raises(BadInputError) as refused:
        swept(tmp_path, write(tmp_path, top, parameters))
    assert said in str(refused.value)
    assert not (tmp_path / "store.sqlite").exists()


def test_a_random_sample_is_resumed_by_a_longer_one(tmp_path):
    random = TOP + 'method = "random"\nseed = 4\ntrials = '
    short = swept(tmp_path, write(tmp_path, random + "2\n"))
    assert (short.planned, short.combinations) == (2, 6)
    longer = swept(tmp_path, write(tmp_path, random + "5\n"))
    assert (longer.known, longer.computed) == (2, 3)


def test_a_file_that_is_no_store_is_refused_and_kept(tmp_path):
    other = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE mine (x)")
    with pytest.raises(BadInputError, match="is no store of sweeps"):
        swept(tmp_path)
    other.write_text("a text of mine")
    with pytest.raises(BadInputError, match="is no store of sweeps"):
        swept(tmp_path)
    assert other.read_text() == "a text of mine"
    with pytest.raises(BadInputError, match="can't be opened"):
        swept(tmp_path, store="average.json/store")


def test_a_full_disk_ends_it_with_the_remedy_and_keeps_what_was_stored(tmp_path):
    """At the fifth trial, by a trigger that says what SQLite says."""
    swept(tmp_path, write(tmp_path, parameters=WINDOW))
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection, connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON trials WHEN (SELECT COUNT(*) FROM trials) > 4 "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    with pytest.raises(RunFailedError, match=r"disk is full\. Make room on the disk, or name another file by --store"):
        swept(tmp_path, executor=Counting())
    assert swept(tmp_path, write(tmp_path, parameters=WINDOW)).known == 3


def test_returns_are_stored_to_the_last_bit(tmp_path):
    swept(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection, connection:
        rows = connection.execute('SELECT "values", returns FROM trials').fetchall()
    assert len(rows) == 6
    loaded = load_bots({"average": tmp_path / "average.json"})["average"]
    assert loaded.name == "average"
    for values, blob in rows:
        assert {*json.loads(values)} == {"window", "bond"}
        returns = np.frombuffer(blob, "<f8")
        assert np.isnan(returns[0])
        assert np.isfinite(returns[-1])


def test_chunks_are_small_for_few_and_bounded_for_many():
    points = [(number,) for number in range(1000)]
    assert [len(each) for each in chunks(points[:5], 2)] == [1] * 5
    assert max(len(each) for each in chunks(points, 2)) == 32
    assert [point for each in chunks(points, 3) for point in each] == points
