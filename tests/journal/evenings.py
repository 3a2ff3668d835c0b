"""One evening of a demo account as journal events; each test varies the part under test."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from rebalancer.bookings import BookUsed, CapitalMoved, CashPaid, HandedOver, SpunOff
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
from rebalancer.model import (
    Account,
    BotFailure,
    Fill,
    Netting,
    NoPrice,
    Order,
    OrderId,
    OrderState,
    OrderStatus,
    Payment,
    Plan,
    Price,
    RunId,
    RunRequest,
    Share,
    Side,
    Symbol,
    Targets,
    Trade,
)
from rebalancer.ports import AlreadyRun, Journal

DAY = date(2016, 7, 1)
NOW = datetime(2016, 7, 1, 19, 50, tzinfo=UTC)
SPY, SGOV, BIL = Symbol("SPY"), Symbol("SGOV"), Symbol("BIL")

REQUEST = RunRequest(
    at=NOW,
    account="demo",
    broker="sim",
    mode="paper",
    session=DAY,
    closes=NOW + timedelta(minutes=10),
    version="0.1.0",
    files={"config": b"[accounts.demo]", "bot trend": b"{}"},
    notes=("closes without dividends",),
)
TRIAL = replace(REQUEST, purpose="trial")
"""A trial trades without a plan: for tests that are not about the steps of an evening."""
ACCOUNT = Account("SIM-1", Decimal("100000.00"), Decimal("60000.00"), Decimal("60000.00"), NOW)


def order(name: str = "rb1", *, side: Side = "buy", symbol: Symbol = SPY, quantity: str = "10") -> Order:
    return Order(OrderId(name), symbol, side, Decimal(quantity), "limit", Decimal("202.02"), "to its target")


def state(of: Order, status: OrderStatus, filled: str = "0") -> OrderState:
    price = Decimal("201.50") if Decimal(filled) else None
    return OrderState(of.id, of.symbol, of.side, of.quantity, of.kind, of.limit, status, Decimal(filled), price)


def seen(of: Order, status: OrderStatus, filled: str = "0") -> OrderSeen:
    return OrderSeen(NOW, state(of, status, filled))


def filled(of: Order, quantity: str, *, execution: str = "x1", price: str = "201.50", fee: str = "1.00") -> FillSeen:
    fill = Fill(execution, of.id, of.symbol, of.side, Decimal(quantity), Decimal(price), Decimal(fee), NOW)
    return FillSeen(NOW, fill)


def holding(symbol: Symbol, quantity: str, ours: str, value: str = "0") -> Holding:
    return Holding(symbol, Decimal(quantity), Decimal(ours), Decimal(value))


def holdings_read(*holdings: Holding, phase: str = "start") -> HoldingsRead:
    return HoldingsRead(NOW, phase, ACCOUNT, holdings, Decimal(5000), Decimal(0), Decimal(95000))


PRICE = Price(SPY, Decimal("201.505"), "quote", NOW, 0.25, ask=Decimal("201.51"))
TRADE = Trade(
    SPY, Decimal(0), Decimal(0), Decimal("0.02"), 10, PRICE, "buy", Decimal(10), Decimal("2015.05"), "2 % is 10 shares"
)
ARMED = Armed(
    NOW,
    "demo",
    "SIM-1",
    Decimal(25000),
    NOW + timedelta(days=30),
    {"config": "ab" * 32},
    first_order_only=True,
    by="ann",
)
TARGETS = Targets(
    shares=(Share("trend", 0.4, 0.4), Share("mix", 0.5, 0.5)),
    merged={SPY: 0.74, Symbol("SH"): 0.16},
    nettings=(Netting(SPY, Symbol("SH"), (0.74, 0.16), (0.58, 0.0), 0.32),),
    netted={SPY: 0.58, SGOV: 0.32},
    weights={SPY: 0.58, SGOV: 0.32},
    notes=("0.32 was freed for SGOV",),
    whys={SPY: "trend 24 %, mix 50 %"},
)


PLAN = Plan(Decimal(95000), (TRADE,))
SURVEYED = holdings_read(holding(SPY, "5", "0", "1007.53"), replace(holding(BIL, "3.5", "0"), untouchable="by hand"))
TO_THE_BUYS = (SURVEYED, TargetsSet(NOW, TARGETS), PlanMade(NOW, PLAN), holdings_read(phase="after_sells"))
"""What a run journals, at least, before its first buy."""


BOOKED = (
    BookUsed(NOW, "trend", Decimal("38000.12")),
    CapitalMoved(NOW, "demo", "trend", Decimal("-250.50"), "ann@desk"),
    HandedOver(NOW, "demo", "mix", BIL, Decimal("0.5"), "ann@desk"),
    CashPaid(NOW, "demo", Payment("d1", "dividend", Decimal("12.34"), date(2016, 7, 1), SPY), date(2016, 6, 17)),
    SpunOff(NOW, "demo", Symbol("NEW"), Decimal(3), Decimal(4), SPY, date(2016, 6, 20), "spin off of 2016-06-20"),
)
"""Every kind of event that only the books follow."""


def evening() -> tuple[Event, ...]:
    """Every other kind of event, from the first snapshot of the account to a successful end."""
    buy, lost = order(), order("rb2")
    surveyed, decided, planned, sold = TO_THE_BUYS
    return (
        SettingChanged(NOW, "demo", "accounts.demo.trading.drift_percent", "0", "2"),
        Adopted(NOW, "demo", BIL, Decimal("3.5"), Decimal("320.25")),
        WrittenOff(NOW, "demo", Symbol("XLU"), Decimal(3), Decimal("120.30"), "ann@desk", "delisted"),
        Halted(NOW, "", "ann@desk", "a look at the broker"),
        HaltLifted(NOW, "", "ann@desk", "all is well"),
        ARMED,
        Disarmed(NOW, "demo", "ann@desk", "back to paper"),
        Restated(NOW, "demo", Symbol("SH"), Decimal(4), Decimal(8), "2 for 1 split of 2016-07-01"),
        surveyed,
        DailyLossHit(NOW, Decimal("70000.00"), Decimal("100000.00"), Decimal(25)),
        PricesTaken(NOW, "signals", (PRICE,), (NoPrice(SGOV, ("no quote", "no trade today")),)),
        BotDecided(NOW, "trend", 0.4, {SPY: 0.6}, ("RSI(SPY,10) = 81.2 > 79",), ("XLU starts late",)),
        BotFailed(NOW, 0.5, BotFailure("mix", "RSI(QQQ,10) needs 11 closes, there are 3")),
        decided,
        planned,
        Noted(NOW, "warning", "SGOV has no price"),
        RunTakenUp(NOW, "this run was cut off"),
        sold,
        OrderIntended(NOW, buy),
        OrderAnswered(NOW, buy.id, "accepted"),
        seen(buy, "open"),
        seen(buy, "filled", "10"),
        filled(buy, "4", execution="x1"),
        filled(buy, "6", execution="x2"),
        *lost_order_events(lost),
        OrderAccounted(NOW, "demo", lost.id, "ann@desk", "the broker never had it"),
        holdings_read(holding(SPY, "15", "10", "3022.50"), phase="end"),
        RunEnded(NOW + timedelta(minutes=2), "success", "1 of 1 orders done"),
    )


def lost_order_events(of: Order) -> tuple[Event, ...]:
    """An order that never reached the broker, though it was sent twice."""
    return (
        OrderIntended(NOW, of),
        OrderAnswered(NOW, of.id, "unknown", "timed out"),
        OrderAbsent(NOW, of.id),
        OrderResent(NOW + timedelta(minutes=1), of.id),
        OrderAnswered(NOW, of.id, "unknown", "timed out"),
        OrderAbsent(NOW, of.id),
        OrderLost(NOW, of.id, "it was sent twice and never reached the broker"),
    )


def start(journal: Journal, request: RunRequest = REQUEST) -> RunId:
    """A run that must be allowed."""
    run = journal.start_run(request)
    assert not isinstance(run, AlreadyRun), run
    return run


def start_buying(journal: Journal, request: RunRequest = REQUEST) -> RunId:
    """A run that may journal its first buy."""
    run = start(journal, request)
    journal.record(run, *TO_THE_BUYS)
    return run
