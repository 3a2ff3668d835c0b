"""Symbols that get no order tonight: another sender has one open in them, or one of ours is in doubt."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import get_args

from stage import DAYS, GLD, SPY, TLT

from rebalancer.model import Order, OrderId, OrderPhase, OrderState, RunId, Side, Symbol
from rebalancer.portfolio.order_ids import order_id
from rebalancer.ports import OrderRecord
from rebalancer.trading.recovery import blocked_symbols, external_orders, orders_in_doubt, symbols_in_doubt

OURS = order_id("demo", DAYS[0], 1, "buys", SPY, "buy")


def open_order(name: str, symbol: Symbol, side: Side = "buy", filled: int = 0) -> OrderState:
    return OrderState(OrderId(name), symbol, side, Decimal(9), "limit", Decimal(1), "open", Decimal(filled), None)


def test_only_the_open_orders_of_others_are_external() -> None:
    theirs = open_order("mine-1", GLD)
    context = SimpleNamespace(broker=SimpleNamespace(open_orders=lambda: (open_order(OURS, SPY), theirs)))
    assert external_orders(context) == (theirs,)


def test_every_symbol_with_an_external_order_is_blocked_with_the_reason() -> None:
    blocked = blocked_symbols(
        [open_order("b", TLT, "sell", filled=4), open_order("a", GLD), open_order("c", GLD)], "USD"
    )
    remedy = 'Cancel it, or set cancel_scope = "all"'
    assert list(blocked.items()) == [
        (GLD, f"left alone, since a buy of 9 shares that is not ours is open (c). {remedy}"),
        (TLT, f"left alone, since a sell of 5 shares that is not ours is open (b). {remedy}"),
    ]


def test_orders_of_tonight_are_in_doubt_while_their_outcome_is_unknown_and_no_resumed_run_tracks_them() -> None:
    def sent(symbol: str, phase: OrderPhase, session: date = DAYS[1]) -> OrderRecord:
        order = Order(OrderId(f"rb-{symbol}"), Symbol(symbol), "buy", Decimal(9), "market", None, "")
        return OrderRecord(order, RunId(1), session, phase, datetime(2024, 3, 5, tzinfo=UTC), 1, Decimal(0), None, "")

    phases = dict(zip("KJIHGFEDCBA", get_args(OrderPhase), strict=True))
    unsettled = [sent(symbol, phase) for symbol, phase in phases.items()]
    unsettled += [sent("Y", "lost", DAYS[0]), sent("Z", "unknown")]
    journal = SimpleNamespace(unsettled=lambda account: unsettled)
    log = SimpleNamespace(session=SimpleNamespace(day=DAYS[1]), earlier={OrderId("rb-Z"): unsettled[-1]})
    context = SimpleNamespace(account="demo", journal=journal)
    in_doubt = orders_in_doubt(context, log)
    assert {symbol: record.phase for symbol, record in in_doubt.items()} == {
        "K": "intended",
        "I": "unknown",
        "H": "absent",
        "G": "lost",
    }
    reasons = symbols_in_doubt(context, log)
    assert list(reasons) == ["G", "H", "I", "K"]
    assert reasons[Symbol("G")] == ("left alone tonight, since buy 9 G (rb-G) of run 1 is lost: it may still turn up")
