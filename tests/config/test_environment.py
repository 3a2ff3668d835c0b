"""Environment variables in a config: replaced in strings, named where they are missing, their values never shown."""

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


def test_a_variable_in_a_list_is_filled_in_too() -> None:
    (account,) = parsed('[trading]\nprotected = ["${MINE}"]', MINE="GLD").accounts
    assert account.trading.protected == ("GLD",)


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
    said = refused('state_dir = "${ONE}${TWO}"\n[trading]\nprotected = ["${THREE}"]')
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
