"""Work on several processes: the same results, and no process left."""

import tempfile
from contextlib import closing
from multiprocessing import active_children

import parts_of_work
import pytest

from rebalancer.app.executor import LostPart, Serial
from rebalancer.app.pool import Pool, here
from rebalancer.app.shared_closes import shared
from rebalancer.errors import BadInputError, RunFailedError

pytestmark = pytest.mark.posix
CLOSES = parts_of_work.closes()


@pytest.mark.parametrize("workers", [2, 3])
def test_results_are_those_of_one_process_to_the_last_bit(workers):
    parts = list(range(7))
    serial = list(Serial().results(parts_of_work.total, CLOSES, parts))
    assert sorted(Pool(workers).results(parts_of_work.total, CLOSES, parts)) == serial
    assert active_children() == []


def test_no_part_takes_no_process():
    assert list(Pool(2).results(parts_of_work.total, CLOSES, [])) == []


def test_one_worker_is_this_process():
    assert (here(1), here(4)) == (Serial(), Pool(4))


def test_a_worker_that_is_killed_loses_its_own_part_alone():
    found = dict(Pool(2).results(parts_of_work.ended_by_three, CLOSES, list(range(6))))
    assert found == {0: 0, 1: 1, 2: 2, 3: LostPart("its process was ended by SIGKILL"), 4: 4, 5: 5}


def test_a_worker_that_leaves_is_lost_with_its_exit_code():
    (found,) = Pool(1).results(parts_of_work.leaves, CLOSES, [7])
    assert found == (0, LostPart("its process ended with exit code 7"))


def test_what_work_raises_is_raised_here_and_ends_the_others():
    with pytest.raises(BadInputError, match="here: the second part is wrong"):
        list(Pool(2).results(parts_of_work.raises_at_two, CLOSES, [1, 2, 1, 1]))
    assert active_children() == []


def test_a_worker_can_not_change_the_closes_of_the_others():
    assert list(Pool(1).results(parts_of_work.writes_to_the_closes, CLOSES, [0])) == [(0, False)]


def test_whoever_stops_listening_ends_the_workers_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    parts = [tmp_path / "0", tmp_path / "1"]
    with closing(Pool(2).results(parts_of_work.waits_after_the_first, CLOSES, parts)) as found:
        assert next(found) == (0, 0)
    assert active_children() == []
    assert {each.name for each in tmp_path.iterdir()} <= {"began"}  # which the work itself writes


def test_a_full_disk_is_told_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(RunFailedError, match=r"can't be shared .* Use --workers 1"):
        list(Pool(2).results(parts_of_work.total, CLOSES, [1]))


def test_shared_closes_are_the_same_closes():
    with shared(CLOSES) as found:
        opened = found.open()
    assert (opened.symbols, opened.notes, opened.provisional) == (CLOSES.symbols, CLOSES.notes, True)
    assert opened.sessions.tolist() == CLOSES.sessions.tolist()
    assert opened.values.tobytes() == CLOSES.values.tobytes()
    assert (opened.values.flags.aligned, opened.values.flags.owndata) == (True, False)
    assert opened.bars.symbols == CLOSES.bars.symbols
    assert opened.bars.remedy == "a remedy"
    assert {name: column.tobytes() for name, column in opened.bars.values.items()} == {
        name: column.tobytes() for name, column in CLOSES.bars.values.items()
    }
