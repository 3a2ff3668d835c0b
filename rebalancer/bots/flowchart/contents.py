"""What a chart contains, for review before money is committed to it."""

from collections import Counter
from collections.abc import Iterable

from rebalancer.bots.findings import Findings
from rebalancer.bots.flowchart.indicators import STANDARD_DEVIATION_RETURN
from rebalancer.bots.flowchart.tree import (
    Asset,
    ByVolatility,
    Capped,
    Chart,
    Filter,
    Indicator,
    InverseVolatility,
    Node,
    ProVolatility,
    Ratio,
    TreeNode,
)
from rebalancer.bots.flowchart.walk import children_of
from rebalancer.model import Symbol


def describe(chart: Chart) -> Findings:
    nodes: Counter[str] = Counter()
    tickers: set[Symbol] = set()
    functions: dict[str, set[tuple[float, ...]]] = {}
    deepest = 0
    stack: list[tuple[TreeNode, int]] = [(chart.root, 1)]
    while stack:
        element, depth = stack.pop()
        match element:
            case Asset(symbol=str(ticker)) | Indicator(subject=str(ticker)) | Capped(fallback=str(ticker)):
                tickers.add(Symbol(ticker))
            case Indicator(subject=Ratio(numerator, denominator)):
                tickers |= {numerator, denominator}
        match element:
            case Indicator(function=function, parameters=parameters) | Filter(function=function, parameters=parameters):
                functions.setdefault(function, set()).add(parameters)
            case InverseVolatility(window=window) | ProVolatility(window=window):
                functions.setdefault(STANDARD_DEVIATION_RETURN, set()).add((window,))
        match element:
            case Filter(weighting=ByVolatility(window)):
                functions.setdefault(STANDARD_DEVIATION_RETURN, set()).add((window,))
        if isinstance(element, Node):
            nodes[type(element).__name__] += 1
            deepest = max(deepest, depth)
            depth += 1
        stack.extend((child, depth) for child in children_of(element))
    return Findings(
        name=chart.name,
        tickers=tuple(sorted(tickers)),
        nodes=tuple(sorted(nodes.items())),
        depth=deepest,
        functions=tuple((function, _used(parameters)) for function, parameters in sorted(functions.items())),
        approximations=chart.approximations,
    )


def _used(parameters: Iterable[tuple[float, ...]]) -> tuple[float | tuple[float, ...], ...]:
    """Sorted; a lone number stands for itself, as it does in the JSON of every version so far."""
    return tuple(each[0] if len(each) == 1 else each for each in sorted(parameters) if each)
