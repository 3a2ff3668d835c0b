"""Claims: how much of each target weight belongs to each bot, after netting and capping.

A weight that is freed keeps its owner: what netting takes from a bot, or the whole share of a bot that failed, is that
bot's claim on the fallback ticker. What stays in cash is the rest of the bot's share (`Targets.cash`).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from rebalancer.model import Claims, Netting, Symbol, Weights

Contribution = tuple[Symbol, str, float]
"""A symbol, the bot that wants it, and the weight: a fraction of Investable."""


def claims_on(
    weights: Weights, contributions: Iterable[Contribution], nettings: Iterable[Netting], fallback: Symbol | None
) -> Claims:
    """Each symbol's target weight split by bot. `contributions` are the weights before netting, as they were merged.

    Netting and capping scale the claims on a symbol in proportion. The claims on a symbol add up to its weight with a
    relative error of at most 1e-15.
    """
    parts: dict[Symbol, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for symbol, bot, weight in contributions:
        parts[symbol][bot] += weight
    for netting in nettings:
        for bot, freed in _free(netting, parts):
            if fallback is not None:
                parts[fallback][bot] += freed
    return {symbol: _scaled_to(weights[symbol], parts[symbol]) for symbol in sorted(weights)}


def _free(netting: Netting, parts: Mapping[Symbol, dict[str, float]]) -> list[tuple[str, float]]:
    """Take from the parts of both symbols of a pair, in proportion, what netting frees: (bot, weight) each."""
    freed = []
    for symbol, before, after in zip((netting.stronger, netting.weaker), netting.before, netting.after, strict=True):
        for bot, weight in parts[symbol].items():
            parts[symbol][bot] = weight / before * after
            freed.append((bot, weight / before * (before - after)))
    return freed


def _scaled_to(weight: float, parts: Mapping[str, float]) -> Mapping[str, float]:
    total = math.fsum(parts.values())
    return {bot: part / total * weight for bot, part in sorted(parts.items()) if part > 0}
