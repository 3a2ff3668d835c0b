"""Closes in blocks: they come back bit for bit, and an evening or a dividend brings only the blocks that changed."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.journal.close_blocks import blocks_of, get_closes, put_closes
from rebalancer.model import Bars, Closes, Symbol

SYMBOLS = tuple(Symbol(name) for name in ("A", "B", "C"))
DAY = np.timedelta64(1, "D")


class Blocks(dict):
    """Blocks in memory."""

    def put(self, content):
        name = sha256(content).hexdigest()
        self[name] = content
        return name


def closes(first, last, *, bars=False):
    sessions = np.arange(first, last, dtype="datetime64[D]")
    values = np.random.default_rng(7).random((4000, 3))[: len(sessions)]
    values[0, 1] = np.nan
    beside = Bars(SYMBOLS[:2], {"volume": values[:, :2] * 9, "high": values[:, 1:]}, "ask for them") if bars else None
    return Closes(sessions, SYMBOLS, values, provisional=True, notes=("adjusted",), bars=beside)


def new_blocks(before, after):
    blocks = Blocks()
    put_closes(before, blocks.put)
    count = len(blocks)
    put_closes(after, blocks.put)
    return len(blocks) - count


def with_row(known):
    sessions = np.append(known.sessions, known.sessions[-1] + DAY)
    return Closes(sessions, SYMBOLS, np.vstack([known.values, known.values[-1:]]))


def same_bits(one, other):
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


@pytest.mark.parametrize(("first", "last"), [("2019-11-20", "2023-05-12"), ("2022-05-02", "2022-05-03")])
def test_closes_and_bars_come_back_bit_for_bit(first, last):
    known, blocks = closes(first, last, bars=True), Blocks()
    kept = put_closes(known, blocks.put)
    found = get_closes(kept, blocks.__getitem__)
    assert (found.symbols, found.provisional, found.notes) == (SYMBOLS, True, ("adjusted",))
    assert same_bits(found.sessions, known.sessions)
    assert same_bits(found.values, known.values)
    assert (found.bars.symbols, found.bars.remedy) == (SYMBOLS[:2], "ask for them")
    assert all(same_bits(found.bars.values[name], known.bars.values[name]) for name in ("high", "volume"))
    assert {*blocks_of(kept, blocks.__getitem__)} == {*blocks}


def test_closes_without_a_symbol_keep_their_sessions():
    known, blocks = Closes(np.array(["2022-05-02"], "datetime64[D]"), (), np.empty((1, 0))), Blocks()
    assert get_closes(put_closes(known, blocks.put), blocks.__getitem__).values.shape == (1, 0)


def test_an_evening_without_a_dividend_brings_one_block():
    known = closes("2019-11-20", "2023-05-12")
    assert new_blocks(known, with_row(known)) == 1


def test_a_dividend_brings_the_blocks_of_one_symbol():
    known = closes("2019-11-20", "2023-05-12")
    values = known.values.copy()
    values[:-1, 0] *= 0.99
    # 2019 to 2022, January to April of 2023, the names of these five, those of all columns, and the month
    assert new_blocks(known, Closes(known.sessions, SYMBOLS, values)) == 4 + 1 + 1 + 1 + 1


@given(st.integers(1, 900), st.integers(0, 1500), st.booleans())
def test_whatever_the_days_the_closes_come_back(count, offset, bars):
    first = np.datetime64("2015-01-01") + offset * DAY
    known, blocks = closes(first, first + count * DAY, bars=bars), Blocks()
    found = get_closes(put_closes(known, blocks.put), blocks.__getitem__)
    assert same_bits(found.sessions, known.sessions)
    assert same_bits(found.values, known.values)
