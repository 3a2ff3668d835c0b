"""No number, price or date is cut on any screen, however narrow the window, wide the numbers and long the names."""

import re
import sys

import pytest
from own_prices import DAYS, write_account
from terminal import Terminal

WIDTHS = (60, 80, 100, 120, 200)
BOT = "A bot whose name has as many characters as may be: sixty"
ACCOUNT = "an-account-with-a-name-as-long-as-may-be"
CLOSES = {"BRK.A": ("612345.67",) * 5, "PENNY": ("0.1101", "0.1099", "0.1105", "0.1112", "0.1234")}
CHART = {"specified": [{"percent": 60, "chart": {"asset": "BRK.A"}}, {"percent": 40, "chart": {"asset": "PENNY"}}]}
WIDE = """[accounts.a.sim]
starting_cash = 9876543210
[limits]
max_order_dollars = 99999999999
max_run_dollars = 99999999999
"""
COMMANDS = (
    f"run --dry-run --yes --as-of {DAYS[4]}",
    "history",
    "history 1",
    "orders",
    "positions",
    "status",
    "schedule --next 3",
    "doctor",
    "live status",
    "data status",
    "bots list",
    "bots show b.json",
    "invest list",
    "config show",
    "config changes",
    "config check",
    "explain b.json",
    "explain b.json --tree",
    "backtest b.json",
)
FIGURE = re.compile(r"(?<![\w./-])[+-]?\d[\d,]*\.\d\d(?:\d\d)?(?!\w)|(?<![\w-])\d{4}-\d\d-\d\d(?!-)")


@pytest.fixture
def wide_account(tmp_path, rebalance):
    """Billions of dollars, a share of 600,000 dollars, one of a few cents, and long names."""
    write_account(tmp_path, CLOSES, CHART, WIDE)
    config = tmp_path / "config.toml"
    text = config.read_text().replace("accounts.a", f"accounts.{ACCOUNT}")
    text = text.replace('"sim"', '"sim"\nenabled = true').replace('"b.json"', f'"b.json"\nname = "{BOT}"')
    config.write_text(text)
    assert rebalance("run", "--yes", "--as-of", DAYS[3]).code == 0
    return rebalance


@pytest.fixture
def window(monkeypatch, wide_account):
    """The screen of a command in a window of so many columns."""

    def opened(columns, *words):
        screen = Terminal()
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            patch.setenv("TERM", "xterm")
            patch.setenv("NO_COLOR", "1")
            patch.setattr(sys, "stdout", screen)
            wide_account(*words)
        return re.sub(r"\x1b\[[\d;]*m", "", screen.getvalue())

    return opened


@pytest.mark.parametrize("command", COMMANDS)
def test_every_figure_of_a_screen_is_whole_at_every_width(command, window, wide_account):
    piped = wide_account(*command.split()).out
    assert piped
    for columns in WIDTHS:
        screen = window(columns, *command.split())
        assert max(map(len, screen.splitlines())) <= columns
        assert "…" not in screen
        assert "..." not in screen
        assert _figures(piped) <= _figures(screen) or f"Not shown in {columns} columns: " in screen


def _figures(screen):
    """Numbers with decimals, and dates: a cut or broken one would be missing, or be another one."""
    return set(FIGURE.findall(re.sub(r"[│╭╮╰╯├┤┬┴┼─]", " ", screen)))


def test_the_plan_keeps_symbol_do_dollars_and_why_in_eighty_columns(window, tmp_path):
    (tmp_path / "config.toml").unlink()
    window(80, "run", "--yes")
    lines = window(80, "history", "1").splitlines()
    heading = next(place for place, line in enumerate(lines) if line.startswith("Plan, ")) + 1
    assert lines[heading].split() == ["symbol", "do", "USD", "why"]
    assert "Not shown in 80 columns: now, target, held, to hold." in lines


def test_a_plan_too_wide_for_that_is_listed_by_symbol(window):
    screen = re.sub(" +", " ", window(60, "history", "1"))
    assert (
        "symbol BRK.A\n now 0.00 % \n target 59.40 % \n held 0 \n to hold 9,580 \n do buy 9,580 at 612,345.67 \n"
        in screen
    )


def test_prices_have_two_decimals_and_four_under_a_dollar(wide_account):
    plan = wide_account("history", "1").out
    assert "buy 9,580 at 612,345.67 " in plan
    assert "bought 9,580 of 9,580 at 612,345.67 USD" in plan
    assert "buy 35,171,862,510 at 0.1112 " in plan


def test_a_number_too_long_to_show_is_named_by_its_length(wide_account, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("9876543210", "9" * 60))
    said = " ".join(wide_account("config", "check").out.split())
    assert f"accounts.{ACCOUNT}.sim.starting_cash: a number of 60 characters has too many digits" in said
