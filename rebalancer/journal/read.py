"""Read-only queries for screens, as frozen values that `codec.to_json` can write.

Lists come from the projections; a single run comes from its events, exactly as journalled. Every function raises
RunFailedError for a file that can't be read, and finds nothing where there is no journal.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rebalancer.errors import BadInputError
from rebalancer.events import (
    BotDecided,
    BotFailed,
    Halted,
    HoldingsRead,
    Noted,
    PlanMade,
    PricesTaken,
    Restated,
    RunTakenUp,
    SettingChanged,
    TargetsSet,
    WrittenOff,
)
from rebalancer.journal.account_state import already_run, read_halts, read_since, read_trading_status, session_runs
from rebalancer.journal.chain import Head, has_chain, read_head
from rebalancer.journal.codec import from_body, from_columns
from rebalancer.journal.connection import reading
from rebalancer.journal.equity import day_figures
from rebalancer.journal.ledger import last_record, read_changes, read_fills, read_ledger
from rebalancer.model import NO_RUN, Fill, OrderKind, Plan, RunStatus, Side, Symbol, Targets, canonical
from rebalancer.ports import AlreadyRun, TradingStatus

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in a list. `ended` is None for one in progress or interrupted; `orders` is the number of its orders.

    `equity` and the day's `gain` are those of `equity.day_figures`, in the account's currency.
    """

    id: int
    account: str
    broker: str
    mode: str
    session: date
    number: int
    dry_run: bool
    forced: bool
    version: str
    started: datetime
    ended: datetime | None
    status: RunStatus
    reason: str
    orders: int
    equity: Decimal | None = None
    gain: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order with its state and fills.

    `state` is "intended" until the broker answers, then "accepted", "refused", "unknown", or its status at the broker.
    `settled`: its state is final and all its fills are journalled. `dollars` is what these bought or sold for, without
    fees, in the account's currency.
    """

    id: str
    run: int
    account: str
    session: date
    at: datetime
    symbol: Symbol
    side: Side
    quantity: Decimal
    kind: OrderKind
    limit: Decimal | None
    why: str
    state: str
    filled: Decimal
    average_price: Decimal | None
    reason: str
    settled: bool
    fills: tuple[Fill, ...]
    dollars: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything about one run. `files` maps the config and each bot file to its SHA-256.

    `targets` and `plan` are None where the run ended before them. `changes` are the settings changed since the run
    before. `head` is the run's last line; None in a journal of an earlier version that has no hashes yet.
    """

    run: RunSummary
    closes: datetime
    files: Mapping[str, str]
    notes: tuple[str, ...]
    holdings: tuple[HoldingsRead, ...]
    prices: tuple[PricesTaken, ...]
    decisions: tuple[BotDecided | BotFailed, ...]
    targets: Targets | None
    plan: Plan | None
    orders: tuple[OrderSummary, ...]
    remarks: tuple[Noted, ...]
    changes: tuple[SettingChanged, ...]
    head: Head | None


@dataclass(frozen=True, slots=True)
class PositionSummary:
    """Our shares of one symbol. Money to the cent.

    `at_broker` is the broker's whole position when it was last recorded, `value` the value of our shares then; None
    where the symbol was bought, split, renamed or written off since.
    """

    symbol: Symbol
    ours: Decimal
    at_broker: Decimal | None
    value: Decimal | None


def runs(path: Path, account: str | None = None, limit: int = 20, before: int | None = None) -> tuple[RunSummary, ...]:
    """The last `limit` runs, or those before the run `before`, newest first."""
    with reading(path) as journal:
        condition = "(:account IS NULL OR account = :account) AND (:before IS NULL OR id < :before)"
        return tuple(_run_summaries(journal, condition, {"account": account, "limit": limit, "before": before}))


def run(path: Path, run_id: int | None = None) -> RunRecord:
    """The run `run_id`, or the last one. Raises BadInputError where there is no such run."""
    with reading(path) as journal:
        for line in _run_summaries(journal, ":run IS NULL OR id = :run", {"run": run_id, "limit": 1}):
            return _record(journal, line)
    wanted = "no run yet" if run_id is None else f"no run {run_id}"
    raise BadInputError.of(path, f"the journal has {wanted}; `rebalance history` lists its runs")


def ended_run(path: Path, account: str, session: date) -> AlreadyRun | None:
    """The run that used up `session`; None where there was none, or where one is to be resumed."""
    with reading(path) as journal:
        earlier = session_runs(journal, account, session)
        return None if any(run.status == "running" for run in earlier) else already_run(account, session, earlier)


def since(path: Path, account: str, bot: str, sha256: str) -> date | None:
    """As the port's `since`."""
    with reading(path) as journal:
        return read_since(journal, account, bot, sha256)


def orders(
    path: Path, account: str | None = None, run_id: int | None = None, limit: int = 50, before: str | None = None
) -> tuple[OrderSummary, ...]:
    """The last `limit` orders, or those before the order `before`, newest first."""
    with reading(path) as journal:
        condition = (
            "(:account IS NULL OR runs.account = :account) AND (:run IS NULL OR runs.id = :run)"
            " AND (:before IS NULL OR orders.seq < (SELECT seq FROM orders WHERE id = :before))"
        )
        values = {"account": account, "run": run_id, "limit": limit, "before": before}
        return tuple(_order_summaries(journal, condition, values))


def positions(path: Path, account: str) -> tuple[PositionSummary, ...]:
    """Our positions in `account`, sorted by symbol."""
    with reading(path) as journal:
        ledger = read_ledger(journal, account)
        seq, _ = last_record(journal, account)
        restated = {
            change.symbol
            for change in read_changes(journal, account, after=seq)
            if isinstance(change, Restated | WrittenOff)
        }
        shown = {
            canonical(row["symbol"]): (Decimal(row["quantity"]), Decimal(row["value"]))
            for row in journal.execute("SELECT symbol, quantity, value FROM holdings WHERE seq = ?", [seq])
            if canonical(row["symbol"]) not in restated
        }
    return tuple(_position(symbol, ours, shown.get(symbol)) for symbol, ours in sorted(ledger.ours.items()))


def noted(path: Path, text: str, since: datetime) -> bool:
    """Whether `text` was noted outside a run, at `since` or later."""
    with reading(path) as journal:
        rows = journal.execute(
            "SELECT body FROM events WHERE run = ? AND kind = ? AND at >= ?",
            [NO_RUN, Noted.__name__, since.isoformat()],
        )
        return any(getattr(from_body(Noted.__name__, body), "text", None) == text for (body,) in rows)


def trading_status(path: Path, account: str) -> TradingStatus:
    """Whether `account` is halted, armed or limited by its daily loss."""
    with reading(path) as journal:
        return read_trading_status(journal, account)


def halts(path: Path, account: str) -> tuple[Halted, ...]:
    """Halts in force for `account`, its own and those of all accounts, oldest first."""
    with reading(path) as journal:
        return read_halts(journal, account)


def _position(symbol: Symbol, ours: Decimal, shown: tuple[Decimal, Decimal] | None) -> PositionSummary:
    quantity, value = shown or (None, None)
    worth = (ours * value / quantity).quantize(CENT) if quantity and value is not None else None
    return PositionSummary(symbol, ours, quantity, worth)


def _run_summaries(journal: sqlite3.Connection, condition: str, values: Mapping[str, object]) -> Iterator[RunSummary]:
    rows = journal.execute(
        "SELECT *, (SELECT COUNT(*) FROM orders WHERE orders.run = runs.id) AS orders"
        f" FROM runs WHERE {condition} ORDER BY id DESC LIMIT :limit",
        values,
    )
    for row in rows.fetchall():
        yield from_columns(RunSummary, {**dict(row), **day_figures(journal, row)})


def _order_summaries(
    journal: sqlite3.Connection, condition: str, values: Mapping[str, object]
) -> Iterator[OrderSummary]:
    rows = journal.execute(
        'SELECT orders.*, limit_price AS "limit", account, session FROM orders JOIN runs ON runs.id = orders.run'
        f" WHERE {condition} ORDER BY orders.seq DESC LIMIT :limit",
        values,
    )
    for row in rows:
        fills = read_fills(journal, row["id"])
        dollars = sum((fill.quantity * fill.price for fill in fills), Decimal(0))
        summary = from_columns(OrderSummary, {**row, "fills": (), "dollars": "0"})
        yield replace(summary, fills=fills, dollars=dollars)


def _record(journal: sqlite3.Connection, line: RunSummary) -> RunRecord:
    head = journal.execute("SELECT closes, notes FROM runs WHERE id = ?", [line.id]).fetchone()
    files = journal.execute("SELECT name, sha256 FROM run_files WHERE run = ? ORDER BY name", [line.id])
    lines = journal.execute("SELECT kind, body FROM events WHERE run = ? ORDER BY seq", [line.id])
    events = [from_body(kind, body) for kind, body in lines]
    ordered = _order_summaries(journal, "runs.id = :run", {"run": line.id, "limit": -1})
    return RunRecord(
        run=line,
        closes=datetime.fromisoformat(head["closes"]),
        files=dict(files.fetchall()),
        notes=tuple(json.loads(head["notes"])),
        holdings=_only(events, HoldingsRead),
        prices=_only(events, PricesTaken),
        decisions=_only(events, BotDecided, BotFailed),
        targets=next((event.targets for event in reversed(_only(events, TargetsSet))), None),
        plan=next((event.plan for event in reversed(_only(events, PlanMade))), None),
        orders=tuple(ordered)[::-1],
        remarks=tuple(_remark(event) for event in events if isinstance(event, Noted | RunTakenUp)),
        changes=_only(events, SettingChanged),
        head=read_head(journal, line.id) if has_chain(journal) else None,
    )


def _remark(event: Noted | RunTakenUp) -> Noted:
    return event if isinstance(event, Noted) else Noted(event.at, "warning", event.why)


def _only(events: list[Any], *kinds: type) -> tuple[Any, ...]:
    return tuple(event for event in events if isinstance(event, kinds))
