"""`rebalance data` on prices from Alpaca."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from local_alpaca import LocalAlpaca
from local_alpaca.faults import FORBIDDEN

CONFIG = """
state_dir = "state"
[data]
source = "alpaca"
since = 2024-01-02
[trading]
fallback_ticker = "SGOV"
[accounts.paper]
broker = "alpaca"
key_id = "${{KEY}}"
secret = "${{SECRET}}"
base_url = "{url}"
data_url = "{url}"
[[accounts.paper.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
"""
HOLD_SPY = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}
FIRST, LAST = date(2024, 1, 2), date(2024, 3, 4)
HOLIDAYS = {date(2024, 1, 15), date(2024, 2, 19)}
SESSIONS = [
    day
    for day in (FIRST + timedelta(days=at) for at in range((LAST - FIRST).days + 1))
    if day.weekday() < 5 and day not in HOLIDAYS
]


@pytest.fixture
def venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAlpaca]:
    """Settings of an account at a local Alpaca, on 2024-03-05 before the close."""
    with LocalAlpaca(now=datetime(2024, 3, 5, 20, 50, tzinfo=UTC)) as venue:
        for symbol, price in (("SPY", 500), ("SGOV", 100)):
            venue.market.list(symbol, dict.fromkeys(SESSIONS, Decimal(price)))
        monkeypatch.setenv("KEY", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        (tmp_path / "config.toml").write_text(CONFIG.format(url=venue.url))
        (tmp_path / "hold.json").write_text(json.dumps(HOLD_SPY))
        yield venue


def test_sync_fetches_every_bots_tickers_and_the_fallback(rebalance, venue):
    output = rebalance("data", "sync")
    assert output.code == 0
    assert "Fetched the closes of 2 tickers up to 2024-03-04 with 1 request." in output.out
    assert output.err == ""


def test_sync_names_each_discarded_history_with_the_reason(rebalance, venue):
    rebalance("data", "sync")
    venue.market.action("forward_split", "SPY", date(2024, 3, 5), new_rate=2, old_rate=1)
    output = rebalance("data", "sync")
    assert "up to 2024-03-04 with 2 requests" in output.out
    assert "SPY: its history was fetched anew, since its close of 2024-03-04 was 500.0000 USD" in output.out


def test_sync_in_json_has_the_same_facts(rebalance, venue):
    assert json.loads(rebalance("data", "sync", "--json").out)["synced"] == {
        "last": "2024-03-04",
        "symbol_count": 2,
        "requests": 1,
        "thrown_away": {},
        "silent": {},
    }


def test_status_shows_the_cache_without_a_request(rebalance, venue):
    venue.market.drop_bar("SPY", date(2024, 2, 1))
    rebalance("data", "sync")
    venue.requests.clear()
    output = rebalance("data", "status")
    assert output.code == 0
    assert "SPY     2024-01-02  2024-03-04        42        1" in output.out
    assert "no close on 2024-02-01" in output.out
    assert venue.requests == []


def test_status_needs_no_key(rebalance, venue, monkeypatch):
    rebalance("data", "sync")
    monkeypatch.delenv("SECRET")
    assert rebalance("data", "status").code == 0


def test_status_before_the_first_sync_says_what_to_do(rebalance, venue):
    output = rebalance("data", "status")
    assert output.code == 2
    assert "there are no closes yet: `rebalance data sync` fetches them" in output.err


def test_a_refusal_by_alpaca_is_reported_with_the_remedy(rebalance, venue):
    venue.faults.on("GET", "/v2/stocks/bars", fault=FORBIDDEN)
    output = rebalance("data", "sync")
    assert output.code == 4
    assert "Look at the account's rights and at its market data plan" in output.err


def test_the_sample_has_nothing_to_fetch(rebalance):
    output = rebalance("data", "sync")
    assert (output.code, output.err.count("rebalance:")) == (0, 0)
    assert "there is nothing to fetch" in output.out
    assert '"synced": null' in rebalance("data", "sync", "--json").out
