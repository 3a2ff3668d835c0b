"""Files of prices are read once: how often is counted by the interpreter's own events of opened files."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal

from rebalancer.errors import BadInputError
from rebalancer.market.clock import SimulatedClock
from rebalancer.market.folder import read_folder
from rebalancer.market.price_file_cache import PriceFileCache
from rebalancer.model import Closes

SPY = "date,SPY\n2016-06-30,209.48\n2016-07-01,209.92\n"
TLT = "date,symbol,close\n2016-07-01,TLT,139.5\n2016-07-01,IEF,112.5\n2016-06-30,TLT,138.9\n"
OPENED: list[str] = []


@pytest.fixture(autouse=True, scope="module")
def opened_files() -> Iterator[None]:
    """Every file that is opened while these tests run. The interpreter can't take the watch off again."""
    watched = True

    def note(event: str, words: tuple[object, ...]) -> None:
        if watched and event == "open" and words[1] is None:  # os.open: it has no mode
            OPENED.append(str(words[0]))

    sys.addaudithook(note)
    yield
    watched = False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prices = tmp_path / "prices"
    prices.mkdir()
    (prices / "spy.csv").write_text(SPY)
    (prices / "bonds.csv").write_text(TLT)
    return prices


@pytest.fixture
def cache(tmp_path: Path) -> PriceFileCache:
    """A minute later: files that changed just now are not kept."""
    return PriceFileCache(
        tmp_path / "state" / "price_files.sqlite", SimulatedClock(datetime.now(UTC) + timedelta(minutes=1))
    )


def reads(folder: Path, cache: PriceFileCache) -> tuple[list[str], Closes]:
    """The names of the price files that were opened, and the closes."""
    OPENED.clear()
    closes = read_folder(folder, cache)
    return sorted(Path(name).name for name in OPENED if Path(name).parent == folder), closes


def same(one: Closes, other: Closes) -> None:
    assert one.symbols == other.symbols
    assert one.notes == other.notes
    assert_array_equal(one.sessions, other.sessions)
    assert_array_equal(one.values, other.values)


def test_each_file_is_read_once_and_the_prices_are_the_same(folder: Path, cache: PriceFileCache) -> None:
    first, closes = reads(folder, cache)
    second, again = reads(folder, cache)
    assert (first, second) == (["bonds.csv", "spy.csv"], [])
    same(closes, again)
    same(again, read_folder(folder))
    assert again.symbols == ("IEF", "SPY", "TLT")


def test_a_changed_file_alone_is_read_again(folder: Path, cache: PriceFileCache) -> None:
    reads(folder, cache)
    (folder / "spy.csv").write_text(SPY.replace("209.92", "209.93"))
    again, closes = reads(folder, cache)
    assert again == ["spy.csv"]
    assert closes.values[-1, 1] == 209.93


def replaced_with_the_same_size_and_time(file: Path) -> None:
    before = file.stat()
    other = file.with_name("other")
    other.write_text(SPY.replace("209.92", "209.93"))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)


def written_over_with_the_old_time(file: Path) -> None:
    before = file.stat()
    file.write_text(SPY.replace("209.92", "209.93"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [replaced_with_the_same_size_and_time, written_over_with_the_old_time])
def test_a_change_that_keeps_size_and_time_is_seen(
    folder: Path, cache: PriceFileCache, change: Callable[[Path], None]
) -> None:
    reads(folder, cache)
    change(folder / "spy.csv")
    again, closes = reads(folder, cache)
    assert again == ["spy.csv"]
    assert closes.values[-1, 1] == 209.93


def test_the_same_prices_under_another_name_are_read_again_and_the_old_name_is_forgotten(
    folder: Path, cache: PriceFileCache
) -> None:
    reads(folder, cache)
    (folder / "spy.csv").rename(folder / "other.csv")
    assert reads(folder, cache)[0] == ["other.csv"]
    with closing(sqlite3.connect(cache.path)) as kept:
        paths = sorted(path for (path,) in kept.execute("SELECT path FROM files"))
    assert paths == [str(folder / "bonds.csv"), str(folder / "other.csv")]


def test_a_file_that_changed_just_now_is_not_kept(folder: Path, cache: PriceFileCache) -> None:
    changed = datetime.fromtimestamp((folder / "bonds.csv").stat().st_ctime, UTC)
    now = PriceFileCache(cache.path, SimulatedClock(changed + timedelta(seconds=1)))
    reads(folder, now)
    assert reads(folder, now)[0] == ["bonds.csv", "spy.csv"]


def test_a_file_that_changes_while_it_is_read_is_not_kept(folder: Path, cache: PriceFileCache) -> None:
    def change(work: str, done: int = 0, total: int = 0) -> None:
        if work == "Reading spy.csv, row 2":
            (folder / "spy.csv").write_text(SPY.replace("209.92", "209.93"))

    assert read_folder(folder, cache, change).values[-1, 1] == 209.92
    again, closes = reads(folder, cache)
    assert again == ["spy.csv"]
    assert closes.values[-1, 1] == 209.93


def test_a_file_with_a_problem_is_not_kept_and_the_others_are(folder: Path, cache: PriceFileCache) -> None:
    (folder / "bad.csv").write_text("date,GLD\n2016-07-01,-1\n")
    with pytest.raises(BadInputError, match="is no price"):
        reads(folder, cache)
    OPENED.clear()
    with pytest.raises(BadInputError, match="is no price"):
        reads(folder, cache)
    assert [Path(name).name for name in OPENED if Path(name).parent == folder] == ["bad.csv"]


def test_disagreeing_prices_are_named_by_row_also_from_the_cache(folder: Path, cache: PriceFileCache) -> None:
    (folder / "other.csv").write_text(SPY.replace("209.92", "1"))
    messages = []
    for _ in range(2):
        with pytest.raises(
            BadInputError, match=r"row 3: SPY on 2016-07-01 is 1\.0 here and 209\.92 in .*row 3"
        ) as raised:
            reads(folder, cache)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def not_a_database(path: Path) -> None:
    path.write_bytes(b"date,SPY\n2016-07-01,1\n")


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.executescript("CREATE TABLE files (name TEXT); INSERT INTO files VALUES ('a')")


def other_prices(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM merged")
        database.execute("UPDATE files SET prices = zeroblob(length(prices))")


def other_symbols(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM merged")
        database.execute("UPDATE files SET symbols = replace(symbols, 'SPY', 'QQQ')")


def exchanged_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM merged")
        database.execute("UPDATE files SET (symbols, prices, checksum) = (SELECT symbols, prices, checksum FROM files)")


@pytest.mark.parametrize(
    "damage", [truncated, not_a_database, of_another_program, other_prices, other_symbols, exchanged_rows]
)
def test_a_broken_or_foreign_cache_is_ignored_and_built_anew(
    folder: Path, cache: PriceFileCache, damage: Callable[[Path], None]
) -> None:
    _, right = reads(folder, cache)
    damage(cache.path)
    first, closes = reads(folder, cache)
    assert "spy.csv" in first or "bonds.csv" in first
    same(closes, right)
    again, closes = reads(folder, cache)
    assert again == []
    same(closes, right)


CHANGES_OF_THE_TABLE = (
    "DELETE FROM merged",
    "UPDATE merged SET prices = zeroblob(length(prices))",
    "UPDATE merged SET days = zeroblob(length(days))",
    "UPDATE merged SET days = substr(days, 1, 4), prices = CAST(substr(days, 5) || prices AS BLOB)",
    "UPDATE merged SET symbols = replace(symbols, 'SPY', 'QQQ')",
    "UPDATE merged SET key = 'of other files'",
)


@pytest.mark.parametrize("change", CHANGES_OF_THE_TABLE)
def test_a_damaged_table_is_merged_anew_from_what_was_kept_of_each_file(
    folder: Path, cache: PriceFileCache, change: str
) -> None:
    _, right = reads(folder, cache)
    with closing(sqlite3.connect(cache.path)) as kept, kept:
        kept.execute(change)
    opened, closes = reads(folder, cache)
    assert opened == []
    same(closes, right)


def test_the_table_is_not_merged_again_while_no_file_changes(folder: Path, cache: PriceFileCache) -> None:
    _, right = reads(folder, cache)
    with closing(sqlite3.connect(cache.path)) as kept, kept:
        kept.execute("DELETE FROM files")
    opened, closes = reads(folder, cache)
    assert opened == []
    same(closes, right)


def test_a_file_more_or_less_makes_another_table(folder: Path, cache: PriceFileCache) -> None:
    reads(folder, cache)
    (folder / "gold.csv").write_text("date,GLD\n2016-07-01,128.1\n")
    assert reads(folder, cache)[1].symbols == ("GLD", "IEF", "SPY", "TLT")
    (folder / "bonds.csv").unlink()
    assert reads(folder, cache)[1].symbols == ("GLD", "SPY")


def test_a_cache_of_other_rules_is_read_anew(folder: Path, cache: PriceFileCache) -> None:
    reads(folder, cache)
    with closing(sqlite3.connect(cache.path)) as kept, kept:
        kept.execute("DELETE FROM merged")
        kept.execute("""UPDATE files SET key = replace(key, '[1, "', '[0, "')""")
    assert reads(folder, cache)[0] == ["bonds.csv", "spy.csv"]


@pytest.mark.posix
def test_the_cache_is_for_its_owner_alone(folder: Path, cache: PriceFileCache) -> None:
    reads(folder, cache)
    assert cache.path.stat().st_mode & 0o777 == 0o600
    assert cache.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.posix
def test_anything_but_a_file_in_its_place_is_left_alone(folder: Path, cache: PriceFileCache) -> None:
    cache.path.parent.mkdir()
    os.mkfifo(cache.path)
    assert reads(folder, cache)[0] == reads(folder, cache)[0] == ["bonds.csv", "spy.csv"]
    assert cache.path.is_fifo()


def test_a_cache_that_another_process_writes_is_not_waited_for_long_and_not_damaged(
    folder: Path, cache: PriceFileCache
) -> None:
    reads(folder, cache)
    (folder / "spy.csv").write_text(SPY + "2016-07-05,208.4\n")
    with closing(sqlite3.connect(cache.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert reads(folder, cache)[1].values[-1, 1] == 208.4
    assert reads(folder, cache)[0] == ["spy.csv"]


def test_whoever_watches_learns_which_file_is_read(folder: Path, cache: PriceFileCache) -> None:
    told: list[tuple[str, int, int]] = []
    for _ in range(2):
        read_folder(folder, cache, lambda work, done=0, total=0: told.append((work, done, total)))
    assert told == [
        ("Reading bonds.csv", 0, 2),
        ("Reading bonds.csv, row 3", 0, 2),
        ("Reading spy.csv", 1, 2),
        ("Reading spy.csv, row 2", 1, 2),
    ]
