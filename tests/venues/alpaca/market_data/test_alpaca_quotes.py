"""Latest quotes, trades and bars from Alpaca."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from local_alpaca import LocalAlpaca

from rebalancer.errors import SourceError
from rebalancer.model import Bar, Quote, Snapshot, Symbol, Tick
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.quotes import AlpacaQuotes, snapshot

SPY, TLT = Symbol("SPY"), Symbol("TLT")
NOW = datetime(2024, 3, 5, 20, 50, tzinfo=UTC)
MONDAY, TUESDAY = date(2024, 3, 4), date(2024, 3, 5)
FRIDAY = date(2024, 3, 1)


def daily(day: str, close: object) -> dict[str, object]:
    return {"t": f"{day}T05:00:00Z", "c": close}


def shown(**parts: object) -> Snapshot:
    return snapshot(SPY, parts, NOW)


def test_one_call_shows_quote_trade_bar_and_previous_close(venue: LocalAlpaca, client: AlpacaClient) -> None:
    traded = NOW - timedelta(seconds=7)
    venue.market.list("SPY", {FRIDAY: Decimal("512.85"), MONDAY: Decimal("512.3"), TUESDAY: Decimal(507)})
    venue.market.quote("SPY", Decimal("506.9"), Decimal("506.95"), at=NOW)
    venue.market.trade("SPY", Decimal("506.93"), at=traded)
    assert AlpacaQuotes(client, venue.clock, "iex").snapshots([SPY, TLT]) == {
        SPY: Snapshot(
            SPY,
            Quote(Decimal("506.9"), Decimal("506.95"), NOW),
            Tick(Decimal("506.93"), traded),
            Bar(TUESDAY, Decimal("506.93"), NOW),
            Bar(MONDAY, Decimal("512.3"), datetime(2024, 3, 4, 5, tzinfo=UTC)),
        )
    }
    assert len(venue.requests) == 1


def test_before_todays_first_trade_the_previous_close_is_the_newest_bar(
    venue: LocalAlpaca, client: AlpacaClient
) -> None:
    venue.market.list("SPY", {FRIDAY: Decimal(512), MONDAY: Decimal(513)})
    found = AlpacaQuotes(client, venue.clock, "iex").snapshots([SPY])[SPY]
    assert found.bar is not None
    assert found.previous is not None
    assert (found.bar.session, found.previous.session, found.previous.close) == (MONDAY, MONDAY, 513)


def test_many_symbols_are_one_request(venue: LocalAlpaca, client: AlpacaClient) -> None:
    symbols = [Symbol(f"S{number}") for number in range(300)]
    for symbol in symbols:
        venue.market.list(symbol, {MONDAY: Decimal(10)})
    assert AlpacaQuotes(client, venue.clock, "iex").snapshots(symbols).keys() == set(symbols)
    assert len(venue.requests) == 1


def test_an_invalid_symbol_does_not_affect_the_others(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.market.list("SPY", {MONDAY: Decimal(10)})
    assert AlpacaQuotes(client, venue.clock, "iex").snapshots([Symbol("0-A"), SPY]).keys() == {SPY}


def test_a_feed_that_the_plan_does_not_include_is_an_error(venue: LocalAlpaca, client: AlpacaClient) -> None:
    with pytest.raises(SourceError, match="market data plan"):
        AlpacaQuotes(client, venue.clock, "sip").snapshots([SPY])


def test_no_digit_is_lost_or_made_up() -> None:
    found = shown(latestTrade={"t": "2024-03-05T20:49:59.123456789Z", "p": 0.1 + 0.2})
    assert found.trade == Tick(Decimal("0.30000000000000004"), datetime(2024, 3, 5, 20, 49, 59, 123456, tzinfo=UTC))


def test_a_quote_without_an_ask_is_passed_on_for_the_gates_to_refuse() -> None:
    found = shown(latestQuote={"t": "2024-03-05T20:49:59Z", "bp": 506.9, "ap": 0})
    assert found.quote is not None
    assert found.quote.ask == 0


@pytest.mark.parametrize(
    "quote",
    [
        None,
        {},
        "odd",
        {"bp": 1, "ap": 2},
        {"t": "2024-03-05T20:49:59Z", "bp": 1},
        {"t": "2024-03-05T20:49:59Z", "bp": True, "ap": 2},
        {"t": "2024-03-05T20:49:59Z", "bp": "one", "ap": 2},
        {"t": "2024-03-05T20:49:59", "bp": 1, "ap": 2},
        {"t": "soon", "bp": 1, "ap": 2},
        {"t": "0001-01-01T00:00:00Z", "bp": 1, "ap": 2},
        {"t": "9999-12-31T23:59:59-05:00", "bp": 1, "ap": 2},
        {"t": "9999-12-31T12:00:00Z", "bp": 1, "ap": 2},
        {"t": "2024-03-05T20:49:59Z", "bp": "1e999999999", "ap": 2},
        {"t": "2024-03-05T20:49:59Z", "bp": 1, "ap": 10**4000},
    ],
)
def test_an_unreadable_quote_is_none(quote: object) -> None:
    assert shown(latestQuote=quote).quote is None


@pytest.mark.parametrize(
    ("minute", "trade", "at"),
    [
        ("20:40", "20:30:30", "20:41:00"),
        ("20:40", "20:45:30", "20:45:30"),
        ("20:49", None, "20:50:00"),
        (None, "20:45:30", "20:45:30"),
        (None, None, "05:00:00"),
    ],
)
def test_todays_bar_is_as_old_as_the_last_trade(minute: str | None, trade: str | None, at: str) -> None:
    parts: dict[str, object] = {"dailyBar": daily("2024-03-05", 507)}
    if minute:
        parts["minuteBar"] = {"t": f"2024-03-05T{minute}:00Z", "c": 507}
    if trade:
        parts["latestTrade"] = {"t": f"2024-03-05T{trade}Z", "p": 507}
    found = shown(**parts)
    assert found.bar is not None
    assert f"{found.bar.at:%H:%M:%S}" == at


def test_a_trade_of_today_does_not_freshen_the_bar_of_yesterday() -> None:
    trade = {"t": "2024-03-05T20:45:30Z", "p": 507}
    found = shown(dailyBar=daily("2024-03-04", 507), latestTrade=trade)
    assert found.bar is not None
    assert found.bar.at.date() == MONDAY


def test_the_previous_close_is_of_the_newest_session_before_today() -> None:
    found = shown(dailyBar=daily("2024-03-05", 507), prevDailyBar=daily("2024-03-04", 513))
    assert found.previous is not None
    assert found.previous.close == 513
    assert shown(dailyBar=daily("2024-03-05", 507)).previous is None
