"""The books as CSV: a row for each change of an owner's book, for spreadsheets."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from rebalancer.app.account_ledger import AccountLedger, Posting, Transaction
from rebalancer.model.text import digits
from rebalancer.report.spreadsheet import csv_text, money_cell, name_cell

HEADER = ("date", "account", "currency", "transaction", "run", "reason", "bot", "symbol")
FIGURES = ("shares", "cost", "cash", "fee", "crossed_shares")
BEGINS = ",".join(HEADER).encode()


def to_csv(ledgers: Iterable[AccountLedger]) -> str:
    """The bot is empty for what is no bot's. Shares and cost are changes: added up they are what the bot has."""
    return csv_text((*HEADER, *FIGURES), (row for each in ledgers for row in _rows(each)))


def _rows(ledger: AccountLedger) -> Iterator[tuple[object, ...]]:
    for made in ledger.lines:
        if isinstance(made, Transaction):
            first = (made.session, name_cell(ledger.account), ledger.currency, made.number, made.run, made.reason)
            yield from ((*first, name_cell(each.owner), *_figures(each)) for each in made.postings)


def _figures(posting: Posting) -> tuple[str, ...]:
    symbol = name_cell(posting.symbol or "")
    shares, cost = digits(posting.shares), f"{posting.cost:.8f}"
    return symbol, shares, cost, _exact(posting.cash), money_cell(posting.fee), digits(posting.crossed)


def _exact(amount: Decimal) -> str:
    """To the cent, or with all its digits where it has more."""
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount:f}"
