"""Market data of the local Alpaca: visibility by time, paging, and bodies that alpaca-py can parse."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_alpaca.adjustments import ADJUSTMENTS, Action, adjusted
from local_alpaca.tape import Tape

NEW_YORK = ZoneInfo("America/New_York")
MON, TUE, WED, THU, FRI = (date(2026, 11, day) for day in range(16, 21))
EVENING = datetime(2026, 11, 20, 15, 50, tzinfo=NEW_YORK).astimezone(UTC)
YESTERDAY = {"timeframe": "1Day", "start": "2026-11-16", "end": "2026-11-19"}


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK)


def dollars(*prices: str) -> dict[date, Decimal]:
    """A close for each day from Monday on."""
    return {MON + timedelta(days=offset): Decimal(price) for offset, price in enumerate(prices)}


@pytest.fixture
def tape() -> Tape:
    tape = Tape()
    tape.list("SPY", dollars("500", "502", "504", "506", "508"))
    tape.list("TLT", dollars("90", "91", "92", "93"))
    return tape


def bars(tape: Tape, now: datetime = EVENING, **params: str):
    status, body = tape.answer("/v2/stocks/bars", {"symbols": "SPY", **YESTERDAY, **params}, now)
    assert status == 200, body
    return body


def closes(tape: Tape, symbol: str = "SPY", **params: str) -> list[float]:
    return [bar["c"] for bar in bars(tape, symbols=symbol, **params)["bars"].get(symbol, [])]


def snapshot(tape: Tape, now: datetime = EVENING, symbol: str = "SPY"):
    return tape.answer("/v2/stocks/snapshots", {"symbols": symbol, "feed": "iex"}, now)[1].get(symbol)


# --------------------------------------------------------------------------------------------- daily bars


def test_a_day_begins_at_midnight_in_new_york_in_summer_as_in_winter():
    tape = Tape()
    tape.list("SPY", {date(2026, 10, 30): Decimal(1), date(2026, 11, 2): Decimal(2)})
    stamps = [bar["t"] for bar in bars(tape, start="2026-10-30", end="2026-11-02")["bars"]["SPY"]]
    assert stamps == ["2026-10-30T04:00:00Z", "2026-11-02T05:00:00Z"]


def test_a_symbol_without_bars_is_absent(tape):
    assert bars(tape, symbols="ZZZ,SPY")["bars"].keys() == {"SPY"}
    assert bars(tape, symbols="ZZZ") == {"bars": {}, "next_page_token": None}


def test_a_dropped_bar_is_a_missing_day_and_a_revised_one_another_close(tape):
    tape.drop_bar("SPY", TUE)
    tape.revise("SPY", WED, 600)
    assert closes(tape) == [500, 600, 506]


def test_a_limit_counts_bars_of_all_symbols_together(tape):
    first = bars(tape, symbols="TLT,SPY", limit="5")
    assert {name: len(found) for name, found in first["bars"].items()} == {"SPY": 4, "TLT": 1}
    rest = bars(tape, symbols="TLT,SPY", limit="5", page_token=first["next_page_token"])
    assert [bar["c"] for bar in rest["bars"]["TLT"]] == [91, 92, 93]
    assert rest["next_page_token"] is None


@given(limit=st.integers(1, 9), most=st.integers(1, 9), sort=st.sampled_from(["asc", "desc"]), empty=st.booleans())
def test_all_pages_together_are_the_whole_whatever_their_size(limit, most, sort, empty):
    tape = Tape()
    tape.list("SPY", dollars("500", "502", "504", "506"))
    tape.list("TLT", dollars("90", "91", "92"))
    tape.page_limit, tape.empty_last_page = most, empty
    params = {"symbols": "SPY,TLT", "limit": str(limit), "sort": sort}
    found, token = [], ""
    while token is not None:
        page = bars(tape, **params, page_token=token)
        found += [(name, bar["c"]) for name, rows in page["bars"].items() for bar in rows]
        token = page["next_page_token"]
    spy, tlt = [500, 502, 504, 506], [90, 91, 92]
    if sort == "desc":
        spy, tlt = spy[::-1], tlt[::-1]
    assert found == [*(("SPY", close) for close in spy), *(("TLT", close) for close in tlt)]


def test_a_last_page_may_be_empty(tape):
    tape.empty_last_page = True
    token = bars(tape)["next_page_token"]
    assert bars(tape, page_token=token) == {"bars": {}, "next_page_token": None}


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({"symbols": ""}, 400, "symbols is required"),
        ({"symbols": "SPY,B RK"}, 400, "invalid symbol: B RK"),
        ({"timeframe": "1Week"}, 400, "invalid timeframe: 1Week"),
        ({"limit": "10001"}, 400, "invalid limit: 10001"),
        ({"limit": "0"}, 400, "invalid limit: 0"),
        ({"start": "last week"}, 400, "invalid start: last week"),
        ({"end": "2026-11-15"}, 400, "end should not be before start"),
        ({"adjustment": "some"}, 400, "invalid adjustment: some"),
        ({"sort": "up"}, 400, "invalid sort: up"),
        ({"page_token": "%"}, 400, "invalid page_token"),
        ({"page_token": "U1BZ"}, 400, "invalid page_token"),
        ({"feed": "delayed_sip"}, 400, "invalid feed: delayed_sip"),
        ({"end": EVENING.isoformat()}, 403, "subscription does not permit querying recent SIP data"),
    ],
)
def test_invalid_parameters_are_refused_by_name(tape, params, status, words):
    asked = {"symbols": "SPY", **YESTERDAY, **params}
    assert tape.answer("/v2/stocks/bars", asked, EVENING) == (status, {"message": words})


def test_an_unknown_path_is_not_found(tape):
    assert tape.answer("/v2/stocks/auctions", {}, EVENING) == (404, {"message": "Not Found"})


def test_recent_prices_are_iex_unless_the_plan_is_paid(tape):
    now = EVENING.isoformat()
    assert closes(tape, end=now, feed="iex")[-1] == 508
    tape.paid = True
    assert closes(tape, end=now, feed="sip")[-1] == 508


def test_the_delayed_feed_has_todays_bar_only_a_quarter_of_an_hour_after_its_first_trade(tape):
    early = {"start": "2026-11-20", "end": "2026-11-20"}
    assert bars(tape, at(FRI, 9, 40), **early)["bars"] == {}
    assert bars(tape, at(FRI, 9, 45), **early)["bars"]["SPY"][0]["c"] == 508


# --------------------------------------------------------------------------------------------- adjusted series


def test_a_split_scales_all_that_came_before_it(tape):
    tape.list("SPY", {THU: Decimal(253), FRI: Decimal(254)})
    tape.action("forward_split", "SPY", THU, new_rate=2, old_rate=1)
    assert closes(tape) == [500, 502, 504, 253]
    assert closes(tape, adjustment="split") == closes(tape, adjustment="all") == [250, 251, 252, 253]
    assert closes(tape, adjustment="dividend") == [500, 502, 504, 253]


def test_a_reverse_split_and_a_stock_dividend_are_splits():
    tape = Tape()
    tape.list("UP", dollars("1", "1", "10", "10"))
    tape.action("reverse_split", "UP", WED, new_rate=1, old_rate=10)
    tape.list("MORE", dollars("110", "110", "100", "100"))
    tape.action("stock_dividend", "MORE", WED, rate=Decimal("0.1"))
    assert closes(tape, "UP", adjustment="split") == [10, 10, 10, 10]
    assert closes(tape, "MORE", adjustment="split") == [100, 100, 100, 100]


def test_a_dividend_is_taken_from_the_close_before_it():
    tape = Tape()
    tape.list("BIL", dollars("100", "100", "99", "99"))
    tape.action("cash_dividend", "BIL", WED, rate=Decimal(1))
    assert closes(tape, "BIL", adjustment="all") == [99, 99, 99, 99]
    assert closes(tape, "BIL", adjustment="split,dividend") == [99, 99, 99, 99]
    assert closes(tape, "BIL", adjustment="split") == [100, 100, 99, 99]


def test_the_past_is_rewritten_on_the_ex_date_and_not_before(tape):
    tape.action("forward_split", "SPY", FRI, new_rate=2, old_rate=1)
    before = bars(tape, at(THU, 12), end="2026-11-18", adjustment="all")["bars"]["SPY"]
    after = bars(tape, at(FRI, 12), end="2026-11-18", adjustment="all")["bars"]["SPY"]
    assert [[bar["c"] for bar in found] for found in (before, after)] == [[500, 502, 504], [250, 251, 252]]


def test_an_action_may_be_announced_and_not_be_in_the_bars(tape):
    tape.action("forward_split", "SPY", THU, new_rate=2, old_rate=1, applied=False)
    assert closes(tape, adjustment="all") == closes(tape, adjustment="raw")
    assert "forward_splits" in announced(tape)


@given(
    prices=st.lists(st.integers(10, 1000), min_size=2, max_size=12),
    share=st.fractions(0, "9/10"),
    cut=st.integers(1, 11),
)
def test_an_adjusted_series_returns_what_a_holder_who_reinvests_earns(prices, share, cut):
    raw = {MON + timedelta(days=offset): Decimal(price) for offset, price in enumerate(prices)}
    ex_date = MON + timedelta(days=min(cut, len(prices) - 1))
    before = raw[ex_date - timedelta(days=1)]
    rate = before * share.numerator / share.denominator
    paid = Action("cash_dividend", "BIL", ex_date, ex_date, fields={"rate": rate})
    scaled = adjusted(raw, [paid], ADJUSTMENTS["all"])
    for yesterday, today in pairwise(raw):
        base = raw[yesterday] - (rate if today == ex_date else 0)
        assert scaled[today] / scaled[yesterday] == pytest.approx(raw[today] / base)


# --------------------------------------------------------------------------------------------- corporate actions


def announced(tape: Tape, now: datetime = EVENING, **params: str):
    asked = {"start": "2026-11-01", "end": "2026-11-30", **params}
    status, body = tape.answer("/v1/corporate-actions", asked, now)
    assert status == 200, body
    return body["corporate_actions"]


def test_actions_are_grouped_by_kind_and_can_be_filtered_by_it(tape):
    tape.action("forward_split", "SPY", THU, new_rate=2, old_rate=1)
    tape.action("cash_dividend", "TLT", MON, rate=Decimal("0.3"), process_date=WED)
    tape.action("partial_call", "TLT", MON)
    assert announced(tape).keys() == {"forward_splits", "cash_dividends", "partial_calls"}
    assert announced(tape, symbols="TLT").keys() == {"cash_dividends", "partial_calls"}
    assert announced(tape, types="forward_split,reverse_split").keys() == {"forward_splits"}


def test_actions_are_found_by_the_day_they_are_processed_and_today_if_none_is_named(tape):
    tape.action("cash_dividend", "SPY", MON, rate=Decimal(1))
    assert announced(tape, start="2026-11-16", end="2026-11-16") == {}
    paid = announced(tape, start="2026-11-30", end="2026-11-30")["cash_dividends"][0]
    assert (paid["ex_date"], paid["process_date"], paid["payable_date"]) == ("2026-11-16", "2026-11-30", "2026-11-30")
    tape.action("forward_split", "SPY", FRI, new_rate=2, old_rate=1)
    assert tape.answer("/v1/corporate-actions", {}, EVENING)[1]["corporate_actions"].keys() == {"forward_splits"}


def test_a_rename_is_found_by_either_name(tape):
    tape.action("name_change", "OLD", WED, new_symbol="NEW")
    renames = [announced(tape, symbols=name)["name_changes"] for name in ("OLD", "NEW")]
    assert [[(one["old_symbol"], one["new_symbol"]) for one in found] for found in renames] == [[("OLD", "NEW")]] * 2


def test_an_action_may_become_known_late(tape):
    tape.action("forward_split", "SPY", THU, new_rate=2, old_rate=1, known_from=at(FRI, 18))
    assert announced(tape) == {}
    assert announced(tape, at(FRI, 18)).keys() == {"forward_splits"}


def test_actions_come_by_the_page(tape):
    for day in (MON, TUE, WED):
        tape.action("cash_dividend", "SPY", day, rate=1, process_date=day)
    asked = {"start": "2026-11-01", "end": "2026-11-30", "limit": "2"}
    _, first = tape.answer("/v1/corporate-actions", asked, EVENING)
    _, rest = tape.answer("/v1/corporate-actions", {**asked, "page_token": first["next_page_token"]}, EVENING)
    pages = [[paid["ex_date"] for paid in page["corporate_actions"]["cash_dividends"]] for page in (first, rest)]
    assert pages == [["2026-11-16", "2026-11-17"], ["2026-11-18"]]
    assert rest["next_page_token"] is None


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"types": "split"}, "invalid type: split"),
        ({"limit": "1001"}, "invalid limit: 1001"),
        ({"page_token": "U1BZ"}, "invalid page_token"),
    ],
)
def test_actions_that_do_not_exist_can_not_be_asked_for(tape, params, words):
    assert tape.answer("/v1/corporate-actions", params, EVENING) == (400, {"message": words})


# --------------------------------------------------------------------------------------------- what shows now


def test_in_the_session_todays_bar_is_partial_and_the_close_before_it_is_yesterdays(tape):
    tape.trade("SPY", Decimal("507.5"))
    shown = snapshot(tape)
    assert (shown["dailyBar"]["c"], shown["dailyBar"]["t"]) == (507.5, "2026-11-20T05:00:00Z")
    assert (shown["prevDailyBar"]["c"], shown["prevDailyBar"]["t"]) == (506, "2026-11-19T05:00:00Z")
    assert (shown["latestTrade"]["p"], shown["latestTrade"]["t"]) == (507.5, "2026-11-20T20:50:00Z")
    assert shown["minuteBar"]["c"] == 507.5


@pytest.mark.parametrize(("symbol", "now"), [("SPY", at(FRI, 9, 29)), ("TLT", at(FRI, 15, 50))])
def test_before_the_first_trade_of_today_the_daily_bar_is_still_yesterdays(tape, symbol, now):
    shown = snapshot(tape, now, symbol)
    assert (shown["dailyBar"]["t"], shown["prevDailyBar"]["t"]) == ("2026-11-19T05:00:00Z", "2026-11-18T05:00:00Z")
    assert shown["latestTrade"]["t"] == "2026-11-19T21:00:00Z"


def test_after_the_close_the_bar_is_the_official_close(tape):
    tape.trade("SPY", Decimal("507.5"))
    assert snapshot(tape, at(FRI, 16, 5))["dailyBar"]["c"] == 508


def test_on_a_half_day_the_last_trade_is_at_one_o_clock():
    tape = Tape()
    tape.list("SPY", {date(2026, 11, 27): Decimal(508)})
    assert snapshot(tape, at(date(2026, 11, 27), 15))["latestTrade"]["t"] == "2026-11-27T18:00:00Z"


def test_future_closes_are_not_shown(tape):
    assert snapshot(tape, at(WED, 12))["dailyBar"]["c"] == 504
    assert tape.last("SPY", at(WED, 8)) == 502


def test_without_a_quote_of_its_own_a_symbol_has_a_fresh_one_two_cents_wide(tape):
    quote = snapshot(tape)["latestQuote"]
    assert (quote["bp"], quote["ap"], quote["t"]) == (507.99, 508.01, "2026-11-20T20:50:00Z")


def test_a_quote_can_be_wide_old_or_one_sided(tape):
    tape.quote("SPY", 400, 600, at=at(FRI, 11))
    assert snapshot(tape)["latestQuote"]["t"] == "2026-11-20T16:00:00Z"
    tape.quote("SPY", 0, Decimal("508.02"))
    quote = snapshot(tape)["latestQuote"]
    assert (quote["bp"], quote["bs"], quote["ap"]) == (0, 0, 508.02)


def test_future_quotes_and_trades_are_not_shown(tape):
    tape.quote("SPY", 1, 2, at=at(FRI, 15, 55))
    tape.trade("SPY", 3, at=at(FRI, 15, 55))
    assert snapshot(tape)["latestQuote"]["bp"] == 507.99
    assert snapshot(tape, at(FRI, 15, 56))["latestTrade"]["p"] == 3


def test_an_old_trade_gives_way_to_a_newer_bar(tape):
    tape.trade("SPY", 499, at=at(MON, 12))
    assert tape.last("SPY", EVENING) == 508


def test_an_order_fills_at_the_opposite_quote_or_at_the_last_price_without_one(tape):
    tape.quote("SPY", 0, 509)
    assert [tape.far_side("SPY", side, EVENING) for side in ("buy", "sell")] == [509, 508]
    assert tape.far_side("ZZZ", "buy", EVENING) is None


def test_a_symbol_that_never_traded_is_absent_from_every_list(tape):
    for path, inside in [("snapshots", None), ("quotes/latest", "quotes"), ("trades/latest", "trades")]:
        _, body = tape.answer(f"/v2/stocks/{path}", {"symbols": "SPY,ZZZ"}, EVENING)
        assert (body if inside is None else body[inside]).keys() == {"SPY"}


def test_the_latest_endpoints_refuse_invalid_symbols_and_feeds_outside_the_plan(tape):
    assert tape.answer("/v2/stocks/trades/latest", {"symbols": "spy"}, EVENING)[0] == 400
    status, body = tape.answer("/v2/stocks/snapshots", {"symbols": "SPY", "feed": "sip"}, EVENING)
    assert (status, body["message"]) == (403, "subscription does not permit querying recent SIP data")


def test_the_delayed_feed_shows_the_market_of_a_quarter_of_an_hour_ago(tape):
    _, body = tape.answer("/v2/stocks/quotes/latest", {"symbols": "SPY", "feed": "delayed_sip"}, EVENING)
    assert body["quotes"]["SPY"]["t"] == "2026-11-20T20:35:00Z"


# --------------------------------------------------------------------------------------------- the sample


def test_the_sample_has_a_close_for_every_session_of_the_exchange():
    import pandas_market_calendars

    sessions = pandas_market_calendars.get_calendar("NYSE").schedule("2022-01-03", "2028-12-29").index
    sample = Tape.sample()
    assert {"SPY", "SH", "TLT", "SGOV", "QQQ", "GLD", "BIL"} < sample.closes.keys()
    for closes_of_one in sample.closes.values():
        assert sorted(closes_of_one) == [stamp.date() for stamp in sessions]


def test_in_the_sample_bills_earn_a_little_every_month_once_their_dividends_count():
    found = closes(Tape.sample(), "SGOV", start="2026-01-02", end="2026-11-19", adjustment="all")
    assert all(later >= earlier * 0.9999 for earlier, later in pairwise(found))
    assert 1.02 < found[-1] / found[0] < 1.06


# --------------------------------------------------------------------------------------------- alpaca-py reads it


@pytest.fixture
def url(tape) -> Iterator[str]:
    """A server that serves only the tape."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = urlsplit(self.path)
            status, body = tape.answer(asked.path, dict(parse_qsl(asked.query)), EVENING)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.filterwarnings("ignore:websockets.legacy:DeprecationWarning")
def test_alpaca_py_parses_bars_of_several_pages(tape, url):
    from alpaca.data.historical.stock import StockHistoricalDataClient
    from alpaca.data.requests import StockBarsRequest
    from alpaca.data.timeframe import TimeFrame

    tape.page_limit = 3
    request = StockBarsRequest(symbol_or_symbols=["SPY", "TLT"], timeframe=TimeFrame.Day, start=at(MON, 0))
    found = StockHistoricalDataClient("key", "secret", url_override=url).get_stock_bars(request).data
    assert {name: [bar.close for bar in rows] for name, rows in found.items()} == {
        "SPY": [500, 502, 504, 506, 508],
        "TLT": [90, 91, 92, 93],
    }


@pytest.mark.filterwarnings("ignore:websockets.legacy:DeprecationWarning")
def test_alpaca_py_parses_snapshots_and_the_latest_prices(url):
    from alpaca.data.historical.stock import StockHistoricalDataClient
    from alpaca.data.requests import (
        StockLatestBarRequest,
        StockLatestQuoteRequest,
        StockLatestTradeRequest,
        StockSnapshotRequest,
    )

    client, symbols = StockHistoricalDataClient("key", "secret", url_override=url), ["SPY", "ZZZ"]
    shown = client.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=symbols))
    assert shown.keys() == {"SPY"}
    assert (shown["SPY"].daily_bar.close, shown["SPY"].previous_daily_bar.close) == (508, 506)
    quotes = client.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=symbols))
    trades = client.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=symbols))
    minutes = client.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=symbols))
    assert (quotes["SPY"].ask_price, trades["SPY"].price, minutes["SPY"].close) == (508.01, 508, 508)


@pytest.mark.filterwarnings("ignore:websockets.legacy:DeprecationWarning")
def test_alpaca_py_parses_actions_of_every_kind_it_knows_and_skips_the_rest(tape, url):
    from alpaca.data.historical.corporate_actions import CorporateActionsClient
    from alpaca.data.requests import CorporateActionsRequest

    tape.action("forward_split", "SPY", THU, new_rate=2, old_rate=1)
    tape.action("reverse_split", "SPY", THU, new_rate=1, old_rate=10)
    tape.action("stock_dividend", "SPY", THU, rate=Decimal("0.05"))
    tape.action("cash_dividend", "SPY", THU, rate=Decimal("1.75"), process_date=FRI)
    tape.action("spin_off", "SPY", THU, new_symbol="SPUN", new_rate=Decimal("0.25"))
    tape.action("name_change", "OLD", THU, new_symbol="NEW")
    tape.action("partial_call", "SPY", THU)
    request = CorporateActionsRequest(start=MON, end=FRI)
    found = CorporateActionsClient("key", "secret", url_override=url).get_corporate_actions(request).data
    assert sorted(found) == [
        "cash_dividends",
        "forward_splits",
        "name_changes",
        "reverse_splits",
        "spin_offs",
        "stock_dividends",
    ]
    assert (found["cash_dividends"][0].rate, found["spin_offs"][0].new_rate) == (1.75, 0.25)
