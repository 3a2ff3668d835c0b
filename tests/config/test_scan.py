"""What is counted before a config is parsed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.config.scan import refusal, tokens


@pytest.mark.parametrize(
    "text",
    [
        "a.b.c.d.e.f.g.h.i = 1.5",
        "a = " + "[" * 16 + "]" * 16,
        "a = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]",
        'a = "' + "." * 100 + "[" * 100 + '"',
        "a = '''\n" + "[\n" * 100 + "'''",
        '"a.b.c.d.e.f.g.h.i.j.k" = 1',
        "# " + "." * 100 + "{" * 100,
        'a = "\\"' + "[" * 20 + '"',
        'a = """""' + "[" * 20 + '"""""',
        "x" * 2000,
    ],
)
def test_what_a_person_may_write_passes(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\na" + ".a" * 9 + " = 1", 2, "more than 8 dots"),
        ("a = 1\n[a" + " . a" * 9 + "]", 2, "more than 8 dots"),
        ("a = " + "[\n" * 17, 17, "nested more than 16 deep"),
        ("a = " + "{a=" * 17, 1, "nested more than 16 deep"),
        ("\n\n" + "x" * 2001, 3, "2,001 characters long"),
        ('a = "closed"' + "." * 9, 1, "more than 8 dots"),
        ("a = '''closed'''" + "[" * 17, 1, "nested more than 16 deep"),
    ],
)
def test_what_no_config_needs_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    found = refusal(text)
    assert found is not None
    assert found[0] == line
    assert says in found[1]


@given(st.text("ab.=[]{}\"'#\\\n 1", max_size=80))
def test_of_no_text_anything_is_overlooked_but_blanks(text: str) -> None:
    seen = "".join(token.text for token in tokens(text))
    assert seen.replace(" ", "") == text.replace(" ", "")
