import json

import pytest
from charts import outline

from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.formats.composer_conditions import FUNCTIONS
from rebalancer.bots.flowchart.rule import Threshold
from rebalancer.bots.flowchart.tree import If

SPY, BIL = {"step": "asset", "ticker": "SPY"}, {"step": "asset", "ticker": "BIL"}
RSI = {"lhs-fn": "relative-strength-index", "lhs-fn-params": {"window": 10}, "lhs-val": "TQQQ"}
HOT = {**RSI, "comparator": "gt", "rhs-fixed-value?": True, "rhs-val": "79"}
DELETE = object()


def symphony(*children, **others):
    whole = {"step": "root", "name": "x", "description": "", "rebalance": "daily", "children": list(children), **others}
    return json.dumps({key: value for key, value in whole.items() if value is not DELETE}).encode()


def gate(condition, then=(SPY,), otherwise=(BIL,)):
    tested = {"step": "if-child", "is-else-condition?": False, **condition, "children": list(then)}
    other = {"step": "if-child", "is-else-condition?": True, "children": list(otherwise)}
    return {"step": "if", "children": [tested, other]}


def specified(*weighted):
    children = [{**child, "weight": weight} for weight, child in weighted]
    return {"step": "wt-cash-specified", "children": children}


def filtered(**keys):
    by = {"sort-by-fn": "cumulative-return", "sort-by-fn-params": {"window": 5}, "select-fn": "top", "select-n": "1"}
    whole = {"step": "filter", **by, "children": [SPY, BIL], **keys}
    return {key: value for key, value in whole.items() if value is not DELETE}


def root(*children):
    chart, problems = read(symphony(*children), "x.json")
    assert problems == ()
    return outline(chart.root)


def compare(**keys):
    """The condition that `keys`, laid over the one of HOT, are read as."""
    return root(gate({key: value for key, value in {**HOT, **keys}.items() if value is not DELETE}))[1]


def problems(*children, **others):
    chart, refused = read(symphony(*children, **others), "x.json")
    assert chart is None
    return [str(problem).removeprefix("x.json: ") for problem in refused]


# What each step means.


def test_the_minimal_symphony_of_the_format_description():
    bottom = filtered(
        **{"sort-by-fn": "relative-strength-index", "sort-by-fn-params": {"window": 10}, "select-fn": "bottom"}
    )
    found = root({"step": "wt-cash-equal", "children": [gate(HOT, [SPY], [bottom])]})
    condition = ("Compare", ("Indicator", "relative-strength-index", (10,), "TQQQ"), "gt", ("Constant", 79.0), 1)
    chosen = ("Filter", "relative-strength-index", (10,), "bottom", 1, (("Asset", "SPY"), ("Asset", "BIL")))
    assert found == ("Equal", (("If", condition, ("Asset", "SPY"), chosen),))


def test_several_children_share_equally_wherever_one_is_expected():
    both = ("Equal", (("Asset", "SPY"), ("Asset", "BIL")))
    assert root(SPY, BIL) == both
    assert root({"step": "group", "name": "g", "children": [SPY, BIL]}) == ("Group", "g", both)
    assert root(gate(HOT, [SPY, BIL], [SPY, BIL]))[2:] == (both, both)


def test_empty_is_cash():
    assert root({"step": "empty"}) == ("Cash",)


def test_the_else_child_may_come_first():
    turned = gate(HOT)
    turned["children"].reverse()
    assert root(turned) == root(gate(HOT))


def test_weights_are_fractions_brought_to_a_sum_of_one():
    weights = ({"num": 30, "den": 100}, {"num": "10", "den": 100.0})
    assert root(specified((weights[0], SPY), (weights[1], BIL)))[1] == pytest.approx((0.75, 0.25))


def test_children_of_weight_zero_are_left_out():
    found = root(specified(({"num": 0, "den": 100}, SPY), ({"num": 100, "den": 100}, BIL)))
    assert found == ("Specified", (1.0,), (("Asset", "BIL"),))


def test_a_leftover_weight_under_another_parent_is_ignored():
    stale = {**SPY, "weight": {"num": 7, "den": 100}}
    assert root({"step": "wt-cash-equal", "children": [stale, BIL]})[1] == (("Asset", "SPY"), ("Asset", "BIL"))


@pytest.mark.parametrize("days", [20, "20", 20.0])
def test_numbers_may_be_written_as_texts(days):
    chart = {"step": "wt-inverse-vol", "window-days": days, "children": [SPY]}
    assert root(chart) == ("InverseVolatility", 20, (("Asset", "SPY"),))


@pytest.mark.parametrize(
    ("written", "ticker"),
    [
        ("EQUITIES::SPY//USD", "SPY"),
        ("EQUITIES::BRK/B//USD", "BRK.B"),
        ("BRK/B", "BRK.B"),
        ("BRK-B", "BRK.B"),
        ("BRK B", "BRK.B"),
        ("LQQ3", "LQQ3"),
    ],
)
def test_tickers_are_spelt_our_way(written, ticker):
    assert root({"step": "asset", "ticker": written}) == ("Asset", ticker)
    assert compare(**{"lhs-val": written})[1][3] == ticker


def test_cosmetic_keys_are_dropped():
    cosmetic = {"id": "7", "name": "SPDR", "exchange": "ARCX", "price": 1.5, "collapsed?": True, "children": []}
    assert root({**SPY, **cosmetic, "children-count": 0}) == ("Asset", "SPY")


@pytest.mark.parametrize("key", ["suppress_incomplete_warnings", "color", "sparkgraph_url", "hashtag", "asset-class"])
def test_what_the_site_shows_beside_a_strategy_changes_nothing_wherever_it_stands(key):
    chart, refused = read(symphony({**SPY, key: "x"}, **{key: True}), "x.json")
    assert refused == ()
    assert outline(chart.root) == ("Asset", "SPY")


@pytest.mark.parametrize("key", ["weights", "windows", "fn", "sort-by", "select", "child", "rebalance_on", "id?"])
def test_a_key_that_might_carry_meaning_is_refused_even_if_it_is_null(key):
    for value in (1, None):
        assert f'the key "{key}" has no meaning here' in problems({**SPY, key: value})[0]


def test_null_is_not_set_wherever_a_key_is_optional():
    unset = {"weight": None, "children": None, "condition": None, "rhs-fixed-value?": None, "is-else-condition?": None}
    assert root(SPY | {"weight": None, "children": None}) == root(SPY)
    windows = {"lhs-window-days": None, "rhs-window-days": None, "rhs-fn": None, "rhs-fn-params": None}
    assert compare(**{key: value for key, value in unset.items() if key != "children"}, **windows) == compare()
    assert read(symphony(SPY, **{"rebalance-corridor-width": None, "description": None}), "x")[1] == ()


@pytest.mark.parametrize("key", ["comparator", "lhs-val", "lhs-fn", "children", "rhs-val"])
def test_null_is_missing_wherever_a_key_is_needed(key):
    broken = gate(HOT)
    broken["children"][0][key] = None
    assert problems(broken) == [line for line in problems(broken) if f'"{key}" is missing' in line]


def test_an_unnamed_group_is_read():
    assert root({"step": "group", "name": "", "children": [SPY]}) == ("Group", "unnamed", ("Asset", "SPY"))


# The right side, the windows, and what is left over of earlier edits.


def test_a_right_side_can_be_another_indicator():
    side = {"rhs-fixed-value?": False, "rhs-fn": "max-drawdown", "rhs-fn-params": {"window": 3}, "rhs-val": "SPY"}
    assert compare(**side)[3] == ("Indicator", "max-drawdown", (3,), "SPY")
    assert compare(**{**side, "rhs-fixed-value?": DELETE})[3] == ("Indicator", "max-drawdown", (3,), "SPY")


def test_a_fixed_right_side_ignores_its_function():
    stale = {"rhs-fn": "max-drawdown", "rhs-fn-params": {"window": 3}}
    assert compare(**stale)[3] == ("Constant", 79.0)
    assert compare(**stale, **{"rhs-fixed-value?": DELETE})[3] == ("Constant", 79.0)


def test_without_a_right_function_the_right_side_is_a_number():
    assert compare(**{"rhs-fixed-value?": DELETE, "rhs-val": "-5.5"})[3] == ("Constant", -5.5)


@pytest.mark.parametrize(("text", "number"), [("79", 79), ("-.5", -0.5), ("7.", 7), ("0.30000000000000004", 0.1 + 0.2)])
def test_a_number_in_a_text_is_that_number(text, number):
    assert compare(**{"rhs-val": text})[3] == ("Constant", number)


def test_the_window_keys_of_older_files_are_read():
    assert compare(**{"lhs-fn-params": DELETE, "lhs-window-days": "14"})[1][2] == (14,)
    assert compare(**{"lhs-fn-params": {}, "lhs-window-days": "14"})[1][2] == (14,)
    assert root(filtered(**{"sort-by-fn-params": DELETE, "sort-by-window-days": "7"}))[2] == (7,)


def test_two_windows_that_agree_are_one_and_two_that_differ_are_refused():
    assert compare(**{"lhs-window-days": "10"})[1][2] == (10,)
    differing = gate({**HOT, "lhs-window-days": "14"})
    assert problems(differing)[0].endswith('lhs-window-days: "lhs-fn-params" has another window; delete one of the two')


@pytest.mark.parametrize("params", [{}, {"window": 10}, {"window": "junk"}, DELETE])
def test_a_window_of_a_current_price_is_ignored(params):
    assert compare(**{"lhs-fn": "current-price", "lhs-fn-params": params})[1] == (
        "Indicator",
        "current-price",
        (),
        "TQQQ",
    )


# The newer conditions, which replace the flat keys beside them.

BLOCK = {
    "condition-type": "binary",
    "lhs": {"fn": "relative-strength-index", "params": {"window": 10}, "ticker": "EQUITIES::XLY//USD"},
    "comparator": "gt",
    "rhs": {"constant": 80},
}
XLY_IS_HOT = ("Compare", ("Indicator", "relative-strength-index", (10,), "XLY"), "gt", ("Constant", 80.0), 1)


def test_a_condition_block_replaces_the_flat_keys_beside_it():
    assert root(gate({**HOT, "condition": BLOCK}))[1] == XLY_IS_HOT


def test_the_right_side_of_a_block_can_be_another_indicator():
    price = {"fn": "current-price", "params": None, "ticker": "SPY"}
    found = root(gate({"condition": {**BLOCK, "rhs": price}}))[1]
    assert found[3] == ("Indicator", "current-price", (), "SPY")


def test_blocks_combine_to_any_depth():
    inner = {"condition-type": "compound", "operator": "all", "conditions": [BLOCK, BLOCK]}
    outer = {"condition-type": "compound", "operator": "any", "conditions": [inner, BLOCK]}
    assert root(gate({"condition": outer}))[1] == ("AnyOf", (("AllOf", (XLY_IS_HOT, XLY_IS_HOT)), XLY_IS_HOT))


def test_a_percent_sign_stands_for_each_of_the_tickers():
    side = {**BLOCK["lhs"], "ticker": "%"}
    spread = {**BLOCK, "condition-type": "binary-compound", "operator": "all", "tickers": ["XLY", "SPY"]}
    (kind, (first, second)) = root(gate({"condition": {**spread, "lhs": side}}))[1]
    assert (kind, first) == ("AllOf", XLY_IS_HOT)
    assert second[1] == ("Indicator", "relative-strength-index", (10,), "SPY")
    swapped = {**spread, "lhs": BLOCK["lhs"], "rhs": side}
    assert [each[3][3] for each in root(gate({"condition": swapped}))[1][1]] == ["XLY", "SPY"]


def test_a_percent_sign_has_no_meaning_in_a_block_without_tickers():
    (line,) = problems(gate({"condition": {**BLOCK, "lhs": {**BLOCK["lhs"], "ticker": "%"}}}))
    assert line.startswith("children[0].children[0].condition.lhs.ticker: '%' is not a ticker")


# What is refused, and how it is said. The capitals in braces stand for the lists below.

CASES = [
    ({"step": "wt-cash-equal"}, 'children[0].children: "children" is missing; {CHILDREN}'),
    ({"step": "wt-cash-equal", "children": []}, 'children[0].children: "children" is an empty list; {CHILDREN}'),
    (gate(HOT, []), 'children[0].children[0].children: "children" is an empty list; {CHILDREN}'),
    ({"step": "group", "name": "g", "children": []}, 'children[0].children: "children" is an empty list; {CHILDREN}'),
    (
        {"step": "wt-marketcap", "children": [SPY]},
        'children[0].step: "step" "wt-marketcap" is not read yet; what is read: {STEPS}',
    ),
    ({"step": "if-then-else"}, 'children[0].step: "step" is "if-then-else"; it must be one of {STEPS}'),
    ("SPY", 'children[0]: this is "SPY"; it must be an object with a "step"'),
    (
        gate({**HOT, "comparator": "eq"}),
        'children[0].children[0].comparator: "comparator" "eq" is not read yet; what is read: "gt", "gte", "lt", "lte"',
    ),
    (
        filtered(**{"sort-by-fn": "stochastic"}),
        'children[0].sort-by-fn: "sort-by-fn" is "stochastic"; it must be one of {FUNCTIONS}',
    ),
    (
        gate({"condition": {**BLOCK, "comparator": "eq"}}),
        'children[0].children[0].condition.comparator: "comparator" "eq" is not read yet; what is read: {COMPARATORS}',
    ),
    (
        gate({"condition": {**BLOCK, "rhs": None}}),
        'children[0].children[0].condition.rhs: "rhs" is missing; it must be an object with "fn", "params", "ticker"',
    ),
    (
        gate({"condition": {"condition-type": "compound", "operator": "none", "conditions": [BLOCK]}}),
        'children[0].children[0].condition.operator: "operator" is "none"; it must be one of "all", "any"',
    ),
    (
        gate({"condition": {"condition-type": "ternary"}}),
        'children[0].children[0].condition.condition-type: "condition-type" is "ternary"; it must be one of {BLOCKS}',
    ),
    (
        gate({**HOT, "lhs-fn-params": {"window": 10, "short-window": 5}}),
        'children[0].children[0].lhs-fn-params: the key "short-window" has no meaning here; allowed are "window"',
    ),
    (
        gate({key: value for key, value in HOT.items() if key != "lhs-fn-params"}),
        'children[0].children[0].lhs-fn-params.window: "window" is missing; it must be a whole number from 1 to 10,000',
    ),
    (gate({**HOT, "rhs-val": "٧٩"}), 'children[0].children[0].rhs-val: "rhs-val" is "٧٩"; it must be a number'),
    (gate({**HOT, "rhs-val": "79 "}), 'children[0].children[0].rhs-val: "rhs-val" is "79 "; it must be a number'),
    (
        {"step": "asset", "ticker": "CRYPTO::BTC//USD"},
        'children[0].ticker: "CRYPTO::BTC//USD" is a crypto ticker, which is not read yet; what is read: {SHARES}',
    ),
    ({**SPY, "ticker": 5}, 'children[0].ticker: "ticker" is 5; it must be a ticker such as "SPY"'),
    (
        gate({**HOT, "rhs-fixed-value?": "true"}),
        'children[0].children[0].rhs-fixed-value?: "rhs-fixed-value?" is "true"; it must be true or false',
    ),
    ({**SPY, "children": [BIL]}, 'children[0].children: "asset" can\'t have children'),
    (
        specified(({"num": -1, "den": 100}, SPY), ({"num": 101, "den": 100}, BIL)),
        'children[0].children[0].weight: the weight must be a "num" of 0 or more over a "den" above 0',
    ),
    (
        specified(({"num": 0, "den": 1}, SPY)),
        "children[0]: the weights of the children sum to 0; one at least must be above 0",
    ),
    (
        {"step": "wt-cash-specified", "children": [SPY]},
        'children[0].children[0].weight: "weight" is missing; it must be an object with "num", "den"',
    ),
    (
        filtered(**{"sort-by-fn": "current-price", "children": [SPY, {"step": "empty"}]}),
        'children[0]: "current-price" is known of tickers only, and children[0].children[1] {REMEDY}',
    ),
]
LISTS = {
    "{STEPS}": '"asset", "empty", "group", "if", "filter", "wt-cash-equal", "wt-cash-specified", "wt-inverse-vol"',
    "{FUNCTIONS}": ", ".join(f'"{function}"' for function in FUNCTIONS),
    "{CHILDREN}": "it must be a list of at least one",
    "{COMPARATORS}": '"gt", "gte", "lt", "lte"',
    "{BLOCKS}": '"binary", "compound", "binary-compound"',
    "{SHARES}": "tickers of US shares",
    "{REMEDY}": 'is not a single one; take a function of returns, such as "cumulative-return"',
}


@pytest.mark.parametrize(("step", "sentence"), CASES)
def test_unsupported_elements_are_refused_by_name_and_place(step, sentence):
    for name, text in LISTS.items():
        sentence = sentence.replace(name, text)
    assert problems(step) == [sentence]


@pytest.mark.parametrize("period", ["daily", "weekly", "monthly", "quarterly", "yearly"])
def test_a_symphony_rebalances_by_a_period(period):
    chart, _ = read(symphony(SPY, rebalance=period), "x")
    assert chart.rebalance == period


@pytest.mark.parametrize("width", [0.05, "0.05"])
def test_none_with_a_corridor_rebalances_by_threshold(width):
    chart, _ = read(symphony(SPY, rebalance="none", **{"rebalance-corridor-width": width}), "x")
    assert chart.rebalance == Threshold(0.05)


@pytest.mark.parametrize("width", [0, -0.1, 5, "wide"])
def test_a_corridor_that_is_no_fraction_is_refused(width):
    (problem,) = problems(SPY, rebalance="none", **{"rebalance-corridor-width": width})
    assert problem.endswith("it must be a number above 0 and up to 1")


def test_none_without_a_corridor_is_refused_since_nobody_says_what_it_means():
    (problem,) = problems(SPY, rebalance="none")
    assert problem.startswith('rebalance: "none" without a corridor does not say when to trade; give its width,')


def test_a_symphony_that_does_not_say_when_it_rebalances_is_refused():
    assert problems(SPY, rebalance=DELETE)[0].startswith(
        'rebalance: "rebalance" is missing; it must be one of "daily",'
    )


@pytest.mark.parametrize("period", ["daily", "monthly"])
def test_a_corridor_beside_a_period_is_refused(period):
    assert "delete it" in problems(SPY, rebalance=period, **{"rebalance-corridor-width": 0.1})[0]


@pytest.mark.parametrize("children", [[0], [1], [0, 0], [1, 1], [0, 1, 1]])
def test_an_if_without_exactly_one_condition_and_one_else_is_refused(children):
    pair = gate(HOT)["children"]
    lines = problems({"step": "if", "children": [pair[child] for child in children]})
    assert lines[-1].startswith('children[0]: an "if" must have two "if-child"')


@pytest.mark.parametrize("step", [SPY, filtered(), gate(HOT), {"step": "wt-cash-equal", "children": [SPY]}])
def test_an_unknown_key_is_refused_in_every_step(step):
    assert any('the key "asset-type" has no meaning here' in line for line in problems({**step, "asset-type": 1}))


def test_conditions_on_the_else_child_are_refused():
    contradiction = gate(HOT)
    contradiction["children"][1] |= HOT
    (line,) = problems(contradiction)
    assert line.startswith('children[0].children[1]: the keys "lhs-fn", "lhs-fn-params", "lhs-val"')


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (filtered(**{"sort-by-fn": "ppo", "sort-by-fn-params": {"short-window": 5}}), '"sort-by-fn" is "ppo"'),
        (gate({**HOT, "rhs-fixed-value?": "no", "rhs-val": "BIL"}), '"rhs-fixed-value?" is "no"'),
        (gate({**HOT, "is-else-condition?": "no"}), '"is-else-condition?" is "no"'),
        ({"step": "if"}, '"children" is missing'),
        ({**SPY, "lookback": 1, "offset": 2}, 'the keys "lookback", "offset" have no meaning here'),
        ({"step": "group", "name": "g", "children": [{"step": "iff"}] * 3}, '"step" is "iff"'),
    ],
)
def test_of_a_mistake_with_consequences_the_cause_alone_is_reported(step, sentence):
    (line,) = problems(step)
    assert sentence in line


def test_a_mistake_that_repeats_is_said_once_with_how_often():
    lines = problems(*[{**SPY, "lookback": 5}] * 3)
    assert len(lines) == 1
    assert lines[0].startswith('children[0]: the key "lookback" has no meaning here')
    assert lines[0].endswith("(so at 2 other places)")


def test_every_problem_is_reported_at_once():
    lines = problems({"step": "asset", "ticker": "spy"}, gate({**HOT, "comparator": "over"}, [{}]), rebalance="hourly")
    places = [line.split(":")[0] for line in lines]
    assert places == [
        "rebalance",
        "children[0].ticker",
        "children[1].children[0].comparator",
        "children[1].children[0].children[0].step",
    ]


# Size.


def test_a_symphony_10000_ifs_deep_is_read():
    depth = 1_000
    start, end = json.dumps(gate(HOT, [SPY], [])).split('"children": []')
    content = symphony("HERE").replace(
        b'"HERE"', f'{start}"children": ['.encode() * depth + json.dumps(BIL).encode() + f"]{end}".encode() * depth
    )
    chart, refused = read(content, "deep.json")
    assert refused == ()
    node, seen = chart.root, 0
    while isinstance(node, If):
        node, seen = node.otherwise, seen + 1
    assert seen == depth
