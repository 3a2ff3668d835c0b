"""Short ways to write charts and prices in a test, and random ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import strategies as st
from reference import only_child

from rebalancer.bots.flowchart.indicators import INDICATORS, Parameter
from rebalancer.bots.flowchart.rule import Rebalance, Threshold
from rebalancer.bots.flowchart.tree import (
    AllOf,
    AnyOf,
    Arithmetic,
    Asset,
    ByRank,
    ByVolatility,
    Capped,
    Cash,
    Chart,
    Compare,
    Condition,
    Constant,
    CountOf,
    Dates,
    DaysAgo,
    Entered,
    Equal,
    Filter,
    Group,
    If,
    Indicator,
    InverseVolatility,
    Mixed,
    Node,
    Operand,
    Place,
    ProVolatility,
    Rank,
    Ratio,
    Shared,
    Specified,
    Switch,
)
from rebalancer.bots.flowchart.walk import children_of
from rebalancer.model import BarField, Bars, Closes, Floats, symbol

HERE = Place(None, "chart")
SIDES = ("top", "bottom")
BY_RANK = {1: ByRank((1.0,)), 2: ByRank((0.7, 0.3)), 3: ByRank((0.5, 0.3, 0.2))}
CASH = Cash(HERE)
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
PRICE_FUNCTIONS = tuple(name for name, spec in INDICATORS.items() if spec.of_tickers_only)
RETURN_FUNCTIONS = tuple(name for name, spec in INDICATORS.items() if not spec.of_tickers_only)


def hold(ticker: str) -> Asset:
    return Asset(symbol(ticker), HERE)


def group(name: str, child: Node) -> Group:
    return Group(name, child, HERE)


def equal(*children: Node) -> Equal:
    return Equal(children, HERE)


def specified(*shares: tuple[float, Node]) -> Specified:
    weights, children = zip(*shares, strict=True)
    return Specified(weights, children, HERE)


def capped(*caps: tuple[float, Node], fallback: str | None = None) -> Capped:
    fractions, children = zip(*caps, strict=True)
    return Capped(fractions, children, None if fallback is None else symbol(fallback), HERE)


def inverse_volatility(window: int, *children: Node) -> InverseVolatility:
    return InverseVolatility(window, children, HERE)


Numbers = float | tuple[float, ...] | None


def pro_volatility(window: int, *children: Node) -> ProVolatility:
    return ProVolatility(window, children, HERE)


def shared(*shares: tuple[float, Condition | None, Node]) -> Shared:
    parts, conditions, children = zip(*shares, strict=True)
    return Shared(parts, conditions, children, HERE)


def entered(enter: Condition, leave: Condition) -> Entered:
    return Entered(enter, leave, HERE)


def switch(conditions: Sequence[Condition], *children: Node) -> Switch:
    return Switch(tuple(conditions), children, HERE)


def mixed(by: Indicator, first_value: float, second_value: float, first: Node, second: Node) -> Mixed:
    return Mixed(by, first_value, second_value, first, second, HERE)


def best(
    count: int,
    function: str,
    score: Numbers,
    *children: Node,
    side: str = "top",
    weighting: ByRank | ByVolatility | None = None,
    score_of: str = "history",
) -> Filter:
    return Filter(function, numbers(score), side, count, children, HERE, weighting, score_of)


def numbers(parameters: Numbers) -> tuple[float, ...]:
    return () if parameters is None else parameters if isinstance(parameters, tuple) else (parameters,)


def of(function: str, subject: str | Ratio | Node, parameters: Numbers = None) -> Indicator:
    return Indicator(function, numbers(parameters), symbol(subject) if isinstance(subject, str) else subject, HERE)


def ratio(numerator: str, denominator: str) -> Ratio:
    return Ratio(symbol(numerator), symbol(denominator))


def constant(value: float) -> Constant:
    return Constant(value, HERE)


def days_ago(days: int, operand: Operand) -> DaysAgo:
    return DaysAgo(days, operand, HERE)


def rank(kind: str, window: int, operand: Operand) -> Rank:
    return Rank(kind, window, operand, HERE)


def calculated(operation: str, *operands: Operand | float) -> Arithmetic:
    values = [constant(each) if isinstance(each, int | float) else each for each in operands]
    return Arithmetic(operation, tuple(values), HERE)


def price(ticker: str) -> Indicator:
    return of("current-price", ticker)


def rsi(subject: str | Node, window: int) -> Indicator:
    return of("relative-strength-index", subject, window)


def compare(left: Operand, comparator: str, right: Operand | float, for_days: int = 1) -> Compare:
    side = constant(right) if isinstance(right, int | float) else right
    return Compare(left, comparator, side, for_days, HERE)


def all_of(*conditions: Condition) -> AllOf:
    return AllOf(conditions, HERE)


def any_of(*conditions: Condition) -> AnyOf:
    return AnyOf(conditions, HERE)


def count(quantifier: str, number: int, *conditions: Condition) -> CountOf:
    return CountOf(quantifier, number, conditions, HERE)


def dates(first: tuple[int, int], last: tuple[int, int], for_days: int = 1) -> Dates:
    return Dates(first, last, for_days, HERE)


def when(condition: Condition, then: Node, otherwise: Node) -> If:
    return If(condition, then, otherwise, HERE)


def chart(root: Node, name: str = "test bot", rebalance: Rebalance = "daily") -> Chart:
    return Chart(name, root, rebalance)


def prices(first: date = date(2016, 1, 4), **columns: list[float | None]) -> Closes:
    """Weekdays from `first` on, which is a Monday; None is a missing close."""
    values = np.array(list(columns.values()), dtype=np.float64).T
    sessions = np.busday_offset(np.datetime64(first, "D"), np.arange(len(values)))
    return Closes(sessions, tuple(symbol(ticker) for ticker in columns), values)


def with_bars(closes: Closes, ticker: str, **fields: list[float | None]) -> Closes:
    """`closes` with bars of one ticker; None is missing."""
    values = {field: np.array(column, dtype=np.float64)[:, np.newaxis] for field, column in fields.items()}
    return replace(closes, bars=Bars((symbol(ticker),), values, remedy="ask for another file"))


def random_walks(seed: int, days: int, tickers: Sequence[str] = SYMBOLS) -> Closes:
    """Closes and bars without a gap."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.02, (days, len(tickers)))
    sessions = np.busday_offset("2016-01-04", np.arange(days))
    closes = 100 * np.exp(np.cumsum(steps, axis=0))
    bars = Bars(tuple(map(symbol, tickers)), _bars_around(closes, random))
    return Closes(sessions, bars.symbols, closes, bars=bars)


def _bars_around(closes: Floats, random: np.random.Generator) -> dict[BarField, Floats]:
    first, above, below = np.abs(random.normal(0, 0.01, (3, *closes.shape)))
    opens = closes * (1 + first - first.mean())
    return {
        "open": opens,
        "high": np.maximum(opens, closes) * (1 + above),
        "low": np.minimum(opens, closes) / (1 + below),
        "volume": np.round(1e6 * random.random(closes.shape)),
    }


@st.composite
def random_prices(draw: st.DrawFn, days: int = 40) -> Closes:
    """Random walks that begin on different days and miss a close, or what else a bar has, here and there."""
    closes = random_walks(draw(st.integers(0, 2**32 - 1)), days)
    assert closes.bars
    for values in closes.bars.values.values():
        values[draw(st.lists(st.integers(0, days - 1), max_size=1)), draw(st.integers(0, len(SYMBOLS) - 1))] = np.nan
    for column in closes.values.T:
        column[: draw(st.sampled_from((0, 0, 3, 15)))] = np.nan
        column[draw(st.lists(st.integers(0, days - 1), max_size=2))] = np.nan
    return closes


tickers = st.sampled_from(SYMBOLS)
assets = tickers.map(hold)
windows = st.integers(2, 6)


def parameters_of(function: str) -> st.SearchStrategy[tuple[float, ...]]:
    """A few small numbers for each of its parameters."""
    return st.tuples(*map(_numbers_for, INDICATORS[function].parameters))


def _numbers_for(parameter: Parameter) -> st.SearchStrategy[float]:
    if parameter.fraction:
        return st.sampled_from([number for number in (0.5, 0.8, 2.0, 2.5) if number <= parameter.most])
    return st.integers(max(2, int(parameter.least)), 6)


@st.composite
def indicators(draw: st.DrawFn, portfolios: st.SearchStrategy[Node]) -> Indicator:
    if draw(st.booleans()):
        function = draw(st.sampled_from(PRICE_FUNCTIONS + RETURN_FUNCTIONS))
        of_closes = INDICATORS[function].reads == ("close",)
        subject = draw(st.one_of(tickers, st.builds(ratio, tickers, tickers)) if of_closes else tickers)
        return of(function, subject, draw(parameters_of(function)))
    function = draw(st.sampled_from(RETURN_FUNCTIONS))
    return of(function, _bare(draw(portfolios)), draw(parameters_of(function)))


def _bare(node: Node) -> str | Node:
    """The ticker of a node that is a single asset, as every reader has it."""
    inner: Node | None = node
    while inner is not None and not isinstance(inner, Asset):
        inner = only_child(inner)
    return node if inner is None else inner.symbol


def operands(portfolios: st.SearchStrategy[Node]) -> st.SearchStrategy[Operand]:
    """Mostly indicators, and at times what is made of them."""
    single = indicators(portfolios)
    numbers = st.sampled_from((-2.5, 0.5, 3.0)).map(constant)
    either = st.one_of(single, numbers)
    composed = st.one_of(
        st.builds(days_ago, st.integers(1, 3), either),
        st.builds(rank, st.sampled_from(("percentile", "stochastic")), st.integers(1, 5), single),
        st.builds(calculated, st.sampled_from(("subtract", "divide")), either, either),
        st.builds(calculated, st.sampled_from(("add", "multiply", "min", "max")), single, either, either),
        st.builds(calculated, st.just("abs"), single),
    )
    nested = st.builds(calculated, st.just("add"), composed, composed)
    return st.one_of(single, single, single, composed, nested, nested.map(lambda value: days_ago(2, value)))


def conditions(portfolios: st.SearchStrategy[Node]) -> st.SearchStrategy[Condition]:
    right = st.one_of(st.sampled_from((-1.3, 0.37, 2.1, 48.7, 99.9)), operands(portfolios))
    comparators, crossings = (
        st.sampled_from(("gt", "gte", "lt", "lte")),
        st.sampled_from(("crosses-above", "crosses-below")),
    )
    compared = st.one_of(
        st.builds(compare, operands(portfolios), comparators, right, st.sampled_from((1, 1, 3))),
        st.builds(compare, operands(portfolios), crossings, right),
    )
    month_days = st.tuples(st.integers(1, 3), st.integers(1, 28))
    single = st.one_of(compared, compared, st.builds(dates, month_days, month_days, st.sampled_from((1, 1, 3))))
    several = st.lists(single, min_size=1, max_size=3)
    quantifiers = st.sampled_from(("exactly", "at_least", "at_most"))
    return st.one_of(
        single,
        several.map(lambda parts: all_of(*parts)),
        several.map(lambda parts: any_of(*parts)),
        st.builds(
            lambda kind, number, parts: count(kind, min(number, len(parts)), *parts),
            quantifiers,
            st.integers(0, 3),
            several,
        ),
    )


def _larger(portfolios: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    children = st.lists(portfolios, min_size=1, max_size=4)
    return st.one_of(
        st.builds(when, conditions(portfolios), portfolios, portfolios),
        st.builds(
            lambda enter, leave, then, otherwise: when(entered(enter, leave), then, otherwise),
            conditions(portfolios),
            conditions(portfolios),
            portfolios,
            portfolios,
        ),
        switches(portfolios),
        st.builds(
            lambda by, ends, first, second: mixed(by, ends[0], ends[1], first, second),
            operands(portfolios),
            st.sampled_from(((30.3, 70.2), (1.1, -1.2), (95.0, 105.0))),
            portfolios,
            portfolios,
        ),
        children.map(lambda nodes: equal(*nodes)),
        portfolios.map(lambda node: group("a group", node)),
        children.map(lambda nodes: specified(*[(1 / len(nodes), node) for node in nodes])),
        st.builds(lambda window, nodes: inverse_volatility(window, *nodes), windows, children),
        st.builds(lambda window, nodes: pro_volatility(window, *nodes), windows, children),
        st.lists(
            st.tuples(st.sampled_from((1.0, 2.0, 37.5)), st.none() | conditions(portfolios), portfolios),
            min_size=1,
            max_size=3,
        ).map(lambda shares: shared(*shares)),
        st.builds(
            lambda cap, nodes, rest: capped(*[(cap, node) for node in nodes], fallback=rest),
            st.sampled_from((0.2, 0.35, 1.0)),
            children,
            st.one_of(st.none(), tickers),
        ),
        filters(children),
    )


@st.composite
def switches(draw: st.DrawFn, portfolios: st.SearchStrategy[Node]) -> Switch:
    asked = draw(st.lists(conditions(portfolios), min_size=1, max_size=3))
    return switch(asked, *draw(st.lists(portfolios, min_size=len(asked) + 1, max_size=len(asked) + 1)))


@st.composite
def filters(draw: st.DrawFn, children: st.SearchStrategy[list[Node]]) -> Filter:
    count = draw(st.integers(1, 3))
    weighting = draw(st.none() | st.just(BY_RANK[count]) | st.builds(ByVolatility, windows, st.booleans()))
    function, side = draw(st.sampled_from(RETURN_FUNCTIONS)), draw(st.sampled_from(SIDES))
    score, nodes = draw(parameters_of(function)), draw(children)
    of_tickers = draw(st.booleans()) and all(map(can_hold, nodes))
    score_of = "tickers" if of_tickers else "history"
    return best(count, function, score, *nodes, side=side, weighting=weighting, score_of=score_of)


def can_hold(node: Node) -> bool:
    """Whether there is any ticker below `node`."""
    return isinstance(node, Asset) or any(isinstance(part, Node) and can_hold(part) for part in children_of(node))


rules = st.sampled_from(("weekly", "monthly", "quarterly", "yearly", *map(Threshold, (1e-4, 0.01, 0.03, 0.3))))
charts = st.recursive(st.one_of(assets, assets, st.just(CASH)), _larger, max_leaves=8).map(chart)
