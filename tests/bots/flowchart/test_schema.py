"""The schema and the reader are two statements of one format, so they have to agree."""

import copy
import json
from importlib.resources import files

import pytest
from charts import documents
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from make_schema import PAGE, page, with_indicators

from rebalancer.bots.flowchart.formats import read

SCHEMA = json.loads(files("rebalancer.bots.flowchart.formats").joinpath("native.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)

BEYOND_A_SCHEMA = (
    *("the percents sum to", "the fractions sum to", "is known of tickers only", "reads more than closes"),
    *("is more than the conditions", "days in a row; ask for one day"),
    *("one more than conditions", "the two values must differ", "there must be one for each of the"),
    *("there is no chart", "calls in a circle", "holds no ticker"),
)
STRANGE = [None, True, False, 0, 1, -1, 2.5, 10.0, 10_001, "", " ", "SPY", "spy", "CASH", "gt", "top", [], {}]
STRANGE += [["SPY"], {"asset": "SPY"}, {"cash": True}, {"cash": 1}, {"max-drawdown": {"of": "SPY", "window": 1}}]


def problems_of(document):
    return read(json.dumps(document).encode(), "bot.json")[1]


def spots(document):
    """Every place in `document` at which a value stands, as the container and the key or index."""
    waiting, found = [document], []
    while waiting:
        container = waiting.pop()
        for key in container if isinstance(container, dict) else range(len(container)):
            found.append((container, key))
            if isinstance(container[key], dict | list):
                waiting.append(container[key])
    return found


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


def test_the_indicators_of_the_schema_are_their_rows():
    assert with_indicators(SCHEMA) == SCHEMA, "run tests/bots/flowchart/make_schema.py"


def test_the_page_of_indicators_lists_their_rows():
    assert PAGE.read_text("utf-8") == page(), "run tests/bots/flowchart/make_schema.py"


@given(documents())
def test_every_document_valid_by_the_schema_is_read(document):
    assert VALIDATOR.is_valid(document)
    assert problems_of(document) == ()


@given(documents(depth=2), st.data())
def test_a_document_with_one_strange_value_is_refused_by_both_or_by_neither(document, data):
    broken = copy.deepcopy(document)
    container, key = data.draw(st.sampled_from(spots(broken)[1:]))
    container[key] = data.draw(st.sampled_from(STRANGE))
    agree(broken)


@given(documents(depth=2), st.data())
def test_a_document_without_one_key_is_refused_by_both_or_by_neither(document, data):
    broken = copy.deepcopy(document)
    container, key = data.draw(st.sampled_from(spots(broken)[1:]))
    del container[key]
    agree(broken)


@given(documents(depth=2), st.data(), st.sampled_from(["window", "for_days", "of", "percent", "note", "if"]))
def test_a_document_with_one_key_too_many_is_refused_by_both_or_by_neither(document, data, name):
    broken = copy.deepcopy(document)
    objects = [broken, *(container[key] for container, key in spots(broken) if isinstance(container[key], dict))]
    data.draw(st.sampled_from(objects)).setdefault(name, 3)
    agree(broken)


def agree(document):
    found = [problem.text for problem in problems_of(document)]
    sayable = [text for text in found if not any(phrase in text for phrase in BEYOND_A_SCHEMA)]
    assert VALIDATOR.is_valid(document) == (not sayable), found


@pytest.mark.parametrize("name", sorted(SCHEMA["$defs"]))
def test_every_object_of_the_schema_refuses_unknown_keys(name):
    shape = SCHEMA["$defs"][name]
    assert shape.get("type") != "object" or shape["additionalProperties"] is False
