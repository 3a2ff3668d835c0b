"""The README is true: its commands run, its example is computed, its tables name what the program knows."""

import json
import re
import shlex
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from rebalancer.app.runs import EXIT_CODES
from rebalancer.bots.flowchart import formats
from rebalancer.errors import BadInputError, RebalancerError, RunFailedError, StoppedError
from rebalancer.model import Allocation, Investment, Limits, Symbol, Trading
from rebalancer.portfolio.targets import investable, set_targets, shares_of
from rebalancer.portfolio.trades import target_dollars, to_decimal

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
FIRST = re.findall(r"^```sh first\n(.+)\n```$", README, re.MULTILINE)
BLOCKS = re.findall(r"^```sh\n(.+?)```$", README, re.DOTALL | re.MULTILINE)
COMMANDS = "".join(BLOCKS).splitlines()


def test_the_two_first_commands_are_the_ones_that_ci_runs():
    assert FIRST == [
        "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/rebalance run --dry-run",
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest -n auto",
    ]


def test_every_other_command_runs_one_after_the_other(rebalance):
    assert len(COMMANDS) >= 6
    for command in COMMANDS:
        program, *words = shlex.split(command)
        assert program == ".venv/bin/rebalance"
        said = rebalance(*words)
        assert said.code == 0, f"{command}: {said.err}"


def test_the_bot_in_the_readme_can_be_read():
    (document,) = re.findall(r"^```json\n(.+?)```$", README, re.DOTALL | re.MULTILINE)
    chart, problems = formats.read(json.dumps(json.loads(document)).encode(), "README.md")
    assert problems == ()
    assert chart is not None


def test_the_worked_example_is_right_to_the_cent():
    spy, sh, sgov = map(Symbol, ("SPY", "SH", "SGOV"))
    purse = investable(Decimal(100_000), Decimal(5_000), Decimal(20_000))
    trading = Trading(fallback_ticker=sgov, paired_tickers=((spy, sh),))
    shares, _ = shares_of([Investment("A", Decimal(30_000)), Investment("B", Decimal(50), "percent")], purse, "amounts")
    day = date(2024, 3, 4)
    decisions = {"A": Allocation("A", day, {spy: 0.6, sh: 0.4}), "B": Allocation("B", day, {spy: 1.0})}
    targets = set_targets(shares, decisions, trading, sgov)

    dollars = {symbol: target_dollars(to_decimal(weight), purse) for symbol, weight in targets.weights.items()}

    assert dollars == {spy: Decimal("43500.00"), sgov: Decimal("24000.00")}
    row = re.search(r"^\| dollars \| (\S+) \| +\| (\S+) \| (\S+) \|$", README, re.MULTILINE)
    assert row is not None
    spy_dollars, sgov_dollars, cash = (Decimal(number.replace(",", "")) for number in row.groups())
    assert (spy_dollars, sgov_dollars) == (dollars[spy], dollars[sgov])
    assert cash == purse - sum(dollars.values())


@pytest.mark.parametrize("error", [RebalancerError, BadInputError, RunFailedError, StoppedError])
def test_every_error_has_its_exit_code_in_the_table(error):
    assert re.search(rf"^\| {error.exit_code} \| ", README, re.MULTILINE)


def test_every_limit_is_in_the_table_with_its_default():
    rows = re.findall(r"^\| `(max_\w+)`(?:, `(max_\w+)`)? \| ([\d,]+)(?:, ([\d,]+))? \|", README, re.MULTILINE)
    told = {
        key: Decimal(value.replace(",", "")) for row in rows for key, value in zip(row[:2], row[2:], strict=True) if key
    }
    defaults = {field.name: getattr(Limits(), field.name) for field in fields(Limits)}
    assert told == {key: value for key, value in defaults.items() if key.startswith("max_")}


def test_every_status_has_its_exit_code_in_the_table():
    assert all(re.search(rf"^\| {code} \| ", README, re.MULTILINE) for code in EXIT_CODES.values())
