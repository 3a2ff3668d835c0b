"""Fills the projections from the events: one function per kind of event.

Only events parsed back from their stored text are projected, so that a rebuild gives the same rows.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from functools import singledispatch
from typing import Any

from rebalancer import bookings, events
from rebalancer.journal.codec import Claimed, from_body
from rebalancer.journal.tables import INDEXES, PROJECTIONS, TableWriter, impossible, not_of_account
from rebalancer.model import NO_RUN, Fill, NoPrice, Order, OrderPhase, Price, RunStep, Trade
from rebalancer.model.states import OVER, SHOWN

UNCHANGED: Mapping[type, str] = {
    events.DailyLossHit: "losses",
    events.Armed: "arms",
    events.Disarmed: "arms",
    events.SettingChanged: "setting_changes",
    events.Restated: "restatements",
}
"""Events whose fields are stored unchanged as one row, and their table."""
SEEN: frozenset[OrderPhase] = frozenset({*SHOWN, "refused"})


def rebuild(db: sqlite3.Connection) -> None:
    """Drop and refill every projection, in the caller's transaction."""
    for table in reversed(list(PROJECTIONS)):
        db.execute(f"DROP TABLE IF EXISTS {table}")
    fill(db, db)


def fill(db: sqlite3.Connection, source: sqlite3.Connection, after: int = 0) -> None:
    """Create the projections in `db`, which has none yet, from the events in `source` after line `after`."""
    for statement in (*PROJECTIONS.values(), *INDEXES):
        db.execute(statement)
    events = source.execute("SELECT seq, run, kind, body FROM events WHERE seq > ? ORDER BY seq", [after])
    for seq, run, kind, body in events.fetchall():
        project(from_body(kind, body), TableWriter(db, seq, run, fresh=False))


READS: Mapping[str, RunStep] = {"start": "surveyed", "after_sells": "sold", "end": "settled"}
"""The step that a run completes by reading its account in this phase."""


@singledispatch
def project(event: events.Event, tables: TableWriter) -> None:
    """Update the tables with `event`. Raises KeyError for an event of a kind that has no projection."""
    tables.insert(UNCHANGED[type(event)], {"seq": tables.seq, "run": tables.run, **_columns(event)})


@project.register
def _noted(event: events.Noted, tables: TableWriter) -> None:
    """One outside a run has no row: `read.noted` finds it in the events."""
    if tables.run != NO_RUN:
        tables.insert("notes", {"seq": tables.seq, "run": tables.run, **_columns(event)})


@project.register
def _claimed(event: Claimed, tables: TableWriter) -> None:
    columns = _columns(event)
    started, files, forced = (columns.pop(name) for name in ("at", "files", "force"))
    columns |= {"id": tables.run, "started": started, "forced": forced}
    tables.insert("runs", {**columns, "status": "running", "reason": "", "step": "claimed"})
    tables.insert("run_files", *({"run": tables.run, "name": name, "sha256": sha} for name, sha in files.items()))


@project.register
def _run_ended(event: events.RunEnded, tables: TableWriter) -> None:
    tables.step("ended")
    tables.update("runs", tables.run, ended=event.at, status=event.status, reason=event.reason)


@project.register
def _holdings_read(event: events.HoldingsRead, tables: TableWriter) -> None:
    if event.phase != "again":
        tables.step(READS[event.phase])
    account = event.account
    tables.insert(
        "balances",
        {
            "seq": tables.seq,
            "run": tables.run,
            "at": event.at,
            "phase": event.phase,
            "number": account.number,
            "currency": account.currency,
            "blocked": account.blocked,
            "equity": account.equity,
            "cash": account.cash,
            "spendable": account.spendable,
            "reserve": event.reserve,
            "others_value": event.others_value,
            "investable": event.investable,
        },
    )
    tables.insert("holdings", *({"seq": tables.seq, **_columns(holding)} for holding in event.holdings))


@project.register
def _prices_taken(event: events.PricesTaken, tables: TableWriter) -> None:
    place = {"seq": tables.seq, "run": tables.run, "purpose": event.purpose}
    tables.insert("prices", *({**place, **_columns(price), "reasons": ()} for price in event.prices))
    tables.insert("prices", *({**place, **_columns(missing)} for missing in event.missing))


@project.register
def _bot_decided(event: events.BotDecided, tables: TableWriter) -> None:
    columns = _columns(event)
    for name in ("at", "since", "flips"):  # `account_state.read_since` and `read.run` find them in the event
        del columns[name]
    tables.insert("allocations", {"seq": tables.seq, "run": tables.run, **columns})


@project.register
def _bot_failed(event: events.BotFailed, tables: TableWriter) -> None:
    columns: dict[str, object] = {"bot": event.failure.bot, "share": event.share, "failure": event.failure.reason}
    columns |= {"weights": {}, "path": (), "warnings": ()}
    tables.insert("allocations", {"seq": tables.seq, "run": tables.run, **columns})


@project.register
def _targets_set(event: events.TargetsSet, tables: TableWriter) -> None:
    tables.step("decided")
    targets = event.targets
    steps = {"shares": targets.shares, "nettings": targets.nettings, "notes": targets.notes}
    tables.insert("waterfalls", {"seq": tables.seq, "run": tables.run, **steps})
    for symbol in sorted({*targets.merged, *targets.netted, *targets.weights}):
        weights = {"merged": targets.merged, "netted": targets.netted, "capped": targets.weights}
        row = {name: step.get(symbol, 0.0) for name, step in weights.items()}
        tables.insert("targets", {"seq": tables.seq, "symbol": symbol, **row, "why": targets.whys.get(symbol, "")})


@project.register
def _plan_made(event: events.PlanMade, tables: TableWriter) -> None:
    tables.step("planned")
    tables.insert("plans", {"seq": tables.seq, "run": tables.run, "investable": event.plan.investable})
    for trade in event.plan.trades:
        price = trade.price.value if trade.price else None
        tables.insert("trades", {"seq": tables.seq, **_columns(trade), "price": price})


@project.register
def _order_intended(event: events.OrderIntended, tables: TableWriter) -> None:
    tables.step("selling" if event.order.side == "sell" else "buying")
    columns = _columns(event.order)
    columns["limit_price"] = columns.pop("limit")
    fresh = {"state": "intended", "filled": Decimal(0), "reason": "", "counted": Decimal(0), "settled": False}
    fresh |= {"sent": event.at, "times": 1}
    tables.insert("orders", {"seq": tables.seq, "run": tables.run, "at": event.at, **columns, **fresh})


@project.register
def _order_answered(event: events.OrderAnswered, tables: TableWriter) -> None:
    """Ignored once the order's status at the broker is known."""
    order = tables.order(event.order_id)
    if order is not None and order["state"] not in SEEN:
        tables.update_order(order, state=event.answer, reason=event.reason)


@project.register
def _order_absent(event: events.OrderAbsent, tables: TableWriter) -> None:
    if order := tables.order(event.order_id):
        tables.update_order(order, state="absent")


@project.register
def _order_resent(event: events.OrderResent, tables: TableWriter) -> None:
    if order := tables.order(event.order_id):
        if order["state"] != "absent":
            raise impossible(order, "be sent again")
        tables.step("selling" if order["side"] == "sell" else "buying")
        tables.update_order(order, state="intended", sent=event.at, times=order["times"] + 1)


@project.register
def _order_lost(event: events.OrderLost, tables: TableWriter) -> None:
    if order := tables.order(event.order_id):
        if order["state"] == "intended" and order["times"] == 1:
            raise impossible(order, "be given up without a look")
        tables.update_order(order, state="lost", reason=event.reason)


@project.register
def _order_seen(event: events.OrderSeen, tables: TableWriter) -> None:
    """A late status never reopens a final order and never lowers its filled quantity."""
    seen = event.state
    order = tables.order(seen.id)
    if order is None or (order["state"] in OVER and not seen.terminal):
        return
    tables.update_order(
        order,
        state=seen.status,
        filled=max(seen.filled, Decimal(order["filled"])),
        average_price=seen.average_price,
        reason=seen.reason,
    )


@project.register
def _fill_seen(event: events.FillSeen, tables: TableWriter) -> None:
    """Idempotent: an execution id of the account is counted once."""
    fill = event.fill
    ((account,),) = tables.db.execute("SELECT account FROM runs WHERE id = ?", [tables.run])
    known = "SELECT 1 FROM fills WHERE account = ? AND execution_id = ?"
    if tables.db.execute(known, [account, fill.execution_id]).fetchone():
        return
    tables.insert("fills", {"account": account, "seq": tables.seq, "run": tables.run, **_columns(fill)})
    if order := tables.order(fill.order_id):
        tables.update_order(order, counted=Decimal(order["counted"]) + fill.quantity)


@project.register
def _run_taken_up(event: events.RunTakenUp, tables: TableWriter) -> None:
    """An ended run stays ended; only its unsettled orders are settled."""
    if tables.db.execute("SELECT step FROM runs WHERE id = ?", [tables.run]).fetchone() != ("ended",):
        tables.step("taken up")
    tables.insert(
        "notes", {"seq": tables.seq, "run": tables.run, "at": event.at, "level": "warning", "text": event.why}
    )


@project.register(events.Halted)
@project.register(events.HaltLifted)
def _halt_changed(event: events.Halted | events.HaltLifted, tables: TableWriter) -> None:
    lifted = isinstance(event, events.HaltLifted)
    tables.insert("halts", {"seq": tables.seq, "run": tables.run, **_columns(event), "lifted": lifted})


@project.register
def _order_accounted(event: events.OrderAccounted, tables: TableWriter) -> None:
    """An order that a person accounted for is settled: no later run looks it up.

    Raises BadInputError for another account's order in a fresh event; in an old event such an order stays open.
    """
    order = tables.order(event.order_id)
    if tables.fresh and order is not None and order["account"] != event.account:
        raise not_of_account(event.order_id, order["account"], event.account)
    tables.insert("accounted", {"seq": tables.seq, "run": tables.run, **_columns(event)})
    if order is not None and order["account"] == event.account:
        tables.update("orders", event.order_id, settled=True)


@project.register
def _adopted(event: events.Adopted, tables: TableWriter) -> None:
    columns = _columns(event)
    del columns["cost"]  # `books` reads it from the event
    tables.insert("adoptions", {"seq": tables.seq, **columns})


@project.register(events.WrittenOff)
@project.register(bookings.BookUsed)
@project.register(bookings.CapitalMoved)
@project.register(bookings.CashPaid)
@project.register(bookings.HandedOver)
@project.register(bookings.SpunOff)
def _without_table(event: events.Event, tables: TableWriter) -> None:
    """Rare: `ledger` and `books` read them from the events."""


def _columns(value: events.Event | events.Holding | Price | NoPrice | Trade | Order | Fill) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
