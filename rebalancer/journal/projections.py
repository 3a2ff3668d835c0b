"""The tables people and screens ask, filled from the events alone: one function a kind of event.

What is projected is always an event that was read back from its text, so a rebuild gives the same rows.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from functools import singledispatch
from typing import Any

from rebalancer.events import (
    Adopted,
    Armed,
    BotDecided,
    BotFailed,
    DailyLossHit,
    Disarmed,
    Event,
    FillSeen,
    Halted,
    HaltLifted,
    Holding,
    HoldingsRead,
    Noted,
    OrderAbsent,
    OrderAccounted,
    OrderAnswered,
    OrderIntended,
    OrderLost,
    OrderResent,
    OrderSeen,
    PlanMade,
    PricesTaken,
    Restated,
    RunEnded,
    RunTakenUp,
    SettingChanged,
    TargetsSet,
    WrittenOff,
)
from rebalancer.journal.codec import Claimed, from_body
from rebalancer.journal.entry import Line, never, of_another
from rebalancer.journal.tables import INDEXES, PROJECTIONS
from rebalancer.model import Fill, NoPrice, Order, OrderPhase, Price, RunStep, Trade
from rebalancer.model.states import OVER, SHOWN

_Kept = Noted | DailyLossHit | Armed | Disarmed | SettingChanged | Restated
KEPT: Mapping[type, str] = {
    Noted: "notes",
    DailyLossHit: "losses",
    Armed: "arms",
    Disarmed: "arms",
    SettingChanged: "setting_changes",
    Restated: "restatements",
}
"""The events whose fields are a row as they are, and the table each goes to."""
SEEN: frozenset[OrderPhase] = frozenset({*SHOWN, "refused"})


def rebuild(db: sqlite3.Connection) -> None:
    """Drop every projection and fill it again from the events, in the caller's transaction."""
    for table in reversed(list(PROJECTIONS)):
        db.execute(f"DROP TABLE IF EXISTS {table}")
    fill(db, db)


def fill(db: sqlite3.Connection, source: sqlite3.Connection) -> None:
    """Make every projection in `db`, where there is none yet, from the events in `source`."""
    for statement in (*PROJECTIONS.values(), *INDEXES):
        db.execute(statement)
    for seq, run, kind, body in source.execute("SELECT seq, run, kind, body FROM events ORDER BY seq").fetchall():
        project(from_body(kind, body), Line(db, seq, run, fresh=False))


READS: Mapping[str, RunStep] = {"start": "surveyed", "after_sells": "sold", "end": "settled"}
"""The step a run makes by reading its account."""


@singledispatch
def project(event: object, line: Line) -> None:
    """Bring the tables up to date with `event`, which stands at `line`."""
    raise TypeError(f"line {line.seq} of the journal: {type(event).__name__} has no projection")


@project.register
def _claimed(event: Claimed, line: Line) -> None:
    line.insert(
        "runs",
        {
            "id": line.run,
            "account": event.account,
            "broker": event.broker,
            "mode": event.mode,
            "session": event.session,
            "number": event.number,
            "closes": event.closes,
            "version": event.version,
            "dry_run": event.dry_run,
            "forced": event.force,
            "notes": event.notes,
            "started": event.at,
            "status": "running",
            "reason": "",
            "venue": event.venue,
            "purpose": event.purpose,
            "step": "claimed",
        },
    )
    line.insert("run_files", *({"run": line.run, "name": name, "sha256": sha} for name, sha in event.files.items()))


@project.register
def _run_ended(event: RunEnded, line: Line) -> None:
    line.step("ended")
    line.update("runs", line.run, ended=event.at, status=event.status, reason=event.reason)


@project.register
def _holdings_read(event: HoldingsRead, line: Line) -> None:
    if event.phase != "again":
        line.step(READS[event.phase])
    account = event.account
    line.insert(
        "balances",
        {
            "seq": line.seq,
            "run": line.run,
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
    line.insert("holdings", *({"seq": line.seq, **_columns(holding)} for holding in event.holdings))


@project.register
def _prices_taken(event: PricesTaken, line: Line) -> None:
    place = {"seq": line.seq, "run": line.run, "purpose": event.purpose}
    line.insert("prices", *({**place, **_columns(price), "reasons": ()} for price in event.prices))
    line.insert("prices", *({**place, **_columns(missing)} for missing in event.missing))


@project.register
def _bot_decided(event: BotDecided, line: Line) -> None:
    columns = _columns(event)
    del columns["at"]
    line.insert("allocations", {"seq": line.seq, "run": line.run, **columns})


@project.register
def _bot_failed(event: BotFailed, line: Line) -> None:
    line.insert(
        "allocations",
        {
            "seq": line.seq,
            "run": line.run,
            "bot": event.failure.bot,
            "share": event.share,
            "weights": {},
            "path": (),
            "warnings": (),
            "failure": event.failure.reason,
        },
    )


@project.register
def _targets_set(event: TargetsSet, line: Line) -> None:
    line.step("decided")
    targets = event.targets
    steps = {"shares": targets.shares, "nettings": targets.nettings, "notes": targets.notes}
    line.insert("waterfalls", {"seq": line.seq, "run": line.run, **steps})
    for symbol in sorted({*targets.merged, *targets.netted, *targets.weights}):
        line.insert(
            "targets",
            {
                "seq": line.seq,
                "symbol": symbol,
                "merged": targets.merged.get(symbol, 0.0),
                "netted": targets.netted.get(symbol, 0.0),
                "capped": targets.weights.get(symbol, 0.0),
                "why": targets.whys.get(symbol, ""),
            },
        )


@project.register
def _plan_made(event: PlanMade, line: Line) -> None:
    line.step("planned")
    line.insert("plans", {"seq": line.seq, "run": line.run, "investable": event.plan.investable})
    for trade in event.plan.trades:
        price = trade.price.value if trade.price else None
        line.insert("trades", {"seq": line.seq, **_columns(trade), "price": price})


@project.register
def _order_intended(event: OrderIntended, line: Line) -> None:
    line.step("selling" if event.order.side == "sell" else "buying")
    columns = _columns(event.order)
    columns["limit_price"] = columns.pop("limit")
    fresh = {"state": "intended", "filled": Decimal(0), "reason": "", "counted": Decimal(0), "settled": False}
    fresh |= {"sent": event.at, "times": 1}
    line.insert("orders", {"seq": line.seq, "run": line.run, "at": event.at, **columns, **fresh})


@project.register
def _order_answered(event: OrderAnswered, line: Line) -> None:
    """An answer that comes after the order was seen says nothing new."""
    order = line.order(event.order_id)
    if order is not None and order["state"] not in SEEN:
        line.move_order(order, state=event.answer, reason=event.reason)


@project.register
def _order_absent(event: OrderAbsent, line: Line) -> None:
    if order := line.order(event.order_id):
        line.move_order(order, state="absent")


@project.register
def _order_resent(event: OrderResent, line: Line) -> None:
    if order := line.order(event.order_id):
        if order["state"] != "absent":
            raise never(order, "be sent again")
        line.step("selling" if order["side"] == "sell" else "buying")
        line.move_order(order, state="intended", sent=event.at, times=order["times"] + 1)


@project.register
def _order_lost(event: OrderLost, line: Line) -> None:
    if order := line.order(event.order_id):
        if order["state"] == "intended" and order["times"] == 1:
            raise never(order, "be given up without a look")
        line.move_order(order, state="lost", reason=event.reason)


@project.register
def _order_seen(event: OrderSeen, line: Line) -> None:
    """A late answer never reopens an order, and never takes back what was filled."""
    seen = event.state
    order = line.order(seen.id)
    if order is None or (order["state"] in OVER and not seen.terminal):
        return
    line.move_order(
        order,
        state=seen.status,
        filled=max(seen.filled, Decimal(order["filled"])),
        average_price=seen.average_price,
        reason=seen.reason,
    )


@project.register
def _fill_seen(event: FillSeen, line: Line) -> None:
    """The same execution seen twice counts once."""
    fill = event.fill
    ((account,),) = line.db.execute("SELECT account FROM runs WHERE id = ?", [line.run])
    known = "SELECT 1 FROM fills WHERE account = ? AND execution_id = ?"
    if line.db.execute(known, [account, fill.execution_id]).fetchone():
        return
    line.insert("fills", {"account": account, "seq": line.seq, "run": line.run, **_columns(fill)})
    if order := line.order(fill.order_id):
        line.move_order(order, counted=Decimal(order["counted"]) + fill.quantity)


@project.register(Noted)
@project.register(DailyLossHit)
@project.register(Armed)
@project.register(Disarmed)
@project.register(SettingChanged)
@project.register(Restated)
def _kept_as_it_is(event: _Kept, line: Line) -> None:
    line.insert(KEPT[type(event)], {"seq": line.seq, "run": line.run, **_columns(event)})


@project.register
def _run_taken_up(event: RunTakenUp, line: Line) -> None:
    """One that has its end keeps it: only orders it left are settled then."""
    if line.db.execute("SELECT step FROM runs WHERE id = ?", [line.run]).fetchone() != ("ended",):
        line.step("taken up")
    line.insert("notes", {"seq": line.seq, "run": line.run, "at": event.at, "level": "warning", "text": event.why})


@project.register
def _halted(event: Halted, line: Line) -> None:
    line.insert("halts", {"seq": line.seq, "run": line.run, **_columns(event), "lifted": False})


@project.register
def _halt_lifted(event: HaltLifted, line: Line) -> None:
    line.insert("halts", {"seq": line.seq, "run": line.run, **_columns(event), "lifted": True})


@project.register
def _order_accounted(event: OrderAccounted, line: Line) -> None:
    """An order of ours that a person vouches for is settled: no later start looks for it.

    Raises BadInputError for an order of another account, on a fresh line; one that an old line vouched for stays open.
    """
    owner = line.owner(event.order_id)
    if line.fresh and owner is not None and owner != event.account:
        raise of_another(event.order_id, owner, event.account)
    line.insert("accounted", {"seq": line.seq, "run": line.run, **_columns(event)})
    if owner == event.account:
        line.update("orders", event.order_id, settled=True)


@project.register
def _adopted(event: Adopted, line: Line) -> None:
    line.insert("adoptions", {"seq": line.seq, **_columns(event)})


@project.register
def _written_off(event: WrittenOff, line: Line) -> None:
    """Rare, and read from its own line: no table."""


def _columns(value: Event | Holding | Price | NoPrice | Trade | Order | Fill) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
