"""Which addresses orders may go to."""

import socket

import pytest

from rebalancer.alpaca.hosts import DATA, PAPER, is_loopback, refusal


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
    assert refusal(url) is None


@pytest.mark.parametrize("url", [PAPER, PAPER + "/"])
def test_the_paper_host_is_accepted(url):
    assert not is_loopback(url)
    assert refusal(url) is None


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
        PAPER.replace("paper-", ""),
        DATA,
        " " + PAPER,
        "http://127.0.0.1\n",
        "",
    ],
)
def test_everything_else_is_refused_with_the_remedy(url):
    assert not is_loopback(url)
    assert "Leave the base URL out" in refusal(url)


def test_data_comes_from_its_own_host_only():
    assert refusal(DATA, DATA) is None
    assert refusal(PAPER, DATA) is not None


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("broker.example", 443)])
def test_no_test_reaches_another_machine(address):
    with pytest.raises(AssertionError, match="a test wanted to reach"):
        socket.create_connection(address, timeout=1)
