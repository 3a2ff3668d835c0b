"""From a document to a tree: without recursion, so that no depth can exhaust the stack; and the indicators in it."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, cast, get_args

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.indicators import INDICATORS, STANDARD_DEVIATION_RETURN, Parameter
from rebalancer.bots.flowchart.walk import children_of
from rebalancer.model import Symbol

MAX_ELEMENTS = 25_000
MAX_REFUSALS = 1_000
FUNCTIONS = tuple(INDICATORS)
COMPARATORS: tuple[tree.Comparator, ...] = get_args(tree.Comparator)
CROSSINGS: tuple[tree.Crossing, ...] = get_args(tree.Crossing)
Side = Literal["top", "bottom"]
SIDES: tuple[Side, ...] = get_args(Side)
SCORES_OF: tuple[tree.ScoreOf, ...] = get_args(tree.ScoreOf)


class Unread(NamedTuple):
    """An element of the document and the function that reads it."""

    read: "Callable[[Element], Parsed]"
    element: Element


class Parsed(NamedTuple):
    """An element that was read: `build` takes the nodes of its children, in order; None where it was refused."""

    build: Callable[..., tree.TreeNode] | None
    children: tuple[Unread, ...] = ()


def assemble(read: Callable[[Element], Parsed], root: Element) -> tree.Node | None:
    """The node at `root`; read from the root down, built from the leaves up, in time linear in its size.

    None where any element was refused.
    """
    built: list[tree.TreeNode | None] = []
    for parsed in reversed(_read_all(Unread(read, root))):
        children = [built.pop() for _ in parsed.children]
        built.append(parsed.build(*children) if parsed.build and all(children) else None)
    return cast("tree.Node", built[0]) if built else None


def _read_all(root: Unread) -> list[Parsed]:
    """Every element in the order of the document, parents first."""
    refusals = root.element.refusals
    stack = [root]
    found: list[Parsed] = []
    while stack:
        unread = stack.pop()
        before = len(refusals)
        parsed = unread.read(unread.element)
        accepted = len(refusals) == before
        found.append(parsed if accepted else Parsed(None, parsed.children))
        stack.extend(reversed(parsed.children))
        if len(found) + len(stack) > MAX_ELEMENTS:
            refusals.append((None, f"the chart has more than {MAX_ELEMENTS:,} elements, which is not read"))
            return []
        if len(refusals) > MAX_REFUSALS:
            return []
    return found


def names_of_parameters(function: str) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in INDICATORS[function].parameters)


def parameters(function: str, named: Callable[[str], Element]) -> tuple[float, ...]:
    """The parameters of `function`; `named` returns the element of a parameter by its name."""
    return tuple(_number(named(each.name), each) for each in INDICATORS[function].parameters)


def number_of(function: str, name: str, element: Element) -> float:
    """The parameter `name` of `function` alone."""
    (parameter,) = (each for each in INDICATORS[function].parameters if each.name == name)
    return _number(element, parameter)


def _number(element: Element, parameter: Parameter) -> float:
    if parameter.fraction:
        return element.between(parameter.least, parameter.most)
    return element.whole(int(parameter.least), int(parameter.most))


def volatility_window(element: Element) -> int:
    """The window of an inverse-volatility weighting, in sessions."""
    (window,) = parameters(STANDARD_DEVIATION_RETURN, lambda _name: element)
    return int(window)


def indicator(element: Element, function: str, numbers: tuple[float, ...]) -> Callable[[tree.Node], tree.Indicator]:
    """A builder of the indicator: on the closes of a single asset, on the simulated value of any other node."""

    def build(subject: tree.Node) -> tree.Indicator:
        _accept(element, function, subject)
        return tree.Indicator(function, numbers, _sole_asset(subject) or subject, element.here)

    return build


def of_ratio(element: Element, function: str, numbers: tuple[float, ...], ratio: tree.Ratio) -> tree.Indicator:
    if INDICATORS[function].reads != ("close",):
        element.refuse(f'"{function}" reads more than closes, and a ratio of two tickers has closes alone')
    return tree.Indicator(function, numbers, ratio, element.here)


def crossing_for_days(element: Element, comparator: str, days: int) -> None:
    """Refuses a crossing on several days in a row, which never happens."""
    if comparator in CROSSINGS and days > 1:
        element.refuse(f'"{comparator}" never holds on {days} days in a row; ask for one day')


def selection(
    element: Element,
    function: str,
    numbers: tuple[float, ...],
    side: Side,
    count: int,
    weighting: tree.ByRank | tree.ByVolatility | None = None,
    score_of: tree.ScoreOf = "history",
) -> Callable[..., tree.Filter]:
    """A builder of the filter."""

    def build(*children: tree.Node) -> tree.Filter:
        for child in children:
            if score_of == "history":
                _accept(element, function, child)
            elif not can_hold(child):
                element.refuse(f"{child.place} holds no ticker, so that it has no mean score of its tickers")
        return tree.Filter(function, numbers, side, count, children, element.here, weighting, score_of)

    return build


def can_hold(node: tree.Node) -> bool:
    """Whether there is any ticker in `node`."""
    stack: list[tree.TreeNode] = [node]
    while stack:
        element = stack.pop()
        if isinstance(element, tree.Asset) or (isinstance(element, tree.Capped) and element.fallback):
            return True
        if isinstance(element, tree.Node):
            stack.extend(reversed(children_of(element)))
    return False


def specified(weights: Sequence[float], element: Element) -> Callable[..., tree.Specified]:
    """A builder of weights that are brought to a sum of 1; children of weight 0 are left out."""
    total = math.fsum(weights)

    def build(*children: tree.Node) -> tree.Specified:
        kept = [(weight, child) for weight, child in zip(weights, children, strict=True) if weight > 0]
        return tree.Specified(
            tuple(weight / total for weight, _ in kept), tuple(child for _, child in kept), element.here
        )

    return build


def _accept(element: Element, function: str, subject: tree.Node) -> None:
    """Refuses an indicator that is a price on anything but a ticker: a portfolio has returns, but no price."""
    if INDICATORS[function].of_tickers_only and _sole_asset(subject) is None:
        element.refuse(
            f'"{function}" is known of tickers only, and {subject.place} is not a single one; '
            f'take a function of returns, such as "cumulative-return"'
        )


def _sole_asset(node: tree.Node) -> Symbol | None:
    """The asset if `node` is a single one, possibly inside of groups and of weights with one child; else None."""
    while not isinstance(node, tree.Asset):
        match node:
            case tree.Group(child=child):
                node = child
            case (
                tree.Equal(children=(child,))
                | tree.Specified(children=(child,))
                | tree.InverseVolatility(children=(child,))
                | tree.ProVolatility(children=(child,))
            ):
                node = child
            case _:
                return None
    return node.symbol
