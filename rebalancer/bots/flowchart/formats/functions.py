"""Indicators in a document: their parameters, and what they can be asked about."""

from collections.abc import Callable
from typing import Literal

from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.indicators import INDICATORS, STANDARD_DEVIATION_RETURN, Parameter
from rebalancer.bots.flowchart.tree import Asset, Equal, Filter, Group, Indicator, InverseVolatility, Node, Specified
from rebalancer.model import Symbol

FUNCTIONS = tuple(INDICATORS)


def names_of_parameters(function: str) -> tuple[str, ...]:
    return tuple(parameter.name for parameter in INDICATORS[function].parameters)


def parameters(function: str, named: Callable[[str], Element]) -> tuple[int, ...]:
    """The parameters of `function`; `named` returns the element of a parameter by its name."""
    return tuple(_number(parameter, named(parameter.name)) for parameter in INDICATORS[function].parameters)


def volatility_window(element: Element) -> int:
    """The window of an inverse-volatility weighting, in sessions."""
    (window,) = INDICATORS[STANDARD_DEVIATION_RETURN].parameters
    return _number(window, element)


def _number(parameter: Parameter, element: Element) -> int:
    if parameter.default is not None and not element.given:
        return parameter.default
    return element.whole(parameter.least, parameter.most)


def indicator(element: Element, function: str, numbers: tuple[int, ...]) -> Callable[[Node], Indicator]:
    """A builder of the indicator: on the closes of a single asset, on the simulated value of any other node."""

    def build(subject: Node) -> Indicator:
        _accept(element, function, subject)
        return Indicator(function, numbers, _sole_asset(subject) or subject, element.here)

    return build


def selection(
    element: Element, function: str, numbers: tuple[int, ...], side: Literal["top", "bottom"], count: int
) -> Callable[..., Filter]:
    """A builder of the filter."""

    def build(*children: Node) -> Filter:
        for child in children:
            _accept(element, function, child)
        return Filter(function, numbers, side, count, children, element.here)

    return build


def _accept(element: Element, function: str, subject: Node) -> None:
    """Refuses an indicator that is a price on anything but a ticker: a portfolio has returns, but no price."""
    if INDICATORS[function].of_tickers_only and _sole_asset(subject) is None:
        element.refuse(
            f'"{function}" is known of tickers only, and {subject.place} is not a single one; '
            f'take a function of returns, such as "cumulative-return"'
        )


def _sole_asset(node: Node) -> Symbol | None:
    """The asset if `node` is a single one, possibly inside of groups and of weights with one child; else None."""
    while not isinstance(node, Asset):
        match node:
            case Group(child=child):
                node = child
            case Equal(children=(child,)) | Specified(children=(child,)) | InverseVolatility(children=(child,)):
                node = child
            case _:
                return None
    return node.symbol
