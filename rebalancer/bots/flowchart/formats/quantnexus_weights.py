"""How QuantNexus shares a slot among its children; those that hold nothing leave their share to the others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from rebalancer.bots.flowchart import tree
from rebalancer.bots.flowchart.formats.assembly import specified, volatility_window
from rebalancer.bots.flowchart.formats.elements import Element
from rebalancer.bots.flowchart.place import Place
from rebalancer.model import Symbol

EMPTY = "Empty"
Holds = bool | tree.Condition
"""Whether a part holds anything: always, never, or while a condition is true."""
Kind = Literal["equal", "defined", "inverse", "pro", "capped"]
_KINDS: tuple[Kind, ...] = ("equal", "defined", "inverse", "pro", "capped")
_DEFAULT_WINDOW = 20


@dataclass(slots=True)
class Holdings:
    """What is known of the parts built so far: when each `holds` anything, and which may be `partly` cash."""

    holds: dict[tree.Node, Holds] = field(default_factory=dict)
    partly: set[tree.Node] = field(default_factory=set)

    def of(self, node: tree.Node) -> Holds:
        return self.holds.get(node, True)

    def built(self, node: tree.Node, *parts: tree.Node, holds: Holds) -> tree.Node:
        """`node`, which `holds` what its `parts` do."""
        if holds is not True:
            self.holds[node] = holds
        if self.partly.intersection(parts):
            self.partly.add(node)
        return node


def either(condition: tree.Condition, then: Holds, otherwise: Holds, place: Place) -> Holds:
    """When the taken one of two parts holds anything."""
    if isinstance(then, bool) and then == otherwise:
        return then
    opposite = tree.CountOf("exactly", 0, (condition,), place)
    if then is True or otherwise is True:
        taken = condition if then is True else opposite
        other = otherwise if then is True else then
        return tree.AnyOf((taken, other), place) if not isinstance(other, bool) else taken
    ways = [(condition, then), (opposite, otherwise)]
    return _any([tree.AllOf((way, holds), place) for way, holds in ways if not isinstance(holds, bool)], place)


def by_count(conditions: tuple[tree.Condition, ...], parts: Sequence[Holds], place: Place) -> Holds:
    """When the part that stands at the number of true conditions holds anything."""
    if all(part is True for part in parts) or not any(parts):
        return parts[0]
    ways: list[tree.Condition] = []
    for count, holds in enumerate(parts):
        exactly = tree.CountOf("exactly", count, conditions, place)
        if holds is True:
            ways.append(exactly)
        elif holds is not False:
            ways.append(tree.AllOf((exactly, holds), place))
    return _any(ways, place)


def _any(ways: Sequence[tree.Condition], place: Place) -> tree.Condition:
    return ways[0] if len(ways) == 1 else tree.AnyOf(tuple(ways), place)


@dataclass(frozen=True, slots=True)
class Weighting:
    """The weighting of one slot; `parts` are the children's own numbers, of defined and capped weights."""

    kind: Kind
    parts: tuple[float, ...]
    window: int
    fallback: Symbol | None
    listed: Element

    @classmethod
    def of(cls, element: Element, suffix: str, listed: Element, children: Sequence[Element]) -> "Weighting":
        def setting(name: str) -> Element:
            own = element[f"{name}{suffix}"]
            return own if own.given else element[name]

        named, window, fallback = setting("weighting"), setting("volWindow"), setting("cappedFallback")
        kind: Kind = named.choice(_KINDS) if named.given else "equal"
        by_volatility = kind in {"inverse", "pro"} and window.given
        parts = [child["window"].numeric.number() for child in children] if kind in {"defined", "capped"} else []
        if parts and not (min(parts) >= 0 and math.fsum(parts) > 0):
            element.refuse('the children\'s weights, their "window", must be 0 or more, and one above 0')
        has_fallback = kind == "capped" and fallback.given and fallback.value not in (EMPTY, "")
        if kind == "capped" and not has_fallback and math.fsum(parts) < 100:
            element.refuse(
                f"its caps sum to {math.fsum(parts):.10g} without a fallback, and QuantNexus' engines differ in what "
                'becomes of the rest; name a ticker in "cappedFallback"'
            )
        return cls(
            kind,
            tuple(parts),
            volatility_window(window) if by_volatility else _DEFAULT_WINDOW,
            fallback.ticker() if has_fallback else None,
            listed,
        )

    def build(self, nodes: Sequence[tree.Node], found: Holdings) -> tree.Node:
        """The slot with `nodes`; those that never hold anything are left out."""
        kept = [place for place, node in enumerate(nodes) if found.of(node) is not False]
        parts = tuple(self.parts[place] for place in kept) if self.parts else (1.0,) * len(kept)
        held = tuple(nodes[place] for place in kept)
        here = self.listed.here
        if not held:
            return found.built(tree.Cash(here), holds=False)
        if not any(parts):
            self.listed.refuse("of the children that may hold something none has a weight above 0")
            return held[0]
        if len(held) == 1 and self.kind != "capped":
            return held[0]
        if found.partly.intersection(held):
            self.listed.refuse(
                "a child that may be partly cash beside others is not read: QuantNexus' engines differ in its share"
            )
        if any(found.of(node) is not True for node in held):
            return self._of_those_that_hold(parts, held, found)
        return self._of_all(parts, held)

    def _of_those_that_hold(self, parts: tuple[float, ...], nodes: tuple[tree.Node, ...], found: Holdings) -> tree.Node:
        if self.kind not in {"equal", "defined"}:
            self.listed.refuse(
                f'a child that may be empty beside others is not read with the weighting "{self.kind}"; with equal and '
                "defined ones the others get its share"
            )
        weighed = [(part, node) for part, node in zip(parts, nodes, strict=True) if part > 0]
        holds = [found.of(node) for _, node in weighed]
        conditions = tuple(None if isinstance(each, bool) else each for each in holds)
        shared = tree.Shared(
            tuple(part for part, _ in weighed), conditions, tuple(node for _, node in weighed), self.listed.here
        )
        always = None in conditions
        return found.built(shared, holds=always or _any([each for each in conditions if each], self.listed.here))

    def _of_all(self, parts: tuple[float, ...], nodes: tuple[tree.Node, ...]) -> tree.Node:
        here = self.listed.here
        match self.kind:
            case "equal":
                return tree.Equal(nodes, here)
            case "defined":
                return specified(parts, self.listed)(*nodes)
            case "capped":
                caps = [(min(part / 100, 1), node) for part, node in zip(parts, nodes, strict=True) if part > 0]
                return tree.Capped(tuple(cap for cap, _ in caps), tuple(node for _, node in caps), self.fallback, here)
        if not all(isinstance(node, tree.Asset) for node in nodes):
            self.listed.refuse(
                f'the weighting "{self.kind}" is read of single tickers only: QuantNexus\' engines differ in the '
                "volatility of a part of several"
            )
        by = tree.InverseVolatility if self.kind == "inverse" else tree.ProVolatility
        return by(self.window, nodes, here)

    def of_chosen(self, nodes: Sequence[tree.Node]) -> tree.ByVolatility | None:
        """The weighting of what a ranking takes."""
        if self.kind == "equal":
            return None
        if self.kind in {"defined", "capped"}:
            self.listed.refuse(f'the weighting "{self.kind}" of what a ranking takes is not read')
        elif not all(isinstance(node, tree.Asset) for node in nodes):
            self.listed.refuse(
                f'the weighting "{self.kind}" is read of single tickers only: QuantNexus\' engines differ in the '
                "volatility of a part of several"
            )
        return tree.ByVolatility(self.window, inverse=self.kind == "inverse")
