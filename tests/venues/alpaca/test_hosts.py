"""Hosts that requests may be sent to."""

import socket
from pathlib import Path

import pytest

from rebalancer.errors import RunFailedError
from rebalancer.market.clock import SystemClock
from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.venue import ALPACA, DATA, LIVE, PAPER, TRADING
from rebalancer.venues.plugin import address_refusal, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8790",
        "http://127.0.0.1",
        "https://127.8.9.1:1",
        "http://localhost:80/",
        "http://[::1]:8790",
    ],
)
def test_this_machine_is_accepted(url):
    assert is_loopback(url)
    assert address_refusal(url, PAPER) is None


@pytest.mark.parametrize("url", [PAPER, PAPER + "/"])
def test_the_paper_host_is_accepted(url):
    assert not is_loopback(url)
    assert address_refusal(url, PAPER) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://broker.example",
        "http://127.0.0.1.broker.example",
        "http://127.0.0.1@broker.example",
        "http://broker.example\\@127.0.0.1",
        "http://broker.example#@127.0.0.1",
        "http://127.0.0.1:80@broker.example",
        "http://127.0.0.1:8790/v2",
        "http://127.0.0.1:8790?a=b",
        "http://0.0.0.0:8790",
        "http://192.168.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1:8790",
        PAPER.replace("https", "http"),
        PAPER + ".broker.example",
        PAPER + "@broker.example",
        PAPER + "/v2",
        LIVE,
        DATA,
        " " + PAPER,
        "http://127.0.0.1\n",
        "",
    ],
)
def test_everything_else_is_refused_with_the_remedy(url):
    assert not is_loopback(url)
    assert "Leave the base URL out" in address_refusal(url, PAPER)


def test_data_comes_from_its_own_host_only():
    assert address_refusal(DATA, DATA) is None
    assert address_refusal(PAPER, DATA) is not None


def test_each_mode_has_a_host_of_its_own_and_refuses_the_others():
    assert address_refusal(TRADING["live"], LIVE) is None
    assert address_refusal(TRADING["paper"], LIVE) is not None
    assert address_refusal(TRADING["live"], PAPER) is not None


@pytest.mark.parametrize("mode", ["paper", "live"])
@pytest.mark.parametrize("url", [PAPER, LIVE, DATA, "https://broker.example"])
def test_the_client_refuses_every_host_but_that_of_its_mode(mode, url):
    def opened():
        return AlpacaClient(Keys("PKID", "secret"), SystemClock(), mode=mode, trading_url=url)

    if url == TRADING[mode]:
        opened().close()  # opening asks nothing of the network
        return
    with pytest.raises(RunFailedError, match="is neither"):
        opened()


@pytest.mark.parametrize(
    ("number", "mode"), [("PA3EXAMPLE", "paper"), ("123456789", "live"), ("pa1", "live"), ("", "live")]
)
def test_an_accounts_own_number_says_whether_its_money_is_real(number, mode):
    assert ALPACA.mode_of(number) == mode


def test_the_live_host_is_defined_once():
    root = Path(__file__).parents[3]
    host = LIVE.removeprefix("https://")
    texts = (path for folder in ("rebalancer", "tests", "benchmarks") for path in (root / folder).rglob("*.py"))
    named = [path for path in texts if host in path.read_text("utf-8").replace(f"paper-{host}", "")]
    assert named == [root / "rebalancer" / "venues" / "alpaca" / "venue.py"]


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("broker.example", 443)])
def test_no_test_reaches_another_machine(address):
    with pytest.raises(AssertionError, match="a test wanted to reach"):
        socket.create_connection(address, timeout=1)
