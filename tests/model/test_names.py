"""A ticker is validated before it is used in a URL, query, page or file name."""

import pytest

from rebalancer.model import canonical, symbol

HOSTILE = [
    "",
    "AAPL&side=sell",
    "../orders",
    "AAPL\r\nX: y",
    "AAPL\n",
    "'; DROP TABLE orders",
    "\uff04AAPL",
    "\u0410APL",
    "=cmd|",
    "A" * 10_000,
    "AAPL\0",
    "aapl",
    ".AAPL",
    "-AAPL",
    " AAPL",
    "BRK  B",
    "BRK BB",
    "brk b",
    "<b>",
    "CASH",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_an_invalid_ticker_is_refused(text):
    with pytest.raises(ValueError, match="is not a ticker"):
        symbol(text)


@pytest.mark.parametrize("text", ["SPY", "BRK.B", "BTC/USD", "BTC-USD", "A", "3M", "A" * 21])
def test_a_ticker_is_taken_as_it_is(text):
    assert symbol(text) == text


@pytest.mark.parametrize("text", ["BRK.B", "BRK/B", "BRK-B", "BRK B"])
def test_a_class_share_is_one_symbol_however_it_is_written(text):
    assert symbol(text) == canonical(text) == "BRK.B"


@pytest.mark.parametrize("text", ["BTC/USD", "PBR-PA", "3M-A", "BRK..B", "-B", "A.B.C", "no ticker", ""])
def test_a_ticker_that_is_not_a_class_share_keeps_its_spelling(text):
    assert canonical(text) == text


def test_the_error_quotes_only_the_beginning_of_a_long_ticker():
    with pytest.raises(ValueError, match=r"^.{0,160}$"):
        symbol("x" * 10_000)
