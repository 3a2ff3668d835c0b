import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database
from street import SPY, buy

from rebalancer.errors import SourceError
from rebalancer.model import Symbol
from rebalancer.venues.sim.book import Book

NOON = datetime(2016, 6, 30, 16, 0, tzinfo=UTC)


def test_a_new_book_is_readable_by_its_owner_alone(tmp_path):
    with closing(Book.open(tmp_path / "state" / "sim.sqlite", Decimal(1))) as book, book.change():
        book.move_cash(Decimal(1), NOON)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
    assert set(modes.values()) == {0o600}
    assert "sim.sqlite" in modes


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "sim.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match="is a link"):
        Book.open(tmp_path / "sim.sqlite", Decimal(1))
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_is_no_book_is_named_and_left_alone(tmp_path):
    path = tmp_path / "sim.sqlite"
    path.write_text("my notes, " * 100)
    with pytest.raises(SourceError, match=r"sim\.sqlite can't be used .*move the file away"):
        Book.open(path, Decimal(1))
    assert path.read_text() == "my notes, " * 100


def test_a_folder_that_can_not_be_created_is_reported(tmp_path):
    (tmp_path / "state").write_text("a file stands here")
    with pytest.raises(SourceError, match="can't be made"):
        Book.open(tmp_path / "state" / "sim.sqlite", Decimal(1))


def test_a_file_left_empty_by_a_crash_becomes_a_new_book(tmp_path):
    (tmp_path / "sim.sqlite").touch()
    with closing(Book.open(tmp_path / "sim.sqlite", Decimal(7))) as book:
        assert book.cash == 7
        assert book.last_event is None


def test_a_change_is_atomic(tmp_path):
    def fill_and_die(book, resting):
        with book.change():
            book.fill(resting.state, Decimal(3), Decimal(100), Decimal(1), NOON)
            assert book.cash == 199
            raise ZeroDivisionError

    with closing(Book.open(tmp_path / "sim.sqlite", Decimal(500))) as book:
        with book.change():
            resting = book.place(buy("rb1", SPY, "3"), Decimal(100), NOON, NOON)
        with pytest.raises(ZeroDivisionError):
            fill_and_die(book, resting)
        assert book.cash == 500
        assert book.holdings() == {}
        assert book.fills(resting.state.id) == ()
        assert book.open_orders() == (resting,)


def test_a_full_disk_is_reported_and_changes_nothing(tmp_path):
    def fill_the_disk(book):
        with book.change():
            for number in range(500):
                book.place(buy(f"rb{number}", SPY, "3"), Decimal(100), NOON, NOON)

    path = tmp_path / "sim.sqlite"
    Book.open(path, Decimal(500)).close()
    with closing(Database(path)) as database:
        database.execute("PRAGMA max_page_count = 1")
        book = Book(path, database)
        with pytest.raises(SourceError, match="full"):
            fill_the_disk(book)
        assert book.open_orders() == ()


@pytest.fixture(scope="module")
def any_book(tmp_path_factory):
    with closing(Book.open(tmp_path_factory.mktemp("books") / "sim.sqlite", Decimal(0))) as book:
        yield book


@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**12), max_value=10**12))
def test_money_and_quantities_are_kept_to_the_last_digit(any_book, amount):
    with any_book.change():
        before = any_book.cash
        any_book.move_cash(amount - before, NOON)
        any_book.move_shares(SPY, amount - any_book.holdings().get(SPY, Decimal(0)), NOON)
    assert any_book.cash == amount
    assert any_book.holdings().get(SPY, 0) == amount


def test_two_spellings_of_a_class_share_in_an_earlier_versions_book_are_one_holding(tmp_path):
    path = tmp_path / "sim.sqlite"
    Book.open(path, Decimal(1)).close()
    with closing(sqlite3.connect(path)) as earlier, earlier:
        earlier.executemany("INSERT INTO positions VALUES (?, ?)", [("BRK-B", "3"), ("BRK.B", "2.5"), ("SPY", "1")])

    with closing(Book.open(path, Decimal(1))) as book, book.change():
        assert book.holdings() == {"BRK.B": Decimal("5.5"), "SPY": 1}
        book.move_shares(Symbol("BRK.B"), Decimal("-5.5"), NOON)
        assert book.holdings() == {"SPY": 1}
