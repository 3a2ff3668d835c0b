"""Requests for many symbols, and their pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_alpaca import LocalAlpaca
from local_alpaca.faults import TOO_MANY, answering

from rebalancer.errors import SourceError
from rebalancer.model import Symbol
from rebalancer.venues.alpaca.client import COMMA, MOST_CHARACTERS, AlpacaClient, parts

SPY, TLT = Symbol("SPY"), Symbol("TLT")
BARS = "/v2/stocks/bars"
QUESTION = {"timeframe": "1Day", "start": "2024-03-01", "end": "2024-03-04", "feed": "sip"}


@given(st.lists(st.text("ABC", min_size=1, max_size=21), max_size=2000))
def test_every_symbol_is_requested_once_and_no_url_is_too_long(names: list[str]) -> None:
    found = list(parts([Symbol(name) for name in names]))
    assert [name for part in found for name in part] == names
    assert all(part and sum(len(name) + COMMA for name in part) <= MOST_CHARACTERS for part in found)


def test_500_symbols_are_one_request() -> None:
    assert len(list(parts([Symbol(f"AB{number:03}") for number in range(500)]))) == 1


def test_a_symbol_that_alpaca_calls_invalid_is_left_out(venue: LocalAlpaca, client: AlpacaClient) -> None:
    assert len(list(client.pages("/stocks/bars", [SPY, Symbol("0.1-A"), TLT], QUESTION))) == 1
    assert [params["symbols"] for _, _, params, _ in venue.requests] == ["SPY,0.1-A,TLT", "SPY,TLT"]
    assert client.pages_requested == 2


def test_only_invalid_symbols_cause_no_further_request(client: AlpacaClient) -> None:
    assert list(client.pages("/stocks/bars", [Symbol("0.1-A")], QUESTION)) == []


def test_no_symbols_cause_no_request(venue: LocalAlpaca, client: AlpacaClient) -> None:
    assert list(client.pages("/stocks/bars", [], QUESTION)) == []
    assert venue.requests == []


def test_a_429_is_waited_out(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.faults.on("GET", BARS, fault=TOO_MANY, times=2)
    assert len(list(client.pages("/stocks/bars", [SPY], QUESTION))) == 1
    assert [status for *_, status in venue.requests] == [429, 429, 200]


def test_a_feed_outside_the_plan_is_reported_with_the_remedy(client: AlpacaClient) -> None:
    tonight = {**QUESTION, "end": "2024-03-05T20:50:00Z"}
    with pytest.raises(SourceError, match=r"subscription does not permit querying recent SIP data.*market data plan"):
        list(client.pages("/stocks/bars", [SPY], tonight))


def test_pages_that_repeat_are_refused(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.faults.on("GET", BARS, fault=answering({"bars": {}, "next_page_token": "again"}), times=None)
    with pytest.raises(SourceError, match="does not come to an end"):
        list(client.pages("/stocks/bars", [SPY], QUESTION))


def test_an_answer_that_is_no_table_is_refused(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.faults.on("GET", BARS, fault=answering([]))
    with pytest.raises(SourceError, match="not a JSON object"):
        list(client.pages("/stocks/bars", [SPY], QUESTION))
