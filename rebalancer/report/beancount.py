"""The books as a plain-text ledger for beancount 3 (and fava): double entries, with every balance asserted.

What an owner has of a symbol is one lot at its average cost, as the books have it: a purchase on top of others replaces
the lot by a larger one. Fees of a purchase are in its cost, those of a sale an expense. Balances are exact
(`~ 0.00`) and stand on the day after, as beancount checks them at the beginning of a day.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from rebalancer import __version__
from rebalancer.app.account_ledger import AccountLedger, Balance, Posting, Transaction
from rebalancer.errors import visible
from rebalancer.model import Symbol
from rebalancer.portfolio.attribution import UNASSIGNED, ZERO
from rebalancer.portfolio.books import Reason

BEGINS = b'option "title" "rebalancer'
GAINS = frozenset({"trade", "crossing", "trade by hand"})
CONTRA: Mapping[str, str] = {
    "dividend": "Income:{}:Dividends",
    "cash in lieu": "Income:{}:CashInLieu",
    "interest": "Income:{}:Interest",
    "fee": "Expenses:{}:Fees",
    "rounding": "Expenses:{}:Rounding",
    "withdrawal": "Equity:{}:Deposits",
    "deposit": "Equity:{}:Deposits",
    "cash that no fill explains": "Income:{}:Unexplained",
    "shares that no fill explains": "Equity:{}:Unexplained",
}
"""Where the money of a change comes from; of other reasons an equity account of their name."""
CENTS, PRECISE, UNIT = Decimal("0.01"), Decimal("1e-6"), Decimal("1e-12")
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


@dataclass(frozen=True, slots=True)
class _Lot:
    """Shares at a cost each, from the `day` on which they got it."""

    shares: Decimal
    unit: Decimal
    day: date

    @property
    def cost(self) -> Decimal:
        return self.shares * self.unit


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
        self._lots: dict[tuple[str, str], _Lot] = {}
        self._touched: dict[str, set[Symbol]] = defaultdict(set)

    def opened(self) -> Iterator[str]:
        """Of what the ledgers used: to be called after `ledger`."""
        first = min(self._open.values(), default=None)
        for name, native in sorted(self._commodities.renamed().items()):
            yield f"{first} commodity {name}"
            yield f"  native: {_quoted(native)}"
        for account, day in self._open.items():
            yield f"{day} open {account}"
        yield ""

    def ledger(self, ledger: AccountLedger) -> Iterator[str]:
        for line in ledger.lines:
            if isinstance(line, Transaction):
                yield from self._transaction(ledger, line)
            else:
                yield from self._balance(ledger, line)

    def _transaction(self, ledger: AccountLedger, made: Transaction) -> Iterator[str]:
        lines: list[str] = []
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for posting in made.postings:
            lots = self._lots_moved(ledger, made.session, posting)
            lines += self._assets(ledger, made.session, posting, lots)
            gain = posting.cash + sum((lot.cost for lot in lots), ZERO)
            for account, part in self._sources(ledger, made.reason, posting, gain):
                sums[account] += part
        yield f"{made.session} * {_quoted(made.reason)} #run-{made.run}"
        yield from (f"  {line}" for line in lines)
        for account, gain in sums.items():
            if amount := -gain.quantize(PRECISE):
                self._open.setdefault(account, made.session)
                yield f"  {account}  {_amount(amount)} {ledger.currency}"
        yield ""

    def _lots_moved(self, ledger: AccountLedger, day: date, posting: Posting) -> list[_Lot]:
        """Shares taken from the lot as they are, or the old lot taken out, and a new one."""
        if posting.symbol is None:
            return []
        place = self._asset(ledger, posting.owner, day), posting.symbol
        old = self._lots.pop(place, None)
        unit = _unit(posting)
        if old and abs(old.unit * posting.held - posting.held_cost) < PRECISE:
            self._lots[place] = replace(old, shares=posting.held)
            moved = [replace(old, shares=posting.shares)]
        else:
            self._lots[place] = _Lot(posting.held, unit, day)
            moved = [*([replace(old, shares=-old.shares)] if old else []), self._lots[place]]
        if not posting.held:
            del self._lots[place]
        self._touched[posting.owner].add(posting.symbol)
        return [lot for lot in moved if lot.shares]

    def _assets(self, ledger: AccountLedger, day: date, posting: Posting, lots: Iterable[_Lot]) -> Iterator[str]:
        account, currency = self._asset(ledger, posting.owner, day), ledger.currency
        for lot in lots:
            name = self._commodity(posting.symbol or "")
            yield f"{account}  {lot.shares:f} {name} {{{_amount(lot.unit)} {currency}, {lot.day}}}"
        if posting.cash:
            yield f"{account}  {_amount(posting.cash)} {currency}"
        for tag, value in (("fee", posting.fee), ("crossed", posting.crossed)):
            if value and (lots or posting.cash):
                yield f"  {tag}: {value:f}"

    def _sources(
        self, ledger: AccountLedger, reason: Reason, posting: Posting, gain: Decimal
    ) -> Iterator[tuple[str, Decimal]]:
        """The accounts that the change comes from, with their parts."""
        if reason in GAINS:
            fee = posting.fee if posting.shares < 0 else ZERO
            yield f"Income:{self._account(ledger)}:Gains:{self._owner(ledger, posting.owner)}", gain + fee
            yield f"Expenses:{self._account(ledger)}:Fees", -fee
        else:
            other = CONTRA.get(reason, f"Equity:{{}}:{_component(reason)}")
            yield other.format(self._account(ledger)), gain

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

    def _commodity(self, symbol: str) -> str:
        return self._commodities.of(symbol, _commodity(symbol))

    @staticmethod
    def _first(ledger: AccountLedger) -> date:
        return ledger.lines[0].session


def _unit(posting: Posting) -> Decimal:
    """The average cost of a share; 0 where cost and shares differ in sign, which beancount can't write."""
    if not posting.held * posting.held_cost > 0:
        return ZERO
    return (posting.held_cost / posting.held).quantize(UNIT)


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
