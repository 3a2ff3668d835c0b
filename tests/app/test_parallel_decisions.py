"""What many bots decide, by however many processes."""

import json

import numpy as np
import pytest
from sweeps import BOT

from rebalancer.app import parallel_decisions
from rebalancer.app.bot_files import load_bots, read_bots
from rebalancer.app.executor import LostPart, Serial
from rebalancer.app.parallel_decisions import BotFiles, decided
from rebalancer.bots.decisions import Decisions
from rebalancer.errors import RunFailedError
from rebalancer.market import sample
from rebalancer.ports import unwatched

WINDOWS = (50, 100, 150, 200, 250)


@pytest.fixture
def made(tmp_path):
    """Five bots of other windows and bonds, one of them a Python bot, and the sample's closes."""
    paths = {}
    for number, window in enumerate(WINDOWS):
        text = json.dumps(BOT).replace("200", str(window)).replace("BND", ("BND", "TLT")[number % 2])
        paths[f"bot {window}"] = tmp_path / f"{window}.json"
        paths[f"bot {window}"].write_text(text)
    paths["code"] = tmp_path / "code.py"
    paths["code"].write_text('SYMBOLS = ["SPY"]\nLOOKBACK = 5\ndef weights(closes):\n    return {"SPY": 0.5}\n')
    closes = sample.all_closes().until(np.datetime64("2009-06-30", "D").item())
    return BotFiles(paths, read_bots(paths), ignore_rebalance=False), load_bots(paths), closes


class Ticking:
    """A clock on which each look takes as long."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.past = seconds, 0.0

    def elapsed(self) -> float:
        self.past += self.seconds
        return self.past


class Looked:
    """A clock that shows one time a look."""

    def __init__(self, *times: float) -> None:
        self.times = iter(times)

    def elapsed(self) -> float:
        return next(self.times)


@pytest.mark.posix
def test_the_number_of_workers_changes_neither_order_nor_a_bit(made):
    files, bots, closes = made
    serial = decided(files, bots, closes, 1, unwatched)
    assert [*serial] == [*bots]
    assert all(
        serial[name].weights(closes.symbols).tobytes() == bot.weights(closes).tobytes() for name, bot in bots.items()
    )
    spread = decided(files, bots, closes, 3, unwatched)
    assert [*spread] == [*bots]
    assert {name: made.weights(closes.symbols).tobytes() for name, made in spread.items()} == {
        name: made.weights(closes.symbols).tobytes() for name, made in serial.items()
    }


def asked_here(bots, closes, clock):
    found: dict[str, Decisions] = {}
    parallel_decisions._ask_here(found, bots, closes, clock, unwatched)
    return len(found)


@pytest.mark.parametrize(("seconds", "asked"), [(0.1, 6), (0.3, 6), (5, 1)])
def test_few_or_quick_bots_pay_for_no_process(made, monkeypatch, seconds, asked):
    """With more than a second gone and more than four to come, the rest is for other processes."""
    _, bots, closes = made
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    code_first = {"code": bots["code"], **bots}
    assert asked_here(code_first, closes, Ticking(seconds)) == asked


def test_what_the_first_chart_computes_for_all_is_not_expected_of_the_others(made, monkeypatch):
    _, bots, closes = made
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    assert asked_here(bots, closes, Looked(0, 0, 100, 100.1, 100.2, 100.3, 100.4, 100.5)) == 6
    assert asked_here(bots, closes, Looked(0, 0, 100, 100, 105)) == 2


def test_progress_names_the_bot_and_counts(made):
    files, bots, closes = made
    told = []
    decided(files, bots, closes, 1, lambda *work: told.append(work))
    assert told[1] == ("Back-testing bot 100", 1, 6)


def test_a_bot_that_ends_its_worker_fails_by_name_with_the_remedy(made):
    files, bots, closes = made

    class Losing(Serial):
        def results(self, work, closes, parts):
            yield 1, LostPart("its process was ended by SIGKILL")

    with pytest.raises(RunFailedError, match=r"bot 100 could not be back-tested: its process .* --workers 1"):
        parallel_decisions._ask_there({}, files, closes, [[name] for name in bots], Losing(), unwatched)


def test_parts_are_of_neighbours_and_some_for_each_worker():
    names = [f"bot {number}" for number in range(20)]
    parts = parallel_decisions.parts_of(names, 2)
    assert [len(part) for part in parts] == [2] * 10
    assert [name for part in parts for name in part] == names
    assert parallel_decisions.parts_of(names[:3], 2) == [("bot 0",), ("bot 1",), ("bot 2",)]
