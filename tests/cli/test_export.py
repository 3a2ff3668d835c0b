"""`rebalance export`: the books of all bots for other programs."""

import csv
import json
from pathlib import Path

import pytest
from beancount import loader
from own_prices import DAYS, write_account

CLOSES = {"SPY": ["400", "400", "404", "400", "410"], "TLT": ["100"] * 5}


@pytest.fixture
def traded(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    for day in DAYS[1:3]:
        assert rebalance("run", "--as-of", day).code == 0


def test_the_ledger_is_one_that_beancount_accepts_and_replaces_only_its_own_kind(traded, rebalance):
    made = json.loads(rebalance("export", "beancount", "books.beancount", "--json").out)
    assert (made["first"], made["last"], made["balance_count"]) == (str(DAYS[1]), str(DAYS[2]), 1)
    entries, errors, _ = loader.load_file("books.beancount")
    assert (bool(entries), errors) == (True, [])
    again = rebalance("export", "beancount", "books.beancount", "--balances", "session")
    assert f"from {DAYS[1]} to {DAYS[2]}, with the balances of 2 days" in again.out
    Path("books.beancount").write_text("dear bank")
    assert "is no output of export" in rebalance("export", "beancount", "books.beancount").err


def test_csv_has_a_row_for_each_change_of_a_book(traded, rebalance):
    assert rebalance("export", "csv", "books.csv", "--account", "a").code == 0
    rows = list(csv.DictReader(Path("books.csv").read_text().splitlines()))
    bought = next(row for row in rows if row["symbol"] == "SPY")
    assert (bought["date"], bought["bot"], bought["shares"], bought["cash"]) == (str(DAYS[1]), "b", "247", "-98800.00")


def test_before_the_first_run_there_is_nothing_to_export(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, {"asset": "SPY"})
    output = rebalance("export", "csv", "books.csv")
    assert (output.code, Path("books.csv").exists()) == (2, False)
    assert "the journal has no reading of an account yet" in output.err
