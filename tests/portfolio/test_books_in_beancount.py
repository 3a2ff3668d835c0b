"""The books as a ledger: beancount itself reads it, finds every balance right, and has what the books have."""

import csv
import io
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core.data import Balance as BalanceLine
from beancount.core.data import Commodity, Transaction
from hypothesis import given, settings
from test_bookkeeping import NEW, NOW, SPY, TLT, Street, entered, stories

from rebalancer.app.account_ledger import AccountLedger, Balance, Posting, ledger_lines
from rebalancer.app.account_ledger import Transaction as Change
from rebalancer.events import Adopted, Restated, WrittenOff
from rebalancer.model import Symbol
from rebalancer.report import books_csv
from rebalancer.report.beancount import to_beancount

TINY = Decimal("1e-6")
"""A cost a share may have more digits than there is room for."""


def ledger(*events):
    return AccountLedger("demo", "USD", tuple(ledger_lines(events)))


def parsed(text):
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    return entries


def held(entries):
    """Cash, shares and what they cost, by account of an owner, as beancount adds them up."""
    found = defaultdict(lambda: defaultdict(Decimal))
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            book, (number, name) = found[posting.account], posting.units
            book[name] += number
            if posting.cost:
                book[f"cost of {name}"] += number * posting.cost.number
    return {account: book for account, book in found.items() if account.startswith("Assets:")}


def require_the_books(entries, books):
    found = held(entries)
    for owner, book in books.items():
        account = found.get(f"Assets:Demo:{owner or 'Unassigned'}", defaultdict(Decimal))
        assert account["USD"] == book.cash
        for symbol in (SPY, TLT, NEW):
            assert account[symbol] == book.shares.get(symbol, 0)
            if book.costs.get(symbol, 0) * book.shares.get(symbol, 0) >= 0:
                assert abs(account[f"cost of {symbol}"] - book.costs.get(symbol, 0)) < TINY


def sums(entries, account):
    """What came from or went to an account of income, expenses or equity."""
    total = Decimal(0)
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            total += posting.units.number if posting.account == account else 0
    return total


def year():
    """Two bots: a purchase, crossed shares, a sale, a split, a rename, a deposit, adopted shares, a write-off."""
    street = Street(shares={TLT: Decimal(10)})
    yield from (street.read(), *street.plan({SPY: {"A": 0.4, "B": 0.2}}, SPY=120), street.fill(SPY, 120, 50, "0.31"))
    yield street.recorded(Adopted(NOW, "demo", TLT, Decimal(10), Decimal(190)), run=0)
    yield street.read("end")
    street.cash, street.deposits = street.cash + Decimal("1000.07"), Decimal(1000)
    yield from (street.read(), *street.plan({SPY: {"A": 0.2, "B": 0.4}}, SPY=-10), street.fill(SPY, -10, 55, "0.07"))
    street.shares[SPY] *= 2
    yield street.recorded(Restated(NOW, "demo", SPY, Decimal(220), Decimal(220), "2 for 1"))
    yield street.recorded(Restated(NOW, "demo", SPY, Decimal(0), Decimal(0), "renamed"))
    yield street.recorded(Restated(NOW, "demo", NEW, Decimal(220), Decimal(220), "was SPY", SPY, date(2026, 3, 4)))
    street.shares = {NEW: street.shares[SPY], TLT: Decimal(10)}
    yield street.read("end")
    yield street.recorded(WrittenOff(NOW, "demo", NEW, Decimal(220), Decimal(5500), "ann", "delisted"), run=0)
    street.shares, street.deposits = {TLT: Decimal(10)}, Decimal(-5500)
    yield street.read()
    yield street.read("end")


def test_beancount_reads_every_kind_of_change_and_has_what_the_books_have():
    events = tuple(year())
    found = ledger(*events)
    assert {line.reason for line in found.lines if isinstance(line, Change)} == {
        "opening",
        "capital",
        "trade",
        "crossing",
        "adopted",
        "deposit",
        "cash that no fill explains",
        "split",
        "rename",
        "written off",
    }
    entries = parsed(to_beancount([found]))
    require_the_books(entries, entered(*events).books)
    assert sums(entries, "Equity:Demo:Deposits") == -1000
    assert sums(entries, "Income:Demo:Unexplained") == Decimal("-0.07")
    assert sums(entries, "Equity:Demo:Written-off") > 0
    assert sums(entries, "Expenses:Demo:Fees") == Decimal("0.07")  # that of the purchase is in the cost


def test_every_owner_cash_and_the_brokers_cash_is_asserted_after_each_session():
    entries = parsed(to_beancount([ledger(*year())]))
    balances = [entry for entry in entries if isinstance(entry, BalanceLine)]
    assert all(entry.tolerance == 0 for entry in balances)
    days = sorted({entry.date for entry in balances})
    assert days == [date(2026, 3, day) for day in (4, 5, 6)]
    found = {(entry.date, entry.account, entry.amount.currency): entry.amount.number for entry in balances}
    assert found[days[-1], "Assets:Demo", "USD"] == Decimal("5549.69")
    assert found[days[1], "Assets:Demo:A", "NEW"] == 0  # gone, and said to be


def test_a_balance_that_is_a_cent_off_is_found():
    text = to_beancount([ledger(*year())])
    wrong = text.replace("~ 0.00 USD", "~ 0.00 EUR", 1)
    assert loader.load_string(wrong)[1]
    line = next(line for line in text.splitlines() if "balance Assets:Demo:A" in line and "USD" in line)
    amount = line.split()[3]
    _, errors, _ = loader.load_string(text.replace(line, line.replace(amount, str(Decimal(amount) + Decimal("0.01")))))
    assert "Balance failed" in errors[0].message


@settings(max_examples=25)  # beancount takes its time
@given(stories())
def test_whatever_happens_beancount_has_what_the_books_have(events):
    entries = parsed(to_beancount([ledger(*events)]))
    require_the_books(entries, entered(*events).books)


def test_names_that_beancount_does_not_take_are_mapped_and_said():
    symbols = [Symbol(name) for name in ("BTC/USD", "BTC-USD", "3M", "USD", "A", "BRK.B")]
    two = Posting('=a "bot" é', Decimal(-100), shares=Decimal(2), cost=Decimal(100), held=Decimal(2))
    two = replace(two, held_cost=Decimal(100))
    made = Change(1, date(2026, 3, 2), 1, "trade", tuple(replace(two, symbol=symbol) for symbol in symbols))
    other = Change(2, date(2026, 3, 2), 1, "trade", (replace(made.postings[0], owner="a (bot)"),))
    text = to_beancount([AccountLedger("my money", "USD", (made, other))])
    entries = parsed(text)
    natives = {entry.currency: entry.meta["native"] for entry in entries if isinstance(entry, Commodity)}
    assert natives == {"BTC-USD": "BTC/USD", "BTC-USD-2": "BTC-USD", "X3M": "3M", "USD-2": "USD"}
    assert {*held(entries)} == {"Assets:My-money:A-bot", "Assets:My-money:A-bot-2"}


def test_two_accounts_of_two_currencies_stand_in_one_ledger():
    street = Street()
    lines = tuple(ledger_lines([street.read(), street.read("end")]))
    ledgers = AccountLedger("a", "USD", lines), AccountLedger("b", "EUR", lines), AccountLedger("c", "USD", ())
    found = held(parsed(to_beancount(ledgers)))
    assert {account: dict(book) for account, book in found.items()} == {
        "Assets:A:Unassigned": {"USD": 10_000},
        "Assets:B:Unassigned": {"EUR": 10_000},
    }


def test_while_an_order_is_unsettled_the_brokers_cash_is_not_asserted():
    street = Street()
    events = [street.read(), *street.plan({SPY: {"A": 0.5}}, SPY=100), street.fill(SPY, 100, 50)][:-1]
    lines = [*ledger_lines([*events, street.read("end", SPY=Decimal(0))])]
    assert [line.broker_cash for line in lines if isinstance(line, Balance)] == [None]
    parsed(to_beancount([AccountLedger("demo", "USD", tuple(lines))]))


def test_the_rows_of_csv_add_up_to_the_books():
    events = tuple(year())
    rows = list(csv.DictReader(io.StringIO(books_csv.to_csv([ledger(*events)]))))
    books = entered(*events).books
    for owner, book in books.items():
        mine = [row for row in rows if row["bot"] == owner]
        assert sum(Decimal(row["cash"]) for row in mine) == book.cash
        for symbol in (SPY, NEW, TLT):
            of = [row for row in mine if row["symbol"] == symbol]
            assert sum(Decimal(row["shares"]) for row in of) == book.shares.get(symbol, 0)
            assert abs(sum(Decimal(row["cost"]) for row in of) - book.costs.get(symbol, 0)) < Decimal("1e-6")
    assert {row["reason"] for row in rows if Decimal(row["crossed_shares"])} == {"crossing"}


@pytest.mark.parametrize("fill", [Decimal("0.001"), Decimal("1E+1")])
def test_amounts_have_no_exponent(fill):
    posting = Posting("A", -fill, SPY, shares=fill, cost=fill, held=fill, held_cost=fill)
    text = to_beancount([AccountLedger("demo", "USD", (Change(1, date(2026, 3, 2), 1, "trade", (posting,)),))])
    assert "E+" not in text
    parsed(text)
