"""Environment variables in a config: replaced in strings, named where they are missing, their values never shown."""

import re
from pathlib import Path

import pytest
from configs import FOLDER, SMALLEST
from hypothesis import given
from hypothesis import strategies as st

from rebalancer import config
from rebalancer.config import Config
from rebalancer.config.environment import fill
from rebalancer.errors import BadInputError


def parsed(first: str, **environ: str) -> Config:
    return config.parse(f"{first}\n{SMALLEST}".encode(), FOLDER / "config.toml", environ)


def refused(first: str, **environ: str) -> str:
    with pytest.raises(BadInputError) as raised:
        parsed(first, **environ)
    return str(raised.value)


def test_a_variable_is_replaced_by_its_value_anywhere_in_a_string() -> None:
    assert parsed('state_dir = "/data/${WHO}/state"', WHO="me").state_dir == Path("/data/me/state")


SHOWN = {
    "the name of a bot": ("name", 'name = "${S}"'),
    "the file of a bot without a name": ("name", 'bot = "bots/${S}.json"'),
    "a file that is a variable": ("name", 'bot = "${S}"'),
    "a default": ("name", 'bot = "${S:-bots/x.json}"'),
    "a part of a name": ("name", 'name = "my ${S} bot"'),
    "a ticker": ("fallback_ticker", '[accounts.demo.trading]\nfallback_ticker = "${S}"'),
    "a list of tickers": ("protected", '[accounts.demo.trading]\nprotected = ["SPY", "${S}"]'),
    "the account number": ("account_number", '[accounts.other]\nbroker = "alpaca"\naccount_number = "${S}"'),
    "an address": ("base_url", '[accounts.other]\nbroker = "alpaca"\nbase_url = "http://localhost/${S}"'),
    "a pair": ("paired_tickers", '[accounts.demo.trading]\npaired_tickers = [["SPY", "${S}"]]'),
    "the account that prices are read with": ("account", '[data]\naccount = "${S}"'),
    "a program": ("on_result", '[accounts.other]\non_result = "${S} --quiet"'),
    "a program in a folder": ("on_result", '[accounts.other]\non_result = "/bin/x${S}"'),
    "a program after a blank": ("on_result", '[accounts.other]\non_result = "${HOME}/bin/tell"'),
}
SECRET = "HUNTER2"  # noqa: S105 - also a ticker, a name, a file and a program
WITH_BOT = '[accounts.demo]\nbroker = "sim"\n[[accounts.demo.investments]]\namount = 1\n'


@pytest.mark.parametrize(("key", "line"), SHOWN.values(), ids=SHOWN)
def test_a_variable_is_refused_where_it_would_be_a_name_that_screens_show(key: str, line: str) -> None:
    bot = "" if line.startswith("bot") else 'bot = "x.json"\n'
    environ = {"S": SECRET, "HOME": f"/{SECRET} b"}
    with pytest.raises(BadInputError) as raised:
        config.parse(f"{WITH_BOT}{bot}{line}\n".encode(), Path("/home/me/config.toml"), environ)
    said = str(raised.value)
    assert re.search(rf"{key}: .*has an environment variable", said)
    assert SECRET not in said


def test_a_variable_may_stand_in_the_folder_of_a_bot_or_program_and_in_what_the_program_is_told() -> None:
    lines = 'on_result = "${BIN}/tell ${TOKEN}"\n[[accounts.demo.investments]]\namount = 1\nbot = "${BOTS}/x.json"\n'
    text = f'[accounts.demo]\nbroker = "${{BROKER:-sim}}"\n{lines}'
    found = config.parse(text.encode(), Path("/home/me/config.toml"), {"BIN": "/bin", "TOKEN": "abc", "BOTS": "/b"})
    (account,) = found.accounts
    assert (account.on_result, account.bots) == (("/bin/tell", "abc"), {"x": Path("/b/x.json")})


@pytest.mark.parametrize("environ", [{}, {"WHO": ""}])
def test_a_default_replaces_a_variable_that_is_not_set_or_empty(environ: dict[str, str]) -> None:
    assert parsed('state_dir = "/data/${WHO:-nobody}"', **environ).state_dir == Path("/data/nobody")


def test_a_variable_that_is_set_beats_its_default() -> None:
    assert parsed('state_dir = "/data/${WHO:-nobody}"', WHO="me").state_dir == Path("/data/me")


def test_a_missing_variable_is_a_problem_that_names_line_key_and_variable() -> None:
    said = refused('\nstate_dir = "${NOWHERE}"')
    assert "line 2: state_dir: needs the environment variable NOWHERE" in said
    assert "${NOWHERE:-default}" in said


def test_every_missing_variable_is_named_at_once() -> None:
    said = refused('state_dir = "${ONE}${TWO}"\non_result = "tell ${THREE}"')
    assert all(f"variable {name}," in said for name in ("ONE", "TWO", "THREE"))


@pytest.mark.parametrize("text", ["${", "${}", "${9}", "${A B}", "${A:default}", "${A-b}", "x${"])
def test_a_brace_that_begins_no_variable_is_refused_with_the_way_to_write_one(text: str) -> None:
    assert "write ${NAME} or ${NAME:-default}" in refused(f'state_dir = "{text}"')


def test_the_names_of_settings_are_never_filled_in() -> None:
    assert '"${KEY}": is no setting' in refused('"${KEY}" = 1', KEY="state_dir").replace("${KEY}", '"${KEY}"')


@pytest.mark.parametrize(
    "line",
    ['[trading]\norder_type = "${S}"', '[trading]\nfallback_ticker = "${S}"', '[trading]\nprotected = ["${S}"]'],
)
def test_the_value_of_a_variable_is_not_shown_in_an_error(line: str) -> None:
    said = refused(line, S="hunter2-is-my-secret")
    assert "hunter2" not in said
    assert "trading." in said


def test_variables_in_the_value_of_a_variable_are_not_replaced() -> None:
    assert parsed('state_dir = "/${A}"', A="${B}", B="no").state_dir == Path("/${B}")


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_variables_stays_as_it_is(text: str) -> None:
    problems: list[str] = []
    assert fill(text, {}, lambda *problem: problems.extend(problem)) == text
    assert problems == []
