"""Random native documents, valid by the schema and by the reader, and charts in a form that compares by value."""

import dataclasses

from hypothesis import strategies as st

from rebalancer.bots.flowchart.indicators import INDICATORS

TICKERS = ("SPY", "TLT", "GLD", "QQQ", "BRK.B")
OF_RETURNS = tuple(name for name, spec in INDICATORS.items() if not spec.of_tickers_only)
OF_PRICES = tuple(name for name, spec in INDICATORS.items() if spec.of_tickers_only and spec.parameters)

_tickers = st.sampled_from(TICKERS)
_windows = st.integers(2, 30)
_names = st.text("abc XYZ-é🌟", min_size=1, max_size=8).filter(str.strip)


@st.composite
def documents(draw, depth=3):
    """A JSON-able dict; its chart is at most `depth` + 1 nodes deep, the subjects of its conditions aside."""
    rule = draw(st.sampled_from(({}, {"rebalance": "monthly"}, {"rebalance": {"threshold": {"percent": 5}}})))
    document = {"format": "rebalancer/bot", "version": 1, "name": draw(_names), **rule, "chart": draw(nodes(depth))}
    if draw(st.booleans()):
        return document
    charts = {"one": draw(nodes(0)), "another": {"group": {"name": "x", "chart": {"call": "one"}}}}
    return {**document, "charts": charts, "chart": {"equal": [document["chart"], {"call": "another"}]}}


@st.composite
def nodes(draw, depth):
    kind = draw(st.sampled_from(("asset", "cash", *_COMPOSED) if depth else ("asset", "asset", "cash")))
    if kind == "asset":
        return {"asset": draw(_tickers)}
    return {"cash": True} if kind == "cash" else draw(_COMPOSED[kind](depth - 1))


@st.composite
def _group(draw, depth):
    return {"group": {"name": draw(_names), "chart": draw(nodes(depth))}}


@st.composite
def _equal(draw, depth):
    return {"equal": draw(_several(depth))}


@st.composite
def _specified(draw, depth):
    """The last child gets what the others leave of 100, or of 1."""
    children = draw(_several(depth))
    percents = draw(st.lists(st.integers(1, 30), min_size=len(children) - 1, max_size=len(children) - 1))
    percents.append(100 - sum(percents))
    return {"specified": _shares(percents, children, draw(st.booleans()))}


@st.composite
def _inverse_volatility(draw, depth):
    return {"inverse_volatility": {"window": draw(_windows), "of": draw(_several(depth))}}


@st.composite
def _capped(draw, depth):
    children = draw(_several(depth))
    percents = draw(st.lists(st.integers(1, 100), min_size=len(children), max_size=len(children)))
    shares = _shares(percents, children, draw(st.booleans()))
    fallback = draw(st.none() | _tickers)
    return {"capped": {"of": shares, **({"fallback": fallback} if fallback else {})}}


def _shares(percents, children, as_fractions):
    key, whole = ("fraction", 100) if as_fractions else ("percent", 1)
    return [{key: percent / whole, "chart": child} for percent, child in zip(percents, children, strict=True)]


@st.composite
def _if(draw, depth):
    return {"if": draw(conditions(depth)), "then": draw(nodes(depth)), "else": draw(nodes(depth))}


@st.composite
def _filter(draw, depth):
    function = draw(st.sampled_from(OF_RETURNS + OF_PRICES))
    children = draw(_several(0).filter(_all_assets) if function in OF_PRICES else _several(depth))
    by = {"function": function, **draw(_parameters(function))}
    side, count = draw(st.sampled_from(("top", "bottom"))), draw(st.integers(1, 3))
    weights = [{name: {"window": draw(_windows)}} for name in ("inverse_volatility", "pro_volatility")]
    weights.append({"by_rank": {"percent": {1: [100], 2: [70, 30], 3: [50, 30, 20]}[count]}})
    options = {"weights": draw(st.sampled_from(weights))} if draw(st.booleans()) else {}
    if _all_assets(children):
        options |= draw(st.sampled_from(({}, {"score_of": "tickers"}, {"score_of": "history"})))
    return {"filter": {"by": by, "take": side, "count": count, "of": children, **options}}


@st.composite
def _pro_volatility(draw, depth):
    return {"pro_volatility": {"window": draw(_windows), "of": draw(_several(depth))}}


@st.composite
def _shared(draw, depth):
    shares = [{"part": draw(st.integers(1, 100)), "chart": child} for child in draw(_several(depth))]
    if draw(st.booleans()):
        shares[0]["if"] = draw(conditions(0, 0))
    return {"shared": shares}


@st.composite
def _switch(draw, depth):
    asked = draw(st.lists(conditions(0, 0), min_size=1, max_size=2))
    parts = draw(st.lists(nodes(depth), min_size=len(asked) + 1, max_size=len(asked) + 1))
    return {"switch": {"conditions": asked, "by_count": parts}}


@st.composite
def _mixed(draw, depth):
    ends = [{"at": at, "chart": draw(nodes(depth))} for at in draw(st.sampled_from(((30, 70), (70.5, -3))))]
    return {"mixed": {"by": draw(_values(0)), "from": ends[0], "to": ends[1]}}


_COMPOSED = {
    "group": _group,
    "equal": _equal,
    "specified": _specified,
    "shared": _shared,
    "inverse_volatility": _inverse_volatility,
    "pro_volatility": _pro_volatility,
    "capped": _capped,
    "if": _if,
    "switch": _switch,
    "mixed": _mixed,
    "filter": _filter,
}


def _several(depth):
    return st.lists(nodes(depth), min_size=1, max_size=3)


def _all_assets(children):
    return all("asset" in child for child in children)


@st.composite
def conditions(draw, depth, nesting=2):
    nested = ("entered", *_SEVERAL, *_COUNTED) if nesting else ()
    kind = draw(st.sampled_from(("compare", "dates", *nested)))
    if kind == "compare":
        return draw(_compared(depth))
    if kind == "dates":
        return {"dates": {"from": draw(_month_days), "to": draw(_month_days)}} | draw(_for_days)
    if kind == "entered":
        return {kind: {"if": draw(conditions(0, 0)), "left_if": draw(conditions(0, 0))}}
    parts = draw(st.lists(conditions(depth, nesting - 1), min_size=1, max_size=2))
    if kind in _SEVERAL:
        return {kind: parts}
    return {kind: {"count": draw(st.integers(0, len(parts))), "of": parts}}


@st.composite
def _compared(draw, depth):
    comparator = draw(st.sampled_from(("gt", "gte", "lt", "lte", "crosses-above", "crosses-below")))
    compare = {"left": draw(_values(depth)), "is": comparator, "right": draw(_values(depth))}
    return compare if comparator.startswith("crosses") else compare | draw(_for_days)


_SEVERAL = ("all", "any", "none")
_COUNTED = ("exactly", "at_least", "at_most")
_for_days = st.sampled_from(({}, {"for_days": 2}))
_month_days = st.sampled_from(("01-01", "02-29", "06-30", "12-31"))


@st.composite
def _values(draw, depth, nesting=1):
    kind = draw(st.sampled_from((_indicator, _indicator, *([_composed] if nesting else []))))
    return draw(st.one_of(_numbers, kind(depth, nesting - 1)))


_numbers = st.integers(-100, 100) | st.floats(-100, 100)


@st.composite
def _indicator(draw, depth, _nesting):
    function = draw(st.sampled_from(("current-price", *OF_PRICES, *OF_RETURNS)))
    parts = nodes(depth - 1) if depth and function in OF_RETURNS else st.nothing()
    ratios = _ratios if INDICATORS[function].reads == ("close",) else st.nothing()
    subject = draw(_tickers | ratios | parts)
    return {function: {"of": subject, **draw(_parameters(function))}}


def _parameters(function):
    return st.fixed_dictionaries({each.name: _number(each) for each in INDICATORS[function].parameters})


def _number(parameter):
    if parameter.fraction:
        return st.floats(parameter.least, parameter.most)
    return st.integers(max(2, int(parameter.least)), 30)


@st.composite
def _composed(draw, depth, nesting):
    kind = draw(st.sampled_from(("days_ago", "percentile", "stochastic", "abs", "add", "divide", "max")))
    values = _values(depth, nesting)
    if kind == "days_ago":
        return {kind: {"days": draw(st.integers(1, 9)), "of": draw(values)}}
    if kind in {"percentile", "stochastic"}:
        return {kind: {"window": draw(_windows), "of": draw(values)}}
    if kind == "abs":
        return {kind: draw(values)}
    return {kind: draw(st.lists(values, min_size=2, max_size=2 if kind == "divide" else 3))}


_ratios = st.tuples(_tickers, _tickers).map(lambda pair: {"ratio": list(pair)})


def outline(part):
    """A part of a chart as nested tuples, since parts themselves compare by identity; without places and defaults."""
    if dataclasses.is_dataclass(part):
        defaults = {field.name: field.default for field in dataclasses.fields(part)}
    elif hasattr(part, "_fields"):
        defaults = dict.fromkeys(part._fields, dataclasses.MISSING) | part._field_defaults
    else:
        return tuple(map(outline, part)) if isinstance(part, tuple) else part
    values = ((getattr(part, name), default) for name, default in defaults.items() if name != "place")
    return (type(part).__name__, *(outline(value) for value, default in values if value != default))
