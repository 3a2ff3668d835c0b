"""From the bots' decisions to the account's targets: merge -> net_pairs -> cap, each step shown to the owner.

All weights are fractions of Investable = equity - cash reserve - value of what is not managed.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_UP, Decimal
from types import MappingProxyType
from typing import Literal

from rebalancer.errors import RunFailedError
from rebalancer.model import (
    US_DOLLARS,
    Allocation,
    BotFailure,
    Claims,
    Decision,
    Investment,
    Netting,
    Reserve,
    Share,
    Symbol,
    Targets,
    Trading,
    Weights,
)
from rebalancer.model.text import money, percent

TIE = 1e-9
CENT, ZERO = Decimal("0.01"), Decimal(0)
NOTHING: Mapping[str, Decimal] = MappingProxyType({})
Contribution = tuple[Symbol, str, float]
"""A symbol, the bot that wants it, and the weight: a fraction of Investable."""


def reserve_amount(reserve: Reserve, equity: Decimal) -> Decimal:
    """Money that is never invested. A percentage of `equity` is rounded up to the cent."""
    if reserve.mode == "dollars":
        return reserve.amount
    return (equity * reserve.amount / 100).quantize(CENT, ROUND_UP)


def investable(equity: Decimal, reserve: Decimal, others_value: Decimal) -> Decimal:
    """Money that the bots may use; may be zero or negative, which `shares_of` refuses."""
    return equity - reserve - others_value


def shares_of(
    investments: Sequence[Investment],
    investable: Decimal,
    commit: Literal["amounts", "whole_account"],
    currency: str = US_DOLLARS,
    books: Mapping[str, Decimal] = NOTHING,
) -> tuple[tuple[Share, ...], tuple[str, ...]]:
    """Each bot's share of Investable, in the order of `investments`, and a note if they were scaled down.

    An amount of money asks for amount / Investable, a percentage for percent / 100. A bot in `books`, which has what
    each bot whose capital rolls over has by its book, asks for that: for nothing where it is not above 0. "amounts"
    grants what is requested, scaled down in proportion if the sum exceeds 1. "whole_account" always scales the sum to
    1, up or down. Raises RunFailedError unless Investable and every amount are above 0.
    """
    if not (investable.is_finite() and investable > 0):
        raise RunFailedError(
            f"Investable is {money(investable, currency)}: nothing can be bought. Lower cash_reserve or deposit money. "
            "Nothing was sent."
        )
    requested = [
        float(max(books[each.bot], ZERO) / investable) if each.bot in books else _requested(each, investable)
        for each in investments
    ]
    total = math.fsum(requested)
    fractions = _scaled(requested, 1.0) if commit == "whole_account" or total > 1 else requested
    shares = tuple(map(Share, [investment.bot for investment in investments], requested, fractions))
    if not (commit == "amounts" and total > 1):
        return shares, ()
    together = money(Decimal(total) * investable, currency)
    note = (
        f"the bots ask for {together} together, {money(investable, currency)} can be invested: "
        f"every share is scaled down to {percent(1 / total)} of what was asked"
    )
    return shares, (note,)


def _requested(investment: Investment, investable: Decimal) -> float:
    amount = investment.amount
    if not (amount.is_finite() and amount > 0):
        raise RunFailedError(f"the bot {investment.bot} has the amount {amount}: use one above 0. Nothing was sent.")
    return float(amount / (investable if investment.weight_mode == "dollars" else 100))


def _scaled(values: Sequence[float], limit: float) -> list[float]:
    """`values` scaled in proportion to a sum of `limit`, never above it after rounding."""
    total = math.fsum(values)
    factor = limit
    while math.fsum(scaled := [value / total * factor for value in values]) > limit:
        factor = math.nextafter(factor, 0.0)
    return scaled


def set_targets(
    shares: Sequence[Share],
    decisions: Mapping[str, Decision],
    trading: Trading,
    fallback: Symbol | None,
    notes: Sequence[str] = (),
) -> Targets:
    """The whole waterfall. `fallback` is the ticker that can be bought tonight, None where freed money stays in cash.

    `notes` come before those found here. Raises RunFailedError where no bot decided anything, or where an allocation is
    invalid: an invalid allocation must not cause sales.
    """
    if not any(isinstance(decisions[share.bot], Allocation) for share in shares):
        failed = [f"{made.bot}: {made.reason}" for made in decisions.values() if isinstance(made, BotFailure)]
        reasons = "; ".join(failed) or "there is no bot"
        raise RunFailedError(f"no bot decided anything tonight ({reasons}). Nothing was sent.")
    merged = merge(shares, decisions, fallback)
    netted, nettings = net_pairs(merged, trading.paired_tickers, trading.paired_mode, fallback)
    weights = cap(netted, trading.max_allocation_percent)
    before, after = math.fsum(netted.values()), math.fsum(weights.values())
    capped = [f"the total of {percent(before)} is scaled down to {percent(after)}"] if before > after else []
    return Targets(
        shares=tuple(shares),
        merged=merged,
        nettings=nettings,
        netted=netted,
        weights=weights,
        notes=(*notes, *_notes(shares, decisions, nettings, fallback), *capped),
        whys=_whys(shares, decisions, nettings, fallback, () if weights == netted else weights),
        claims=claims_on(weights, contributions(shares, decisions, fallback), nettings, fallback),
    )


def merge(shares: Iterable[Share], decisions: Mapping[str, Decision], fallback: Symbol | None) -> Weights:
    """The sum of share x allocation by symbol; bit-identical for any order of the shares.

    The share of a failed bot goes to `fallback`, or to cash if that is None. Raises RunFailedError unless every weight
    is positive and finite and each bot's weights sum to at most 1.
    """
    parts: dict[Symbol, list[float]] = defaultdict(list)
    for symbol, _, weight in contributions(shares, decisions, fallback):
        parts[symbol].append(weight)
    return _positive({symbol: math.fsum(part) for symbol, part in parts.items()})


def contributions(
    shares: Iterable[Share], decisions: Mapping[str, Decision], fallback: Symbol | None
) -> Iterator[Contribution]:
    for share in shares:
        for symbol, weight in _wanted(decisions[share.bot], fallback).items():
            yield symbol, share.bot, share.fraction * weight


def _wanted(decision: Decision, fallback: Symbol | None) -> Weights:
    if isinstance(decision, BotFailure):
        return {} if fallback is None else {fallback: 1.0}
    weights = decision.weights
    if not (all(weight > 0 for weight in weights.values()) and math.fsum(weights.values()) <= 1 + TIE):
        wanted = ", ".join(f"{symbol} {percent(weight)}" for symbol, weight in weights.items())
        raise RunFailedError(
            f"the bot {decision.bot} wants {wanted}: weights must be above 0 and at most 100 % together. "
            "Nothing was sent."
        )
    return weights


def _positive(weights: Weights) -> Weights:
    return {symbol: weights[symbol] for symbol in sorted(weights) if weights[symbol] > 0}


def net_pairs(
    weights: Weights,
    pairs: Iterable[tuple[Symbol, Symbol]],
    mode: Literal["net", "drop"],
    fallback: Symbol | None,
) -> tuple[Weights, tuple[Netting, ...]]:
    """Keep at most one side of each pair, in the order of `pairs`; freed weight goes to `fallback`, or to cash.

    With a > b, "net" keeps a - b of the stronger and frees 2b; "drop" keeps a and frees b. A difference under 1e-9 is
    a tie: both are freed. A ticker may be in several pairs, `fallback` in none.
    """
    netted = dict(weights)
    nettings: list[Netting] = []
    for pair in pairs:
        if all(netted.get(symbol, 0.0) > 0 for symbol in pair):
            netting = _net(pair, netted, mode)
            netted[netting.stronger], netted[netting.weaker] = netting.after
            nettings.append(netting)
    if fallback is not None:
        netted[fallback] = math.fsum([netted.get(fallback, 0.0), *(netting.freed for netting in nettings)])
    return _positive(netted), tuple(nettings)


def _net(pair: tuple[Symbol, Symbol], weights: Weights, mode: Literal["net", "drop"]) -> Netting:
    stronger, weaker = sorted(pair, key=lambda symbol: -weights[symbol])
    a, b = weights[stronger], weights[weaker]
    if a - b < TIE:
        left, freed = 0.0, a + b
    elif mode == "net":
        left, freed = a - b, 2 * b
    else:
        left, freed = a, b
    return Netting(stronger, weaker, (a, b), (left, 0.0), freed)


def cap(weights: Weights, max_percent: Decimal) -> Weights:
    """Scales the total down to `max_percent` / 100 if it is above it, never up. Idempotent."""
    limit = float(max_percent / 100)
    if math.fsum(weights.values()) <= limit:
        return weights
    return _positive(dict(zip(weights, _scaled(list(weights.values()), limit), strict=True)))


def claims_on(
    weights: Weights, contributions: Iterable[Contribution], nettings: Iterable[Netting], fallback: Symbol | None
) -> Claims:
    """Each symbol's target weight split by bot. `contributions` are the weights before netting, as they were merged.

    A weight that is freed keeps its owner: what netting takes from a bot, or the whole share of a bot that failed, is
    that bot's claim on the fallback ticker. What stays in cash is the rest of the bot's share (`Targets.cash`). Netting
    and capping scale the claims on a symbol in proportion; they add up to its weight with a relative error of at most
    1e-15.
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


def _notes(
    shares: Iterable[Share], decisions: Mapping[str, Decision], nettings: Iterable[Netting], fallback: Symbol | None
) -> Iterator[str]:
    goes = "stays in cash" if fallback is None else f"goes to {fallback}"
    for share in shares:
        if isinstance(decision := decisions[share.bot], BotFailure):
            yield f"{share.bot} failed: {decision.reason}; its {percent(share.fraction)} {goes}"
    for netting in nettings:
        (a, b), left = map(percent, netting.before), netting.after[0]
        leaves = f"{netting.stronger} {percent(left)}" if left else "neither"
        against = f"{netting.stronger} {a} against its pair {netting.weaker} {b}"
        yield f"{against} leaves {leaves}; {percent(netting.freed)} {goes}"


def _whys(
    shares: Iterable[Share],
    decisions: Mapping[str, Decision],
    nettings: Iterable[Netting],
    fallback: Symbol | None,
    scaled: Iterable[Symbol],
) -> dict[Symbol, str]:
    """The origin of each symbol's weight, including symbols netted to 0."""
    whys: dict[Symbol, list[str]] = defaultdict(list)
    for share in shares:
        decision, fraction = decisions[share.bot], percent(share.fraction)
        if isinstance(decision, Allocation):
            for symbol, weight in decision.weights.items():
                whys[symbol].append(f"{share.bot} {fraction} x {percent(weight)}")
        elif fallback is not None:
            whys[fallback].append(f"{share.bot} failed and leaves its {fraction}")
    for netting in nettings:
        stronger, weaker = netting.stronger, netting.weaker
        a, b = map(percent, netting.before)
        whys[weaker].append(f"netted against {stronger}: {b} to its {a}")
        if netting.after[0] < netting.before[0]:
            whys[stronger].append(f"netted against {weaker}: {a} - {b}")
        if fallback is not None:
            whys[fallback].append(f"{percent(netting.freed)} freed by netting {stronger} and {weaker}")
    for symbol in scaled:
        whys[symbol].append("capped")
    return {symbol: "; ".join(whys[symbol]) for symbol in sorted(whys)}
