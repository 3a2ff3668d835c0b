"""A setting changed by a form changes its own line and no other character."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer import config
from rebalancer.app.setting_change import typed as as_toml
from rebalancer.config.edit_settings import set_values
from rebalancer.config.keys import keys_of
from rebalancer.errors import BadInputError
from rebalancer.model import Trading

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SHARED = """\
# mine
[trading]
rounding = "floor"   # as ever

[accounts.demo]
broker = "sim"

# The first
[[accounts.demo.investments]]
bot = "a.json"
amount = 6000 # six
"""
OTHER = '\n[accounts.other]\nbroker = "sim"\n[[accounts.other.investments]]\nbot = "b.json"\namount = 1\n'


def changed(text: str, key: str, typed: str, account: str = "demo") -> str:
    *_, name = key.split(".")
    parser = keys_of(config.AccountConfig if name == "enabled" else Trading)[name]
    return set_values(text.encode(), account, {key: as_toml(parser, typed, key)}).decode()


def trading(text: str, account: str = "demo") -> Trading:
    found = config.parse(text.encode(), Path("/somewhere/config.toml"), {})
    return next(each.trading for each in found.accounts if each.name == account)


def test_a_value_changes_in_its_place_and_keeps_the_comment_behind_it():
    assert changed(SHARED, "trading.rounding", "closest") == SHARED.replace('"floor"', '"closest"')


def test_where_there_are_two_accounts_the_shared_value_stays_and_the_account_gets_its_own():
    made = changed(SHARED + OTHER, "trading.rounding", "closest")
    assert made == SHARED + OTHER + '\n[accounts.demo.trading]\nrounding = "closest"\n'
    assert (trading(made).rounding, trading(made, "other").rounding) == ("closest", "floor")


def test_a_key_that_stands_nowhere_comes_right_below_the_heading_of_its_table():
    assert changed(SHARED, "enabled", "true") == SHARED.replace(
        "[accounts.demo]\n", "[accounts.demo]\nenabled = true\n"
    )
    own = SHARED + "\n[accounts.demo.trading]  # own\ndrift_percent = 2\n"
    assert changed(own, "trading.protected", "SPY, TLT") == own.replace(
        "# own\n", '# own\nprotected = ["SPY", "TLT"]\n'
    )


def test_an_inline_table_is_changed_inside_its_braces():
    inline = SHARED.replace('broker = "sim"\n', 'broker = "sim"\ntrading = { drift_percent = 2 }\n')
    made = changed(inline, "trading.min_trade_dollars", "12.50")
    assert made == inline.replace("{ drift_percent = 2 }", "{ drift_percent = 2, min_trade_dollars = 12.50}")


def test_line_endings_and_a_byte_order_mark_stay():
    written = b"\xef\xbb\xbf" + SHARED.replace("\n", "\r\n").encode()
    made = set_values(written, "demo", {"enabled": True})
    assert made == written.replace(b"[accounts.demo]\r\n", b"[accounts.demo]\r\nenabled = true\r\n")


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("paired_tickers", "SPY/SH, QQQ/PSQ", (("SPY", "SH"), ("QQQ", "PSQ"))),
        ("paired_tickers", "", ()),
        ("protected", "  BRK.B, TLT ", ("BRK.B", "TLT")),
        ("fallback_ticker", "CASH", None),
        ("minutes_before_close", "15", 15),
    ],
)
def test_what_is_typed_becomes_the_value(key, typed, value):
    assert getattr(trading(changed(SHARED, f"trading.{key}", typed)), key) == value


@pytest.mark.parametrize("typed", ["", "1e3", "-1", "0x10", "1_000", "\u0661", '1\n[accounts.demo]\nmode = "live"'])
def test_what_is_no_plain_number_is_refused_before_it_reaches_the_file(typed):
    with pytest.raises(BadInputError, match="is not allowed: use a number in plain digits"):
        changed(SHARED, "trading.drift_percent", typed)


@given(st.text(max_size=40))
def test_no_text_breaks_out_of_its_value(typed):
    made = changed(EXAMPLE.read_text("utf-8"), "trading.order_type", typed, "demo")
    document = config.document.read(made.encode(), "config.toml", {}).content
    before = config.document.read(EXAMPLE.read_bytes(), "config.toml", {}).content
    assert {**before, "trading": None} == {**document, "trading": None}
    assert document["trading"].keys() == before["trading"].keys()


def test_none_takes_the_line_out_where_it_stands():
    made = set_values(SHARED.encode(), "demo", {"trading.rounding": None, "enabled": None}).decode()
    assert made == SHARED.replace('rounding = "floor"   # as ever\n', "")
