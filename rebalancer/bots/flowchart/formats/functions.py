"""The nine functions, the windows they take and what they can be asked about."""

from collections.abc import Callable
from typing import Literal, get_args

from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.tree import (
    Asset,
    Equal,
    Filter,
    Function,
    Group,
    Indicator,
    InverseVolatility,
    Node,
    Specified,
)
from rebalancer.model import Symbol

FUNCTIONS: tuple[Function, ...] = get_args(Function)
MAX_WINDOW = 10_000

_OF_PRICES = frozenset(
    {"current-price", "moving-average-price", "exponential-moving-average-price", "standard-deviation-price"}
)
_SAMPLE_DEVIATIONS = frozenset({"standard-deviation-return", "standard-deviation-price"})


def window(function: Function, element: Element) -> int:
    """A window in sessions; a sample deviation needs two values."""
    return element.whole(2 if function in _SAMPLE_DEVIATIONS else 1, MAX_WINDOW)


def indicator(element: Element, function: Function, sessions: int | None) -> Callable[[Node], Indicator]:
    """Builds an indicator of a node: of the asset where the node is nothing else, of its simulated history if not."""

    def build(subject: Node) -> Indicator:
        _accept(element, function, subject)
        return Indicator(function, sessions, _sole_asset(subject) or subject, element.here)

    return build


def selection(
    element: Element, function: Function, sessions: int | None, side: Literal["top", "bottom"], count: int
) -> Callable[..., Filter]:
    """Builds a filter of its children."""

    def build(*children: Node) -> Filter:
        for child in children:
            _accept(element, function, child)
        return Filter(function, sessions, side, count, children, element.here)

    return build


def _accept(element: Element, function: Function, subject: Node) -> None:
    """Accepts only what has such a value: a simulated history has returns, but no price in dollars."""
    if function in _OF_PRICES and _sole_asset(subject) is None:
        element.refuse(
            f'"{function}" is known of tickers only, and {subject.place} is not a single one; '
            f'take a function of returns, such as "cumulative-return"'
        )


def _sole_asset(node: Node) -> Symbol | None:
    """The one asset that `node` always holds, behind groups and weights of a single child."""
    while not isinstance(node, Asset):
        match node:
            case Group(child=child):
                node = child
            case Equal(children=(child,)) | Specified(children=(child,)) | InverseVolatility(children=(child,)):
                node = child
            case _:
                return None
    return node.symbol
