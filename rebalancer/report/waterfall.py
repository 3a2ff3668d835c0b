"""How the bots' wishes become the account's targets, drawn: three bars a symbol, without a style attribute."""

from collections.abc import Mapping
from dataclasses import dataclass

from rebalancer.model import Symbol, Targets
from rebalancer.model.text import percentage

WIDTH, THICK, APART = 1000.0, 9.0, 2.0
STEPS = ("merged", "netted", "capped")


@dataclass(frozen=True, slots=True)
class Row:
    """`weights` are those after each of STEPS, `bars` an SVG of them."""

    name: str
    weights: tuple[float, ...]
    why: str
    bars: str


def rows(targets: Targets) -> tuple[Row, ...]:
    """The symbols, the largest target first, then the cash."""
    steps = (targets.merged, targets.netted, targets.weights)
    symbols = sorted({symbol for weights in steps for symbol in weights}, key=lambda each: _order(targets, each))
    found = [(str(symbol), _of(symbol, *steps), targets.whys.get(symbol, "")) for symbol in symbols]
    found.append(("cash", tuple(1 - sum(weights.values()) for weights in steps), ""))
    widest = max((weight for _, weights, _ in found for weight in weights), default=0.0)
    return tuple(Row(name, weights, why, bars(name, weights, widest)) for name, weights, why in found)


def _order(targets: Targets, symbol: Symbol) -> tuple[float, str]:
    return -targets.weights.get(symbol, 0.0), symbol


def _of(symbol: Symbol, *steps: Mapping[Symbol, float]) -> tuple[float, ...]:
    return tuple(weights.get(symbol, 0.0) for weights in steps)


def bars(name: str, weights: tuple[float, ...], widest: float) -> str:
    """`name` is a symbol or "cash": nothing in it has to be escaped."""
    drawn = "".join(
        f'<rect class="{step}" y="{place * (THICK + APART):.0f}" width="{_wide(weights[place], widest):.1f}" '
        f'height="{THICK:.0f}"/>'
        for place, step in enumerate(STEPS)
    )
    height = len(STEPS) * (THICK + APART) - APART
    told = ", ".join(f"{step} {percentage(weight)}" for step, weight in zip(STEPS, weights, strict=True))
    return (
        f'<svg class="bars" viewBox="0 0 {WIDTH:.0f} {height:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{name}: {told}">{drawn}</svg>'
    )


def _wide(weight: float, widest: float) -> float:
    return WIDTH * max(weight, 0.0) / widest if widest > 0 else 0.0
