"""Days of unusual trading in New York, replayed at the local Alpaca: no wrong order is sent."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from alpaca_stage import AlpacaStage, alpaca_stage
from local_alpaca import LocalAlpaca, Tape, order_scripts

from rebalancer.errors import RunFailedError
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock

NEW_YORK = ZoneInfo("America/New_York")
PRICES = {"SPY": 300, "TLT": 140, "SGOV": 100}
NVDA_BEFORE, NVDA_AFTER = Decimal("1208.88"), Decimal("121.79")
"""Its closes of 2024-06-07 and 2024-06-10."""

OnThatDay = Callable[..., AlpacaStage]


def moment(day: date, hour: int = 15, minute: int = 50) -> datetime:
    return datetime.combine(day, time(hour, minute), NEW_YORK)


def listed(last: date, symbols: Mapping[str, int]) -> Tape:
    """The same close on each of the last hundred sessions, that of `last` too."""
    tape, calendar = Tape(), ExchangeCalendar(SystemClock())
    days = calendar.sessions(last - timedelta(days=150), last)
    for symbol, price in symbols.items():
        tape.list(symbol, dict.fromkeys(days, Decimal(price)))
    return tape


@pytest.fixture
def on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnThatDay]:
    """A stage at a local Alpaca that is at a moment in the past."""
    with ExitStack() as stack:

        def stage_at(now: datetime, symbols: Mapping[str, int] = PRICES, *, trading: str = "") -> AlpacaStage:
            venue = stack.enter_context(LocalAlpaca(now, market=listed(now.date(), symbols)))
            stage = alpaca_stage(tmp_path, venue, monkeypatch)
            stage.since, stage.trading = str(now.date() - timedelta(days=120)), trading
            return stage

        yield stage_at


def sent(stage: AlpacaStage) -> list[str]:
    posted = [each.params for each in stage.venue.requests if (each.method, each.path) == ("POST", "/v2/orders")]
    return [f"{order['side']} {order['qty']} {order['symbol']}" for order in posted]


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2012, 10, 29), "hurricane Sandy"),
        (date(2012, 10, 30), "hurricane Sandy"),
        (date(2018, 12, 5), "a day of mourning for George H. W. Bush"),
        (date(2025, 1, 9), "a day of mourning for Jimmy Carter"),
    ],
    ids=lambda given: str(given) if isinstance(given, date) else None,
)
def test_on_a_weekday_without_a_session_no_request_is_sent(on: OnThatDay, day: date, why: str) -> None:
    """The local Alpaca does not know these holidays, and would have taken orders."""
    stage = on(moment(day)).wants(SPY=0.6, TLT=0.3)
    with pytest.raises(RunFailedError, match=f"the exchange is closed on {day}"):
        stage.run()
    assert sent(stage) == [], why


@pytest.mark.parametrize("day", [date(2012, 10, 31), date(2018, 12, 6), date(2025, 1, 10)], ids=str)
def test_the_session_after_it_is_an_ordinary_one(on: OnThatDay, day: date) -> None:
    stage = on(moment(day)).wants(SPY=0.6, TLT=0.3)
    assert stage.run().run.status == "success"
    assert stage.run().run.status == "success"
    assert sent(stage) == ["buy 200 SPY", "buy 214 TLT"]


@pytest.mark.parametrize("day", [date(2020, 3, day) for day in (9, 12, 16, 18)], ids=str)
def test_while_the_market_is_halted_open_orders_are_cancelled_and_nothing_fills(on: OnThatDay, day: date) -> None:
    """On these days trading stopped for a quarter of an hour; on the 18th at 12:56, three hours before the close."""
    stage = on(moment(day, 10, 30), trading="minutes_before_close = 330").wants(SPY=0.9)
    assert stage.run().run.status == "success"
    held = stage.venue.shares("SPY")
    for symbol in PRICES:
        stage.venue.script_orders(symbol, order_scripts.halted())
    stage.venue.at(moment(day, 12, 57))
    stage.wants(TLT=0.9).run(force=True)
    assert stage.orders() == {"SPY": "canceled", "TLT": "canceled"}
    assert (stage.venue.shares("SPY"), stage.venue.shares("TLT")) == (held, 0)
    assert stage.venue.audit().lowest_cash >= 0


def nvda(on: OnThatDay) -> AlpacaStage:
    """90 % in Nvidia since the Friday before its split; now it is Monday, and ten times the shares trade."""
    friday, monday = date(2024, 6, 7), date(2024, 6, 10)
    stage = on(moment(friday), {"SGOV": 100, "NVDA": 1}, trading='manage = "own"').wants(NVDA=0.9)
    tape = stage.venue.market
    tape.list("NVDA", dict.fromkeys(tape.closes["NVDA"], NVDA_BEFORE))
    assert stage.run().run.status == "success"
    for symbol, close in (("NVDA", NVDA_AFTER), ("SGOV", Decimal(100))):
        tape.list(symbol, {monday: close})
    tape.action("forward_split", "NVDA", monday, new_rate=10, old_rate=1)
    stage.venue.at(moment(monday))
    return stage


def test_the_booked_split_of_nvidia_causes_no_trade(on: OnThatDay) -> None:
    stage = nvda(on)
    before, already = stage.venue.shares("NVDA"), len(sent(stage))
    stage.venue.hold("NVDA", before * 10)
    record = stage.run()
    assert record.run.status == "success"
    assert any(f"our {before} shares are {before * 10} now" in remark.text for remark in record.remarks)
    moved = [line for line in sent(stage)[already:] if line.endswith("NVDA")]
    assert all(Decimal(line.split()[1]) <= before / 2 for line in moved)


def test_the_unbooked_split_of_nvidia_causes_no_trade(on: OnThatDay) -> None:
    stage = nvda(on)
    already = len(sent(stage))
    stage.run()
    assert sent(stage)[already:] == []
