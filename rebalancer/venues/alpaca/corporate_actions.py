"""Alpaca's announcements of corporate actions. One that can't be parsed becomes kind "other", never dropped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rebalancer.errors import SourceError
from rebalancer.model import CorporateAction, Symbol, symbol
from rebalancer.model.text import digits
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.parse import finite

Row = Mapping[str, Any]

PROCESSED_BEFORE, PROCESSED_AFTER = timedelta(days=7), timedelta(days=100)
"""Alpaca searches by processing day; a dividend is processed on its payment day, months after the ex-date."""

DATES = ("ex_date", "effective_date", "process_date")
MOST_A_PAGE = 1_000


def corporate_actions(
    client: AlpacaClient, symbols: Sequence[Symbol], first: date, last: date
) -> tuple[CorporateAction, ...]:
    """All that touch `symbols` on a day from `first` to `last`, by day and symbol. Raises SourceError.

    A rename is found by either of its symbols.
    """
    params = {"start": f"{first - PROCESSED_BEFORE}", "end": f"{last + PROCESSED_AFTER}", "limit": str(MOST_A_PAGE)}
    found: set[CorporateAction] = set()  # two parts of the symbols may return the same action
    for page in client.pages("/corporate-actions", symbols, params, version="v1"):
        try:
            for group, rows in (page["corporate_actions"] or {}).items():
                found.update(action for row in rows or () for action in read(group, row, symbols))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SourceError(f"Alpaca's corporate actions can't be read ({error!r}): run again later.") from error
    return tuple(sorted((action for action in found if first <= action.day <= last), key=_order))


def read(group: str, row: Row, symbols: Sequence[Symbol]) -> tuple[CorporateAction, ...]:
    """The actions of a row of `group` for `symbols`. Raises ValueError for a row without a day."""
    day = _day(row)
    try:
        return tuple(KNOWN[group](row, day))
    except (KeyError, TypeError, ValueError):
        return tuple(_other(group, row, day, symbols))


def _split(row: Row, day: date) -> Iterator[CorporateAction]:
    """A reverse split may come with a new symbol."""
    new, old = _number(row["new_rate"]), _number(row["old_rate"])
    kind = "split" if new > old else "reverse split"
    words = f"{digits(new)} for {digits(old)} {kind} of {day}"
    before = symbol(row.get("old_symbol") or row["symbol"])
    after = symbol(row.get("new_symbol") or before)
    yield CorporateAction(before, day, "split", ratio=new / old, words=words)
    if after != before:
        yield _renamed(before, after, day)


def _stock_dividend(row: Row, day: date) -> Iterator[CorporateAction]:
    rate = _number(row["rate"])
    words = f"stock dividend of {digits(100 * rate)} % of {day}"
    yield CorporateAction(symbol(row["symbol"]), day, "split", ratio=1 + rate, words=words)


def _cash_dividend(row: Row, day: date) -> Iterator[CorporateAction]:
    """In another currency its value in dollars is unknown here: kind "other"."""
    amount, currency = _number(row["rate"]), row.get("currency") or "USD"
    words = f"dividend of {digits(amount)} {currency} a share of {day}"
    action = CorporateAction(symbol(row["symbol"]), day, "other", words=words)
    yield replace(action, kind="dividend", dollars=amount) if currency == "USD" else action


def _name_change(row: Row, day: date) -> Iterator[CorporateAction]:
    yield _renamed(symbol(row["old_symbol"]), symbol(row["new_symbol"]), day)


def _renamed(old: Symbol, new: Symbol, day: date) -> CorporateAction:
    return CorporateAction(old, day, "rename", renamed=new, words=f"rename to {new} of {day}")


KNOWN: Mapping[str, Callable[[Row, date], Iterator[CorporateAction]]] = {
    "forward_splits": _split,
    "reverse_splits": _split,
    "stock_dividends": _stock_dividend,
    "cash_dividends": _cash_dividend,
    "name_changes": _name_change,
}


def _other(group: str, row: Row, day: date, symbols: Sequence[Symbol]) -> Iterator[CorporateAction]:
    """One action for each of `symbols` that the row names."""
    named = {key: value for key, value in row.items() if key.endswith("symbol")}
    words = f"{group.replace('_', ' ').removesuffix('s')} of {day} ({', '.join(map(str, named.values()))})"
    for touched in symbols:
        if touched in named.values():
            action = CorporateAction(touched, day, "other", words=words)
            spun = group == "spin_offs" and touched == row.get("new_symbol")
            yield replace(action, **_spun(row)) if spun else action


def _spun(row: Row) -> dict[str, Any]:
    """What brought the new shares; nothing where its numbers can't be read."""
    try:
        rate = _number(row["new_rate"]) / _number(row["source_rate"])
        return {"spun_from": symbol(row["source_symbol"]), "spun_rate": rate}
    except (KeyError, TypeError, ValueError):
        return {}


def _day(row: Row) -> date:
    for name in DATES:
        if row.get(name):
            return date.fromisoformat(row[name])
    raise ValueError(f"one has none of {', '.join(DATES)}")


def _number(value: object) -> Decimal:
    """Raises ValueError unless it is above 0."""
    number = finite(value)
    if number is None or not number > 0:
        raise ValueError(f"{value} is not above 0")
    return number


def _order(action: CorporateAction) -> tuple[date, str, str, str]:
    return action.day, action.symbol, action.kind, action.words
