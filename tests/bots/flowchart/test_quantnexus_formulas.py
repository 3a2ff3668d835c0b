"""The parser of custom indicators' formulas, against Python's own arithmetic."""

import ast
import math
import operator

from hypothesis import given
from hypothesis import strategies as st

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.formats.quantnexus_formulas import VARIABLES, formula
from rebalancer.bots.flowchart.formats.quantnexus_metrics import METRICS

BY_PYTHON = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.USub: operator.neg}
CALLS = {"abs": abs, "min": min, "max": max}
OURS = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv, **CALLS}


def by_python(node):
    """What Python's parser and arithmetic make of an expression; NaN after a division by 0."""
    match node:
        case ast.Expression(body=body):
            return by_python(body)
        case ast.Constant(value=value):
            return float(value)
        case ast.UnaryOp(op=op, operand=operand):
            return BY_PYTHON[type(op)](by_python(operand))
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            below = by_python(right)
            return by_python(left) / below if below else math.nan
        case ast.BinOp(op=op, left=left, right=right):
            return BY_PYTHON[type(op)](by_python(left), by_python(right))
        case ast.Call(func=ast.Name(id=name), args=args):
            return CALLS[name](*map(by_python, args))


def calculated(operand):
    if isinstance(operand, tree.Constant):
        return operand.value
    values = [calculated(each) for each in operand.operands]
    if operand.operation == "divide" and values[1] == 0:
        return math.nan
    return OURS[operand.operation](*values)


numbers = st.sampled_from(("0", "1", "2.5", ".25", "7."))
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.builds(lambda one, sign, other: f"{one} {sign} {other}", inner, st.sampled_from("+-*/"), inner),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"-{one}"),
        inner.map(lambda one: f"abs({one})"),
        st.builds(lambda name, one, other: f"{name}({one},{other})", st.sampled_from(("min", "max")), inner, inner),
    ),
    max_leaves=12,
)


def parsed(text):
    element = Element(text, None, [])
    return formula(element, lambda name: None), element.refusals


def test_every_metric_of_a_formula_is_one_whose_unit_is_known():
    assert all(METRICS[name].scale is not None for name in VARIABLES.values())


@given(expressions)
def test_a_formula_means_what_it_means_in_python(text):
    found, refusals = parsed(text)
    assert refusals == []
    expected, ours = by_python(ast.parse(text, mode="eval")), calculated(found)
    assert ours == expected or math.isnan(expected) or math.isnan(ours)
    assert math.isnan(ours) == math.isnan(expected)


@given(st.text("rsi(),+-*/. 0129abs", max_size=60))
def test_any_text_is_read_or_refused_in_one_sentence(text):
    found, refusals = parsed(text)
    assert (found is None) == (len(refusals) == 1)
