import json
from itertools import starmap

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rebalancer.bots.file_size import CHART_BYTES
from rebalancer.bots.flowchart import json_events
from rebalancer.bots.flowchart.document import MAX_DEPTH, parse

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e15, 1e15) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


BLANK = st.text(" \t\r\n", max_size=2)
NUMBER = st.from_regex(r"-?(0|[1-9][0-9]{0,16})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
ESCAPE = st.from_regex(r"\\([\"\\/bfnrt]|u[0-9a-fA-F]{4}|u[dD][89a-f]..)", fullmatch=True)
CHARACTER = st.characters(exclude_characters='"\\', exclude_categories=("Cs",))
TEXT = st.lists(CHARACTER | ESCAPE, max_size=4).map(lambda parts: f'"{"".join(parts)}"')
KEY = st.sampled_from(['"a"', '"b"', '"\\u0061"', '""']) | TEXT


def spaced(before, text, after):
    return before + text + after


def written(inner):
    """Lists and objects of `inner`, as JSON text; some with a key twice."""
    part = st.builds(spaced, BLANK, inner, BLANK)
    pair = st.tuples(st.builds(spaced, BLANK, KEY, BLANK), part)
    objects = st.lists(pair, max_size=4).map(lambda pairs: f"{{{','.join(starmap('{}:{}'.format, pairs))}}}")
    return st.lists(part, max_size=4).map(lambda parts: f"[{','.join(parts)}]") | objects


LEAF = NUMBER | TEXT | st.sampled_from(["true", "false", "null", "NaN", "-Infinity", "-0", "-0.0", "1e400", "1e-400"])
DOCUMENT = written(st.recursive(LEAF, written, max_leaves=12))


@st.composite
def damaged(draw):
    """A document in which a piece was left out, doubled or replaced."""
    text = draw(DOCUMENT)
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    return text[:first] + draw(st.sampled_from(["", text[first:last] * 2]) | st.text(max_size=3)) + text[last:]


def every_value(value):
    """The values in it and their types, -0.0 apart from 0.0 and the keys in order; without recursion."""
    found, stack = [], [value]
    while stack:
        each = stack.pop()
        inner = [*each.values()] if isinstance(each, dict) else each if isinstance(each, list) else []
        found.append((type(each), [*each] if isinstance(each, dict) else len(each) if inner else repr(each)))
        stack += inner
    return found


def refusal(content):
    """The one problem of `content`, as a person reads it."""
    value, problems = parse(content, "bot.json")
    assert value is None
    assert len(problems) == 1
    return str(problems[0])


@given(st.lists(PLAIN, max_size=3) | st.dictionaries(st.text(max_size=3), PLAIN, max_size=3))
def test_any_list_or_object_is_read_as_the_standard_parser_reads_it(value):
    assert parse(json.dumps(value).encode(), "bot.json") == (value, ())


@given(st.one_of(DOCUMENT, DOCUMENT, damaged(), LEAF))
@example('["\\ud83d\\ude00", "\\ude00", "\\\\ud800"]')
@example('{"a": 1, "\\u0061": 2}')
@example("[1000000000000000, 1000000000000000.0, -0, -0.0, 5e-324, 1E2]")
@example("[1000000000000001]")
@example("[" * 900 + "]" * 900)
@example("[" * 1_100 + "{}" + "]" * 1_100)
@example("[" + "[]," * MAX_DEPTH + "1]")
@example("[1]\x0b")
def test_the_standard_parser_reads_a_document_as_the_parser_of_events_does_and_refuses_nothing_more(text):
    content = text.encode("utf-8", "replace")
    value, problems = parse(content, "bot.json")
    expected, refused = json_events.read(content, content.decode(), "bot.json")
    assert problems == refused
    assert every_value(value) == every_value(expected)


def test_charts_of_depth_1000_are_within_the_allowed_nesting():
    levels = 4_000
    value, problems = parse(b"[" * levels + b"]" * levels, "bot.json")
    assert problems == ()
    for _ in range(levels - 1):
        (value,) = value
    assert value == []


def test_deeper_nesting_is_refused_in_a_sentence():
    levels = MAX_DEPTH + 1
    assert "nested more than 5,000 deep" in refusal(b'{"a":' * levels + b"1" + b"}" * levels)
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "bot.json")[1] == ()


def test_a_file_over_ten_megabytes_is_refused_unread():
    assert "10,000,001 bytes long; up to 10,000,000 are read" in refusal(b"(" * (CHART_BYTES + 1))


def test_a_duplicate_key_is_named_with_its_place():
    assert (
        refusal(b'{"a": [1, {"b": 2, "b": 3}]}')
        == 'bot.json: a[1].b: the key "b" stands here twice; keep one of the two'
    )


def test_every_double_key_is_reported_at_once():
    _, problems = parse(b'{"a": 1, "a": 2, "c": {"d": 1, "d": 1}}', "bot.json")
    assert [problem.place for problem in problems] == ["a", "c.d"]


@pytest.mark.parametrize("number", ["1e16", "-1e16", "1000000000000001", "1e400", "-1e400", "9" * 400, "9" * 5000])
def test_absurdly_large_numbers_are_refused(number):
    assert len(refusal(f'{{"a": {number}}}'.encode())) < 250


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_value_that_is_not_a_number_is_refused_by_name(word):
    assert f"{word} is no JSON number" in refusal(f'{{"a": {word}}}'.encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  ",
        b'{"a":',
        b'{"a": 1',
        b'{"a": 1,}',
        b'{"a": 1} x',
        b'{"a": 1}{}',
        b"[1 2]",
        b"{'a': 1}",
        b'{"a": 01}',
        b'{"a": .5}',
        b'{"a": "\x01"}',
        b"/* why */ {}",
    ],
)
def test_invalid_json_is_refused_with_its_line_and_column(content):
    assert "is not JSON" in refusal(content)
    assert "line 1 column" in refusal(content)


def test_a_fault_deep_down_is_still_a_sentence():
    assert "is not JSON" in refusal(b"[" * 4_000 + b"}")


@pytest.mark.parametrize(
    "content", ['{"a": 1}'.encode("utf-16"), b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b"\x1f\x8b\x08"]
)
def test_other_encodings_are_refused(content):
    assert "is not UTF-8" in refusal(content)


@pytest.mark.parametrize("content", [b"5", b'"SPY"', b"true", b"null"])
def test_a_bare_value_is_no_bot(content):
    assert "bare value" in refusal(content)


@given(st.binary(max_size=60) | st.text('{}[]",:0123456789.eE-+ntf\\u ', max_size=40).map(str.encode))
def test_no_input_raises(content):
    value, problems = parse(content, "bot.json")
    assert (value is None) == bool(problems)


def test_too_many_values_are_refused_before_parsing():
    assert "has about 100,001 values; up to 100,000 are read" in refusal(b"[" + b"," * 100_000)


def test_after_ten_problems_the_rest_is_not_checked():
    _, problems = parse(b"[" + b'{"a": 1, "a": 2},' * 50 + b"{}]", "bot.json")
    assert len(problems) == 11
    assert "after 10 problems the rest is not looked at" in str(problems[-1])
