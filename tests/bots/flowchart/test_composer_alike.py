"""Random symphonies, each written as JSON and as Lisp text: both are read as the same chart."""

import json

from charts import TICKERS, outline
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.formats.composer_conditions import FUNCTIONS
from rebalancer.bots.flowchart.indicators import INDICATORS

COMPARATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
SHORT = {
    "relative-strength-index": "rsi",
    "standard-deviation-return": "stdev-return",
    "standard-deviation-price": "stdev-price",
}
windows = st.integers(2, 30)
OF_RETURNS = tuple(name for name in FUNCTIONS if not INDICATORS[name].of_tickers_only)


@st.composite
def assets(draw):
    ticker = draw(st.sampled_from(TICKERS))
    return {"step": "asset", "ticker": ticker}, f'(asset "{ticker}")'


@st.composite
def parameters_of(draw, function):
    """A JSON object, and its map in Lisp."""
    params = {each.name: draw(windows) for each in INDICATORS[function].parameters}
    return params, "{" + " ".join(f":{name} {number}" for name, number in params.items()) + "}"


def name_in_text(function):
    """What Composer's text has no word for, it marks so."""
    several = len(INDICATORS[function].parameters) > 1
    return f"(unimplemented :{function})" if several else SHORT.get(function, function)


def pair(children):
    """Their JSON list and their Lisp vector."""
    return [plain for plain, _ in children], f"[{' '.join(text for _, text in children)}]"


@st.composite
def nodes(draw, depth=3):
    if depth == 0:
        return draw(assets())
    children = draw(st.lists(nodes(depth - 1), min_size=1, max_size=3))
    return draw(st.sampled_from((asset, group, equal, specified, volatility, best, gate)))(draw, children)


def asset(draw, _children):
    return draw(assets())


def group(draw, children):
    name = draw(st.text('abc (;["\\é🌟', min_size=1, max_size=6).filter(str.strip))
    plain, text = pair(children)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return {"step": "group", "name": name, "children": plain}, f'(group "{quoted}" {text})'


def equal(_draw, children):
    plain, text = pair(children)
    return {"step": "wt-cash-equal", "children": plain}, f"(weight-equal {text})"


def specified(draw, children):
    percents = [draw(st.integers(1, 60)) for _ in children]
    plain = [child | {"weight": {"num": num, "den": 100}} for num, (child, _) in zip(percents, children, strict=True)]
    text = " ".join(f"{num / 100!r} {child}" for num, (_, child) in zip(percents, children, strict=True))
    return {"step": "wt-cash-specified", "children": plain}, f"(weight-specified {text})"


def volatility(draw, children):
    plain, text = pair(children)
    window = draw(windows)
    whole = {"step": "wt-inverse-vol", "window-days": str(window), "children": plain}
    return whole, f"(weight-inverse-volatility {window} {text})"


def best(draw, children):
    function, count = draw(st.sampled_from(OF_RETURNS)), draw(st.integers(1, 3))
    params, map_of_params = draw(parameters_of(function))
    side = draw(st.sampled_from(("top", "bottom")))
    plain, text = pair(children)
    by = {"sort-by-fn": function, "sort-by-fn-params": params, "select-fn": side, "select-n": str(count)}
    written = f"({name_in_text(function)} {map_of_params}) (select-{side} {count})"
    return {"step": "filter", **by, "children": plain}, f"(filter {written} {text})"


def gate(draw, children):
    function, ticker = draw(st.sampled_from(FUNCTIONS[1:])), draw(st.sampled_from(TICKERS))
    params, map_of_params = draw(parameters_of(function))
    comparator, value = draw(st.sampled_from(tuple(COMPARATORS))), draw(st.integers(-50, 100))
    then, text = pair(children)
    other, other_text = pair(children[:1])
    flat = {"lhs-fn": function, "lhs-fn-params": params, "lhs-val": ticker, "comparator": comparator}
    tested = {"step": "if-child", "is-else-condition?": False, **flat, "rhs-fixed-value?": True, "rhs-val": value}
    last = {"step": "if-child", "is-else-condition?": True, "children": other}
    left = f'({name_in_text(function)} "{ticker}" {map_of_params})'
    condition = f"({COMPARATORS[comparator]} {left} {value})"
    whole = {"step": "if", "children": [tested | {"children": then}, last]}
    return whole, f"(if {condition} {text} {other_text})"


@given(nodes())
def test_the_text_and_the_json_of_a_symphony_are_the_same_chart(written):
    plain, text = written
    symphony = {"step": "root", "name": "x", "rebalance": "daily", "children": [plain]}
    one, problems = read(json.dumps(symphony).encode(), "x.json")
    assert problems == ()
    other, problems = read(f'(defsymphony "x" {{:rebalance-frequency :daily}} {text})'.encode(), "x.clj")
    assert problems == ()
    assert outline(one.root) == outline(other.root)
