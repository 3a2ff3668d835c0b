"""What a chart consists of, for a person who checks a bot before money follows it."""

from collections import Counter

from rebalancer.bots.base import Findings
from rebalancer.bots.flowchart.tree import (
    AllOf,
    AnyOf,
    Asset,
    Capped,
    Cash,
    Chart,
    Compare,
    Condition,
    Constant,
    Equal,
    Filter,
    Function,
    Group,
    If,
    Indicator,
    InverseVolatility,
    Node,
    Operand,
    Specified,
)
from rebalancer.model import Symbol

_Element = Node | Condition | Operand


def describe(chart: Chart) -> Findings:
    nodes: Counter[str] = Counter()
    tickers: set[Symbol] = set()
    functions: dict[Function, set[int]] = {}
    deepest = 0
    waiting: list[tuple[_Element, int]] = [(chart.root, 1)]
    while waiting:
        element, depth = waiting.pop()
        tickers.update(_tickers(element))
        if isinstance(element, Node):
            nodes[type(element).__name__] += 1
            deepest = max(deepest, depth)
        if isinstance(element, Indicator | Filter):
            windows = functions.setdefault(element.function, set())
            windows.update(() if element.window is None else (element.window,))
        below = depth + isinstance(element, Node)
        waiting.extend((part, below) for part in _parts(element))
    return Findings(
        name=chart.name,
        tickers=tuple(sorted(tickers)),
        nodes=tuple(sorted(nodes.items())),
        depth=deepest,
        functions=tuple((function, tuple(sorted(windows))) for function, windows in sorted(functions.items())),
    )


def _parts(element: _Element) -> tuple[_Element, ...]:
    match element:
        case Group():
            return (element.child,)
        case Equal() | Specified() | InverseVolatility() | Capped() | Filter():
            return element.children
        case If():
            return (element.condition, element.then, element.otherwise)
        case Compare():
            return (element.left, element.right)
        case AllOf() | AnyOf():
            return element.conditions
        case Indicator():
            return () if isinstance(element.subject, str) else (element.subject,)
        case Asset() | Cash() | Constant():
            return ()


def _tickers(element: _Element) -> tuple[Symbol, ...]:
    match element:
        case Asset():
            return (element.symbol,)
        case Indicator() if isinstance(element.subject, str):
            return (element.subject,)
        case Capped() if element.fallback:
            return (element.fallback,)
        case _:
            return ()
