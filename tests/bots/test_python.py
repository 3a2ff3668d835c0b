"""The settings of a Python bot are read without running its file."""

import pytest

from rebalancer.bots.file_size import PYTHON_BYTES
from rebalancer.bots.python import PythonBot, checked, read

GOOD = 'SYMBOLS = ("TLT", "BRK.B")\nLOOKBACK: int = 20\n\ndef weights(closes):\n    return {}\n'


def never_run(*_call: object) -> list[str]:
    raise AssertionError("reading a file must not run it")


def problems(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    bot, found = read(content, "mine", "mine.py", never_run)
    assert (bot is None) == bool(found)
    return [str(problem) for problem in found]


def test_symbols_and_lookback_are_read_without_running_the_file():
    bot, found = read(f"{GOOD}\nraise SystemExit\n".encode(), "mine", "mine.py", never_run)
    assert found == ()
    assert isinstance(bot, PythonBot)
    assert (bot.columns, bot.symbols, bot.holdable) == (("TLT", "BRK.B"), ("BRK.B", "TLT"), ("BRK.B", "TLT"))
    assert (bot.lookback, bot.warm_up) == (20, 20)


def test_the_rules_of_a_python_bot_are_its_source_lines():
    bot, _ = read(GOOD.encode(), "mine", "mine.py", never_run)
    assert bot is not None
    assert bot.outline()[1] == "LOOKBACK: int = 20"
    assert bot.findings().nodes == ()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('("TLT", "BRK.B")', "[]", "line 1: SYMBOLS: must be a list of 1 to 1,000 tickers"),
        ('("TLT", "BRK.B")', '"SPY"', "line 1: SYMBOLS: must be a list of 1 to 1,000 tickers"),
        ('("TLT", "BRK.B")', '["BRK/B"]', "line 1: SYMBOLS: BRK/B is spelled BRK.B here"),
        ('("TLT", "BRK.B")', '["tlt"]', "line 1: SYMBOLS: 'tlt' is not a ticker"),
        ('("TLT", "BRK.B")', "[7]", "line 1: SYMBOLS: a value of the type int is not a ticker in quotes"),
        ('("TLT", "BRK.B")', '["TLT", "TLT"]', "line 1: SYMBOLS: names a ticker twice"),
        ('("TLT", "BRK.B")', "list_of_mine()", "line 1: SYMBOLS: must be written out"),
        ('SYMBOLS = ("TLT", "BRK.B")', "", 'SYMBOLS: is missing; write SYMBOLS = ["SPY", "TLT"]'),
        ("LOOKBACK: int = 20", "LOOKBACK = 0", "line 2: LOOKBACK: must be a whole number of sessions from 1 to 10,000"),
        ("LOOKBACK: int = 20", "LOOKBACK = True", "line 2: LOOKBACK: must be a whole number"),
        ("LOOKBACK: int = 20", "LOOKBACK = 10_001", "line 2: LOOKBACK: must be a whole number"),
        ("LOOKBACK: int = 20", "LOOKBACK: int", "LOOKBACK: is missing; write LOOKBACK = 200"),
        ("LOOKBACK: int = 20", "LOOKBACK = 1; LOOKBACK = 2", "line 2: LOOKBACK: is assigned more than once"),
        ("def weights", "def weight", "weights: is missing; write def weights(closes):"),
        ("def weights", "async def weights", "weights: is missing; write def weights(closes):"),
        ("return {}", "return {", "line 5: is not Python: '{' was never closed"),
    ],
)
def test_what_is_missing_or_wrong_is_named_with_its_line(before, after, said):
    assert before in GOOD
    (problem,) = problems(GOOD.replace(before, after))
    assert said in problem


@pytest.mark.parametrize("content", [b"\xff", b"\0", b"(" * 5_000, b"x = " + b"-" * 5_000 + b"1"])
def test_a_file_that_is_not_python_is_refused(content):
    assert problems(content)


def test_a_file_that_is_too_long_is_refused():
    assert problems(b"#" * (PYTHON_BYTES + 1)) == ["mine.py: is 150,001 bytes long; up to 150,000 are read"]


def test_weights_of_0_are_left_out_and_rounding_errors_are_tolerated():
    assert checked({"SPY": 1.0 + 1e-12, "TLT": 0.0}, ["SPY", "TLT"]) == {"SPY": 1.0}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"SPY": float("inf")}, "weights() returned inf for SPY; a weight must be a number from 0 to 1"),
        ({"SPY": -0.1}, "weights() returned -0.1 for SPY; a weight must be a number from 0 to 1"),
        ({"SPY": 0.6, "TLT": 0.41}, "weights() returned weights that sum to 1.01; they must sum to 1 or less"),
        ({"GLD": 0.0}, "weights() returned 'GLD', which is not in SYMBOLS"),
        ("a sentence of the child process", "a sentence of the child process"),
        ("steers \x1b[2J the terminal \ud800", "steers  [2J the terminal  "),
    ],
)
def test_invalid_weights_are_reported_in_a_sentence(answer, said):
    found = checked(answer, ["SPY", "TLT"])
    assert isinstance(found, str)
    assert found.startswith(said)


def test_a_file_that_is_nested_too_deeply_is_refused():
    assert problems(b"x = a" + b".b" * 70_000) == ["mine.py: is nested too deeply to be read"]
