"""What a chart contains."""

from collections import Counter

from rebalancer.bots.base import Findings
from rebalancer.bots.flowchart.tree import Asset, Capped, Chart, Filter, Indicator, Node, TreeNode, children_of
from rebalancer.model import Symbol


def describe(chart: Chart) -> Findings:
    nodes: Counter[str] = Counter()
    tickers: set[Symbol] = set()
    functions: dict[str, set[tuple[int, ...]]] = {}
    deepest = 0
    stack: list[tuple[TreeNode, int]] = [(chart.root, 1)]
    while stack:
        element, depth = stack.pop()
        tickers.update(_tickers(element))
        if isinstance(element, Node):
            nodes[type(element).__name__] += 1
            deepest = max(deepest, depth)
        if isinstance(element, Indicator | Filter):
            functions.setdefault(element.function, set()).add(element.parameters)
        below = depth + isinstance(element, Node)
        stack.extend((child, below) for child in children_of(element))
    return Findings(
        name=chart.name,
        tickers=tuple(sorted(tickers)),
        nodes=tuple(sorted(nodes.items())),
        depth=deepest,
        functions=tuple((function, tuple(sorted(used))) for function, used in sorted(functions.items())),
    )


def _tickers(element: TreeNode) -> tuple[Symbol, ...]:
    match element:
        case Asset():
            return (element.symbol,)
        case Indicator() if isinstance(element.subject, str):
            return (element.subject,)
        case Capped() if element.fallback:
            return (element.fallback,)
        case _:
            return ()
