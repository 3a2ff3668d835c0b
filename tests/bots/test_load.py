"""Which kind of bot is in a file."""

import pytest

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.load import format_of, load
from rebalancer.bots.python import PythonBot

NATIVE = b'{"format": "rebalancer/bot", "version": 1, "name": "x", "chart": {"asset": "SPY"}}'
PYTHON = b"SYMBOLS = ['SPY']\nLOOKBACK = 1\ndef weights(closes): return {}\n"


def never_run(*_call: object) -> list[str]:
    raise AssertionError("loading a bot must not run it")


@pytest.mark.parametrize(
    ("content", "source", "kind", "form"),
    [
        (NATIVE, "x.json", FlowchartBot, "native"),
        (NATIVE, "x", FlowchartBot, "native"),
        (PYTHON, "x.py", PythonBot, "Python"),
    ],
)
def test_a_python_bot_is_detected_by_its_suffix_and_other_formats_by_content(content, source, kind, form):
    bot, problems = load(content, "mine", source, never_run)
    assert problems == ()
    assert isinstance(bot, kind)
    assert bot.name == "mine"
    assert format_of(content, source) == form


@pytest.mark.parametrize(("content", "source"), [(PYTHON, "x.json"), (NATIVE, "x.py"), (b"", "x.json"), (b"", "x.py")])
def test_an_unreadable_bot_is_refused_by_the_name_of_its_file(content, source):
    bot, problems = load(content, "mine", source, never_run)
    assert bot is None
    assert {problem.source for problem in problems} == {source}
