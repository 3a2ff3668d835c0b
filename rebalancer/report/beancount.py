"""The books as a plain-text ledger for beancount 3 (and fava): double entries, with every balance asserted.

Shares are held at their cost, average by owner, as the books have it: accounts are open with booking "NONE". Fees of a
purchase are in its cost, those of a sale an expense. Balances are exact (`~ 0.00`) and stand on the day after, as
beancount checks them at the beginning of a day.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from rebalancer import __version__
from rebalancer.app.book_changes import AccountLedger, Balance, Posting, Transaction
from rebalancer.errors import visible
from rebalancer.model import Symbol
from rebalancer.portfolio.attribution import UNASSIGNED, ZERO

BEGINS = b'option "title" "rebalancer'
GAINS = frozenset({"trade", "crossing", "trade by hand"})
CONTRA: Mapping[str, str] = {
    "dividend": "Income:{}:Dividends",
    "interest": "Income:{}:Interest",
    "fee": "Expenses:{}:Fees",
    "rounding": "Expenses:{}:Rounding",
    "withdrawal": "Equity:{}:Deposits",
    "deposit": "Equity:{}:Deposits",
    "cash that no fill explains": "Income:{}:Unexplained",
    "shares that no fill explains": "Equity:{}:Unexplained",
}
"""Where the money of a change comes from; of other reasons an equity account of their name."""
CENTS, PRECISE = Decimal("0.01"), Decimal("1e-8")
LONGEST_COMMODITY = 24


def to_beancount(ledgers: Iterable[AccountLedger]) -> str:
    found = [each for each in ledgers if each.lines]
    text = [
        f'option "title" "rebalancer {__version__}"',
        *(f'option "operating_currency" "{each}"' for each in sorted({each.currency for each in found})),
        'option "inferred_tolerance_default" "*:0.000001"',
        'option "tolerance_multiplier" "1.01"',
    ]
    writer = _Writer(found)
    body = [line for each in found for line in writer.ledger(each)]
    return "\n".join([*text, "", *writer.opened(), *body, ""])


class _Names:
    """Names that beancount accepts, one for each of ours."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*taken}
        self._names: dict[str, str] = {}

    def of(self, native: str, accepted: str) -> str:
        if native not in self._names:
            name, number = accepted, 2
            while name in self._taken:
                name, number = f"{accepted[: LONGEST_COMMODITY - 3]}-{number}", number + 1
            self._taken.add(name)
            self._names[native] = name
        return self._names[native]

    def renamed(self) -> dict[str, str]:
        return {name: native for native, name in self._names.items() if name != native}


class _Writer:
    def __init__(self, ledgers: Sequence[AccountLedger]) -> None:
        self._accounts = _Names()
        self._owners = {each.account: _Names(["Unassigned"]) for each in ledgers}
        self._commodities = _Names(each.currency for each in ledgers)
        self._open: dict[str, date] = {}
        self._touched: dict[str, set[Symbol]] = defaultdict(set)

    def opened(self) -> Iterator[str]:
        """Of what the ledgers used: to be called after `ledger`."""
        first = min(self._open.values(), default=None)
        for name, native in sorted(self._commodities.renamed().items()):
            yield f"{first} commodity {name}"
            yield f"  native: {_quoted(native)}"
        for account, day in self._open.items():
            yield f'{day} open {account} "NONE"' if account.startswith("Assets:") else f"{day} open {account}"
        yield ""

    def ledger(self, ledger: AccountLedger) -> Iterator[str]:
        for line in ledger.lines:
            if isinstance(line, Transaction):
                yield from self._transaction(ledger, line)
            else:
                yield from self._balance(ledger, line)

    def _transaction(self, ledger: AccountLedger, made: Transaction) -> Iterator[str]:
        lines: list[str] = []
        for posting in made.postings:
            lines += self._assets(ledger, made.session, posting)
        lines += self._contra(ledger, made)
        yield f"{made.session} * {_quoted(made.reason)} #run-{made.run}"
        yield from (f"  {line}" for line in lines)
        yield ""

    def _assets(self, ledger: AccountLedger, day: date, posting: Posting) -> Iterator[str]:
        account, currency = self._asset(ledger, posting.owner, day), ledger.currency
        if posting.symbol is not None:
            name = self._commodity(posting.symbol)
            self._touched[posting.owner].add(posting.symbol)
            for shares, cost in ((-posting.removed, -posting.removed_cost), (posting.added, posting.added_cost)):
                if shares:
                    yield f"{account}  {shares:f} {name} {{{{{_cost(shares, cost):f} {currency}}}}}"
        if posting.cash:
            yield f"{account}  {_amount(posting.cash)} {currency}"
        for tag, value in (("fee", posting.fee), ("crossed", posting.crossed)):
            if value:
                yield f"  {tag}: {value:f}"

    def _contra(self, ledger: AccountLedger, made: Transaction) -> Iterator[str]:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for posting in made.postings:
            gain = _written_gain(posting)
            if made.reason in GAINS:
                fee = posting.fee if posting.removed and not posting.added else ZERO
                sums[self._gains(ledger, posting.owner)] += gain + fee
                sums[f"Expenses:{self._account(ledger)}:Fees"] -= fee
            else:
                other = CONTRA.get(made.reason, f"Equity:{{}}:{_component(made.reason)}")
                sums[other.format(self._account(ledger))] += gain
        for account, gain in sums.items():
            if amount := -gain.quantize(PRECISE):
                self._open.setdefault(account, made.session)
                yield f"{account}  {_amount(amount)} {ledger.currency}"

    def _balance(self, ledger: AccountLedger, balance: Balance) -> Iterator[str]:
        """Each owner's cash and shares, 0 of what it no longer has, and the broker's cash as the sum of all."""
        day, currency = balance.session + timedelta(days=1), ledger.currency
        for owner, book in balance.books.items():
            account = self._asset(ledger, owner, balance.session)
            yield f"{day} balance {account}  {_amount(book.cash)} ~ 0.00 {currency}"
            for symbol in sorted({*book.shares, *self._touched[owner]}):
                shares = book.shares.get(symbol, ZERO)
                yield f"{day} balance {account}  {shares:f} ~ 0.00 {self._commodity(symbol)}"
        if balance.broker_cash is not None:
            whole = f"Assets:{self._account(ledger)}"
            self._open.setdefault(whole, self._first(ledger))
            yield f"{day} balance {whole}  {_amount(balance.broker_cash)} ~ 0.00 {currency}"
        yield ""
        self._touched.clear()

    # ------------------------------------------------------------------------------------------------------- names

    def _account(self, ledger: AccountLedger) -> str:
        return self._accounts.of(ledger.account, _component(ledger.account))

    def _owner(self, ledger: AccountLedger, owner: str) -> str:
        return "Unassigned" if owner == UNASSIGNED else self._owners[ledger.account].of(owner, _component(owner))

    def _asset(self, ledger: AccountLedger, owner: str, day: date) -> str:
        account = f"Assets:{self._account(ledger)}:{self._owner(ledger, owner)}"
        self._open.setdefault(account, day)
        return account

    def _gains(self, ledger: AccountLedger, owner: str) -> str:
        return f"Income:{self._account(ledger)}:Gains:{self._owner(ledger, owner)}"

    def _commodity(self, symbol: str) -> str:
        return self._commodities.of(symbol, _commodity(symbol))

    @staticmethod
    def _first(ledger: AccountLedger) -> date:
        return ledger.lines[0].session


def _written_gain(posting: Posting) -> Decimal:
    """What is left of the posting as it is written."""
    removed = _cost(posting.removed, posting.removed_cost) * (1 if posting.removed > 0 else -1)
    added = _cost(posting.added, posting.added_cost) * (1 if posting.added > 0 else -1)
    return posting.cash + added - removed


def _cost(shares: Decimal, cost: Decimal) -> Decimal:
    """The cost as a number above 0; 0 where it has another sign than the shares, which beancount can't write."""
    return abs(cost) if shares * cost > 0 else ZERO


def _amount(amount: Decimal) -> str:
    """With two decimals at least, and without zeros behind them."""
    cents = amount.quantize(CENTS)
    return f"{cents if cents == amount else amount.normalize():f}"


def _component(name: str) -> str:
    """Of an account's name: letters, digits and hyphens, the first one a capital or a digit."""
    text = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "X"
    return text[0].upper() + text[1:]


def _commodity(symbol: str) -> str:
    text = re.sub(r"[^A-Z0-9.-]", "-", symbol.upper())
    text = text if text[0].isalpha() else f"X{text}"
    return text[:LONGEST_COMMODITY].rstrip(".-")


def _quoted(text: str) -> str:
    escaped = visible(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
