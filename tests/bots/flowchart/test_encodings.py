"""The encodings of Composer's JSON; what each means is what the plain JSON means."""

import gzip
import json

import pytest
from charts import outline
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.bots.flowchart.formats import name_of, read

PLAIN = {
    "step": "root",
    "name": "~x",
    "rebalance": "daily",
    "children": [
        {
            "step": "filter",
            "sort-by-fn": "cumulative-return",
            "sort-by-fn-params": {"window": 5},
            "select-fn": "top",
            "select-n": "1",
            "children": [{"step": "asset", "ticker": "SPY"}, {"step": "asset", "ticker": "BIL", "children": None}],
        }
    ],
}
# As a transit writer makes it of PLAIN: keys and keywords of four characters and more are cached from "^0" on.
TRANSIT = [
    *("^ ", "~:step", "~:root", "~:name", "~~x", "~:rebalance", "~:daily", "~:children"),
    [
        [
            *("^ ", "^0", "~:filter", "~:sort-by-fn", "~:cumulative-return", "~:sort-by-fn-params"),
            ["^ ", "~:window", "~i5"],
            *("~:select-fn", "~:top", "~:select-n", "1", "^5"),
            ["~#list", [["^ ", "^0", "~:asset", "~:ticker", "SPY"], ["^ ", "^0", "^?", "^@", "BIL", "^5", None]]],
        ]
    ],
]
EDN = """{:step :root, :name "~x", :rebalance :daily
 :children [{:step :filter, :sort-by-fn :cumulative-return, :sort-by-fn-params {:window 5}
             :select-fn :top, :select-n "1"
             :children [{:step :asset, :ticker "SPY", :id #uuid "1"} {:step :asset, :ticker "BIL", :children nil}]}]}"""


def coloned(value):
    if isinstance(value, dict):
        return {f":{key}": f":{under}" if key == "step" else coloned(under) for key, under in value.items()}
    return [coloned(each) for each in value] if isinstance(value, list) else value


def verbose(value):
    if isinstance(value, dict):
        return {f"~:{key}": f"~:{under}" if key == "step" else verbose(under) for key, under in value.items()}
    return [verbose(each) for each in value] if isinstance(value, list) else "~~x" if value == "~x" else value


ENCODED = [
    pytest.param(json.dumps(TRANSIT).encode(), "Composer transit", id="transit"),
    pytest.param(json.dumps(verbose(PLAIN)).encode(), "Composer transit", id="verbose transit"),
    pytest.param(json.dumps(coloned(PLAIN)).encode(), "Composer with colons", id="colons"),
    pytest.param(EDN.encode(), "Composer with colons", id="EDN"),
    pytest.param(json.dumps(EDN).encode(), "Composer with colons", id="EDN in a JSON text"),
    pytest.param(json.dumps(json.dumps(PLAIN)).encode(), "Composer", id="JSON in a JSON text"),
    pytest.param(gzip.compress(json.dumps(PLAIN).encode()), "Composer", id="gzip"),
    pytest.param(b"\xef\xbb\xbf" + json.dumps(PLAIN).encode(), "Composer", id="byte order mark"),
    pytest.param(gzip.compress(b"\xef\xbb\xbf" + EDN.encode()), "Composer with colons", id="all at once"),
]


@pytest.mark.parametrize(("content", "name"), ENCODED)
def test_each_encoding_means_what_the_plain_json_means(content, name):
    plain, _ = read(json.dumps(PLAIN).encode(), "x")
    chart, problems = read(content, "x")
    assert problems == ()
    assert chart.name == plain.name == "~x"
    assert outline(chart.root) == outline(plain.root)
    assert name_of(content) == name


def refusal(value):
    chart, (problem,) = read(json.dumps(value).encode(), "x")
    assert chart is None
    return str(problem)


@pytest.mark.parametrize(
    ("transit", "sentence"),
    [
        (["^ ", "^5", 1], 'the transit code "^5" stands for no earlier text'),
        (["^ ", "~:step", "^000"], 'the transit code "^000" stands for no earlier text'),
        (["^ ", "~:step"], "a transit map has a key without a value"),
        (["^ ", 5, 1], "a transit map has a key without a value, or one that is no text"),
        (["^ ", "~:step", "~zNaN"], '"~zNaN" has a transit mark that is not read'),
        (["^ ", "~:step", ["~#set", [1]]], '"~#set" has a transit mark that is not read'),
        (["^ ", "~:step", 1, "~:step", 2], 'the key "step" stands twice in one map'),
        (["^ ", "~:step", "~:asset"], '"step" is "asset"; it must be "root"'),
    ],
)
def test_what_is_no_transit_is_refused_in_a_sentence(transit, sentence):
    assert sentence in str(read(json.dumps(transit).encode(), "x")[1][0])


def test_two_keys_that_differ_by_a_colon_are_refused():
    assert 'the key "step" stands twice' in refusal(
        {":step": ":root", "step": "root", ":a": 1} | {"rebalance": "DAILY"}
    )


def test_the_cache_of_transit_starts_anew_when_its_codes_are_used_up():
    filling = [each for number in range(44 * 44 - 2) for each in (f"~:key{number:04}", 1)]
    asset = ["^ ", "^0", "~:asset", "~:ticker", "SPY"]  # "^0" was "~:tags" before, and is "~:step" now
    root = ["~:step", "~:root", "~:name", "x", "~:rebalance", "~:daily", "~:children", [asset]]
    value = ["^ ", "~:tags", ["^ ", *filling], "~:color", 1, *root]
    chart, refused = read(json.dumps(value).encode(), "x")
    assert refused == ()
    assert outline(chart.root) == ("Asset", "SPY")


@given(st.recursive(st.text("^~:#0 astep", max_size=6) | st.integers(), st.lists, max_leaves=8))
def test_no_transit_raises(inner):
    chart, problems = read(json.dumps(["^ ", inner, inner]).encode(), "x")
    assert (chart is None) == bool(problems)


def test_a_damaged_or_double_archive_is_refused():
    packed = gzip.compress(json.dumps(PLAIN).encode())
    for content in (packed[:-3], packed + packed, packed[:20] + b"xx" + packed[22:]):
        (problem,) = read(content, "x")[1]
        assert "is a damaged .gz file" in str(problem)


def test_an_archive_is_not_unpacked_beyond_what_is_read():
    (problem,) = read(gzip.compress(b" " * 50_000_000), "x")[1]
    assert "holds more than 10,000,000 bytes" in str(problem)
