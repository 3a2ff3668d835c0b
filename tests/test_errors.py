"""Text of others on a screen, and the sentences of errors."""

import pytest

from rebalancer.errors import BadInputError, Problem, SourceError, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Momentum, top 2: é ★ 日本", "Momentum, top 2: é ★ 日本"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b1m", r"\x9b1m"),
        ("a\nb\r\tc\x7f", r"a\nb\r\tc\x7f"),
        ("\u202egnp.\u2066x\u200e", r"\u202egnp.\u2066x\u200e"),
        ("in\u200bvisible\ufeff", r"in\u200bvisible\ufeff"),
        ("a\u2028b\u2029c\x85", r"a\u2028b\u2029c\x85"),
        ("lone \udce9", r"lone \udce9"),
        (12, "12"),
    ],
)
def test_what_a_screen_would_obey_is_shown_as_an_escape(text: object, shown: str) -> None:
    assert visible(text) == shown


def test_a_problem_is_one_line_whatever_the_names_in_it() -> None:
    problems = Problem("a\nb.json", "children\n[0]", "is no\x1b number"), Problem("c.json", "", "is empty")
    error = BadInputError(problems)
    assert str(error) == "a\\nb.json: children\\n[0]: is no\\x1b number\nc.json: is empty"


def test_what_a_broker_says_is_one_line_of_an_error() -> None:
    assert str(SourceError("Alpaca said: no\nAll is well.")) == r"Alpaca said: no\nAll is well."
