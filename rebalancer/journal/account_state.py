"""The state of an account by the journal: its orders, its settings, its runs, and whether it may trade.

Works on any connection to a journal.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from rebalancer.events import Armed, Disarmed, Halted, HoldingsRead, SettingChanged
from rebalancer.journal.codec import from_body, from_columns
from rebalancer.model import Order, OrderId, RunId, RunRequest, RunStatus, canonical
from rebalancer.ports import AlreadyRun, BalanceRecord, InterruptedRun, OrderRecord, TradingStatus

SETTINGS = "settings"
"""The file name under which a run stores its settings: a JSON object, dotted key to text."""

Settings = Mapping[str, str]


def read_orders(connection: sqlite3.Connection, condition: str, *values: object) -> tuple[OrderRecord, ...]:
    """The orders for which `condition` holds, oldest first."""
    rows = connection.cursor()
    rows.row_factory = sqlite3.Row
    rows.execute(
        f"SELECT orders.*, session FROM orders JOIN runs ON runs.id = orders.run WHERE {condition} ORDER BY orders.seq",
        values,
    )
    return tuple(_order_record(dict(row)) for row in rows)


def _order_record(row: Mapping[str, Any]) -> OrderRecord:
    order = {**row, "symbol": canonical(row["symbol"]), "limit": row["limit_price"]}
    columns = {**row, "phase": row["state"], "at": row["sent"]}
    return from_columns(OrderRecord, {**columns, "order": {field.name: order[field.name] for field in fields(Order)}})


def read_balances(connection: sqlite3.Connection, account: str, first: date) -> tuple[BalanceRecord, ...]:
    rows = connection.execute(
        "SELECT runs.id, session, kind, body FROM events JOIN runs ON runs.id = events.run"
        " WHERE kind = ? AND account = ? AND session >= ? ORDER BY events.seq",
        [HoldingsRead.__name__, account, first.isoformat()],
    )
    return tuple(
        BalanceRecord(RunId(run), date.fromisoformat(session), read.phase, read.account)
        for run, session, read in ((run, session, from_body(kind, body)) for run, session, kind, body in rows)
    )


def known(connection: sqlite3.Connection, account: str, ids: Iterable[OrderId]) -> frozenset[OrderId]:
    """Those of `ids` that are journalled orders of `account`, not refused, or that a person accounted for."""
    found = connection.execute(
        "SELECT value FROM json_each(:ids) WHERE EXISTS (SELECT 1 FROM orders JOIN runs ON runs.id = orders.run"
        " WHERE orders.id = value AND orders.state != 'refused' AND runs.account = :account)"
        " OR EXISTS (SELECT 1 FROM accounted WHERE order_id = value AND account = :account)",
        {"ids": json.dumps(list(ids)), "account": account},
    )
    return frozenset(order_id for (order_id,) in found)


def read_failures(connection: sqlite3.Connection, run: RunId) -> dict[str, str]:
    """The reason why each failed bot of `run` could not decide, by bot."""
    rows = connection.execute(
        "SELECT bot, failure FROM allocations WHERE run = ? AND failure IS NOT NULL ORDER BY seq", [run]
    )
    return dict(rows.fetchall())


def read_payments(connection: sqlite3.Connection, account: str) -> frozenset[str]:
    """The ids of the broker's payments in real runs of `account`."""
    rows = connection.execute(
        "SELECT json_extract(body, '$.payment.id') FROM events JOIN runs ON runs.id = events.run"
        " WHERE kind = 'CashPaid' AND account = ? AND NOT dry_run",
        [account],
    )
    return frozenset(payment for (payment,) in rows)


def read_since(connection: sqlite3.Connection, account: str, bot: str, sha256: str) -> date | None:
    """The `since` of the last decision of `bot`, as a file of that SHA-256, in a real run of `account`."""
    row = connection.execute(
        "SELECT kind, body FROM allocations JOIN events USING (seq) JOIN runs ON runs.id = allocations.run"
        " JOIN run_files ON run_files.run = runs.id AND run_files.name = 'bot ' || bot"
        " WHERE account = ? AND bot = ? AND sha256 = ? AND failure IS NULL AND NOT dry_run ORDER BY seq DESC LIMIT 1",
        [account, bot, sha256],
    ).fetchone()
    return from_body(*row).since if row else None


def read_interrupted(connection: sqlite3.Connection, account: str) -> InterruptedRun | None:
    row = connection.execute(
        "SELECT runs.id, session, COUNT(orders.id) FROM runs LEFT JOIN orders ON orders.run = runs.id"
        " WHERE account = ? AND status = 'running' GROUP BY runs.id ORDER BY runs.id DESC LIMIT 1",
        [account],
    ).fetchone()
    if row is None:
        return None
    run, session, orders = row
    files = connection.execute("SELECT name, content FROM run_files JOIN files USING (sha256) WHERE run = ?", [run])
    made = _event(connection, "plans", "run", run)
    return InterruptedRun(
        RunId(run), date.fromisoformat(session), orders, dict(files.fetchall()), made.plan if made else None
    )


def _event(connection: sqlite3.Connection, table: str, column: str, value: object) -> Any:  # noqa: ANN401 - its kind
    """The event of the last row of the projection `table` whose `column` is `value`; None where there is no row."""
    row = connection.execute(
        f"SELECT kind, body FROM {table} JOIN events USING (seq) WHERE {table}.{column} = ? ORDER BY seq DESC LIMIT 1",
        [value],
    ).fetchone()
    return from_body(*row) if row else None


def read_trading_status(connection: sqlite3.Connection, account: str) -> TradingStatus:
    halts, armed = read_halts(connection, account), _event(connection, "arms", "account", account)
    return TradingStatus(
        halt=halts[-1] if halts else None,
        armed=armed if isinstance(armed, Armed) else None,
        loss=_loss(connection, account),
        last=_last(connection, account),
    )


def read_halts(connection: sqlite3.Connection, account: str) -> tuple[Halted, ...]:
    """Halts of `account` and of all accounts since the last one was lifted, oldest first."""
    rows = connection.execute(
        "SELECT at, account, \"by\", reason FROM halts WHERE account IN (:account, '') AND seq > (SELECT"
        " COALESCE(MAX(seq), 0) FROM halts WHERE account IN (:account, '') AND lifted) ORDER BY seq",
        {"account": account},
    )
    return tuple(Halted(datetime.fromisoformat(at), whose, by, reason) for at, whose, by, reason in rows.fetchall())


def _loss(connection: sqlite3.Connection, account: str) -> date | None:
    row = connection.execute(
        "SELECT MAX(runs.session) FROM losses JOIN runs ON runs.id = losses.run WHERE runs.account = ?", [account]
    ).fetchone()
    return None if row[0] is None else date.fromisoformat(row[0])


def _last(connection: sqlite3.Connection, account: str) -> tuple[str, str, str] | None:
    row = connection.execute(
        "SELECT runs.mode, runs.venue, balances.number FROM balances JOIN runs ON runs.id = balances.run"
        " WHERE runs.account = ? ORDER BY balances.seq DESC LIMIT 1",
        [account],
    ).fetchone()
    return None if row is None else (row[0], row[1], row[2])


def is_blocked(connection: sqlite3.Connection, run: RunId) -> bool:
    """Whether new orders of `run` are blocked: its account is halted or, in live mode, disarmed. Never for a dry run.

    Must run in the transaction that records the order, so that no halt can come in between.
    """
    account, mode, dry_run = connection.execute(
        "SELECT account, mode, dry_run FROM runs WHERE id = ?", [run]
    ).fetchone()
    if dry_run:
        return False
    # An account that was never armed is not disarmed: the gate decides about that one.
    disarmed = mode == "live" and isinstance(_event(connection, "arms", "account", account), Disarmed)
    return disarmed or bool(read_halts(connection, account))


def setting_changes(at: datetime, account: str, old: Settings, new: Settings) -> tuple[SettingChanged, ...]:
    """The changes from `old` to `new`, sorted by key."""
    return tuple(
        SettingChanged(at, account, key, old.get(key), new.get(key))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    )


def changed_settings(connection: sqlite3.Connection, request: RunRequest) -> tuple[SettingChanged, ...]:
    """How the settings of `request` differ from those of the account's last run; empty before its first."""
    before = _last_settings(connection, request.account)
    if before is None or SETTINGS not in request.files:
        return ()
    return setting_changes(request.at, request.account, before, json.loads(request.files[SETTINGS]))


def _last_settings(connection: sqlite3.Connection, account: str) -> Settings | None:
    """The settings of the account's last run with all later changes applied; None before its first run."""
    row = connection.execute(
        "SELECT run_files.run, content FROM run_files JOIN files USING (sha256) JOIN runs ON runs.id = run_files.run"
        " WHERE runs.account = ? AND run_files.name = ? ORDER BY run_files.run DESC LIMIT 1",
        [account, SETTINGS],
    ).fetchone()
    if row is None:
        return None
    run, content = row
    settings: dict[str, str | None] = json.loads(content)
    since = connection.execute(
        "SELECT key, new FROM setting_changes WHERE account = ? AND seq > (SELECT MIN(seq) FROM events WHERE run = ?)"
        " ORDER BY seq",
        [account, run],
    )
    settings.update(since.fetchall())
    return {key: value for key, value in settings.items() if value is not None}


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """`orders` counts the orders journalled, which may have been sent."""

    id: RunId
    number: int
    status: RunStatus
    orders: int

    @property
    def uses_up_session(self) -> bool:
        return self.status == "success" or self.orders > 0


def earlier_runs(connection: sqlite3.Connection, condition: str, account: str, *values: str) -> tuple[EarlierRun, ...]:
    """The runs of `account` for which `condition` holds, by their number."""
    rows = connection.execute(
        "SELECT runs.id, number, status, COUNT(orders.id) FROM runs LEFT JOIN orders ON orders.run = runs.id"
        f" WHERE account = ? AND {condition} GROUP BY runs.id ORDER BY number",
        [account, *values],
    )
    return tuple(EarlierRun(*row) for row in rows)


def session_runs(connection: sqlite3.Connection, account: str, session: date) -> tuple[EarlierRun, ...]:
    return earlier_runs(connection, "session = ?", account, session.isoformat())


def already_run(account: str, session: date, earlier: Iterable[EarlierRun]) -> AlreadyRun | None:
    """Why `session` had its run, by all `earlier` runs of it (oldest first); None where it had none.

    One real run per account and session: that is what prevents duplicate orders.
    """
    done = [run for run in earlier if run.uses_up_session]
    return AlreadyRun(done[-1].id, f"the run of {session} for account {account} {_state(done[-1])}") if done else None


def interrupted_reason(run: EarlierRun) -> str:
    """The journalled reason of a run whose process died."""
    if not run.orders:
        return "cut off before its first order"
    return f"cut off after {_counted(run.orders)} had been written down"


def resumed_note(at: datetime, *, running: bool) -> str:
    """The journalled note of a resumed run: it was interrupted (`running`), or ended and left unsettled orders."""
    now = f"at {at:%Y-%m-%d %H:%M:%S} UTC"
    if running:
        return f"this run was cut off; it is gone on with {now} by what was recorded when it began"
    return f"the orders that this run left are settled {now}"


def resumed_elsewhere(run: RunId) -> str:
    return (
        f"run {run} was cut off, and another process has gone on with it to its end meanwhile. Nothing was done here; "
        "`rebalance history` shows what became of it."
    )


def _counted(orders: int) -> str:
    return "1 order" if orders == 1 else f"{orders} orders"


def _state(run: EarlierRun) -> str:
    if run.status in {"success", "partial"}:
        details = f"(run {run.id}, {run.status}, {_counted(run.orders)})"
        return f"is done {details}: nothing to do; `rebalance run --force` starts another"
    how = f"was {interrupted_reason(run)}" if run.status == "running" else f"{run.status} after {_counted(run.orders)}"
    remedy = "see what came of it with `rebalance orders`, then start another with `rebalance run --force`"
    return f"{how} (run {run.id}): {remedy}"
