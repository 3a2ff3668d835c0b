"""A bot's document with other values at some of its places."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.bots.varied import read, steps_to, with_values

BOT = {"children": [{"num": 1}, {"a.b": {"c": "SPY"}, "a": {"x": 2.5}}], "on": True, "none": None}


@pytest.mark.parametrize(
    ("place", "steps"),
    [
        ("children[0].num", ("children", 0, "num")),
        ("children[1].a.b.c", ("children", 1, "a.b", "c")),
        ("children[1].a.x", ("children", 1, "a", "x")),
    ],
)
def test_a_place_is_written_as_an_error_names_it(place, steps):
    assert steps_to(BOT, place) == steps


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("childern[0].num", "did you mean 'children'?"),
        ("children[2].num", "a list of 2 before '[2].num'"),
        ("children.num", "a list of 2 before 'num'"),
        ("children[0]", "no number and no text"),
        ("children[0].num.more", "nothing can be inside, before 'more'"),
        ("on", "no number and no text"),
        ("none", "no number and no text"),
        ("", "no number and no text"),
        ("x", "before 'x' there are 'children', 'on', 'none'"),
    ],
)
def test_a_place_that_is_not_there_is_refused_with_what_is(place, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        steps_to(BOT, place)


def test_other_values_stand_there_and_the_document_is_as_before():
    before = json.dumps(BOT)
    written = json.loads(with_values(BOT, {("children", 0, "num"): 7, ("children", 1, "a.b", "c"): "TLT"}))
    assert written == {"children": [{"num": 7}, {"a.b": {"c": "TLT"}, "a": {"x": 2.5}}], "on": True, "none": None}
    assert json.dumps(BOT) == before


@given(st.integers(1, 2000))
def test_no_depth_is_too_deep(depth):
    document: object = {"num": 1}
    steps: list[str | int] = ["num"]
    for level in range(depth):
        document, step = ([document], 0) if level % 2 else ({"child": document}, "child")
        steps.insert(0, step)
    found, problems = read(with_values(document, {tuple(steps): 5}), "deep.json")
    assert not problems
    for step in steps:
        found = found[step]
    assert found == 5


@pytest.mark.parametrize(
    ("content", "source", "said"),
    [
        (b"def weights(closes): ...", "bot.py", "is a Python bot, which has no values to change"),
        (b'(defsymphony "x" {})', "bot.clj", "`rebalance bots import bot.clj` writes it as JSON"),
        (b'{"a": 1, "a": 2}', "bot.json", "stands here twice"),
    ],
)
def test_what_has_no_places_is_refused_with_the_remedy(content, source, said):
    found, problems = read(content, source)
    assert found is None
    assert said in str(problems[0])
