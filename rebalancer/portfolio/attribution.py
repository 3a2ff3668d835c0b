"""Whose fill is it: an order of the account is split between the bots that it was sent for.

What one bot gives up and another wants in the same evening is crossed between them; only the rest is traded. Everything
is in whole lots by largest remainder (Hamilton's method), so that the parts add up to what the broker shows.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from rebalancer.model import Claims, Decision, Symbol, Targets
from rebalancer.portfolio.targets import TIE, claims_on, contributions

CENT = Decimal("0.01")
ZERO = Decimal(0)
WHOLE = Decimal(1)
DIGITS = 15
"""Decimals of a weight that count; what a float can't hold beyond them must not break a tie."""
UNASSIGNED = ""
"""The owner of what no bot owns."""
ANYONE: Mapping[str, Decimal] = {UNASSIGNED: Decimal(1)}


@dataclass(frozen=True, slots=True)
class Needs:
    """By owner, in bot order: the shares that tonight's plan of one symbol asks to buy (> 0) or to sell (< 0).

    `price` is the one that the plan was made with; None where it had none, and nothing can be crossed before a fill.
    """

    shares: Mapping[str, Decimal]
    price: Decimal | None
    lot: Decimal


@dataclass(frozen=True, slots=True)
class Filled:
    """All fills of a run in one symbol: shares bought less sold, the money `paid` for them (< 0: received), fees."""

    shares: Decimal = ZERO
    paid: Decimal = ZERO
    fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Part:
    """One owner's part: what its shares and its cash change by. `fee` is in `cash` already.

    Of the shares, `crossed` came from another owner or went to one, and never reached the market.
    """

    shares: Decimal = ZERO
    cash: Decimal = ZERO
    fee: Decimal = ZERO
    crossed: Decimal = ZERO


def apportion(total: Decimal, weights: Mapping[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """`total` (>= 0) in whole units by largest remainder; ties by the order of `weights`, of which one is above 0.

    What is less than a unit goes to the first that gets any. The parts add up to `total` exactly.
    """
    scaled = [int(weight.scaleb(DIGITS).quantize(Decimal(1), ROUND_HALF_EVEN)) for weight in weights.values()]
    whole, units = sum(scaled), int(total // unit)
    parts = [units * weight // whole for weight in scaled]
    by_remainder = sorted(range(len(scaled)), key=lambda place: -(units * scaled[place] % whole))
    for place in by_remainder[: units - sum(parts)]:
        parts[place] += 1
    found = {owner: part * unit for owner, part in zip(weights, parts, strict=True)}
    if rest := total - units * unit:
        found[next(owner for owner, weight in weights.items() if found[owner] or (weight > 0 and not units))] += rest
    return found


def attribute(needs: Needs, filled: Filled) -> dict[str, Part]:
    """Each owner's part of `filled`, and of what is crossed. A pure function of both, so that late fills can be added:
    what they change is the difference of two results.

    All shares have one price, the average of the fills; where nothing was filled, the plan's price. Cash is rounded to
    the cent, and the first owner bears the rest. The parts add up to `filled` exactly.
    """
    buyers = {owner: need for owner, need in needs.shares.items() if need > 0}
    sellers = {owner: -need for owner, need in needs.shares.items() if need < 0}
    price = filled.paid / filled.shares if filled.shares else needs.price
    crossed = ZERO if price is None else min(sum(buyers.values(), ZERO), sum(sellers.values(), ZERO))
    bought = _shared(crossed + max(filled.shares, ZERO), buyers, needs.lot)
    sold = _shared(crossed + max(-filled.shares, ZERO), sellers, needs.lot)
    inside = {**_shared(crossed, buyers, needs.lot), **_shared(crossed, sellers, needs.lot)}
    shares = {
        owner: change
        for owner in dict.fromkeys((*needs.shares, UNASSIGNED))
        if (change := bought.get(owner, ZERO) - sold.get(owner, ZERO))
    }
    fees = _shared(filled.fee, bought if filled.shares > 0 else sold if filled.shares < 0 else {}, CENT)
    cash = _cash(shares, price or ZERO, filled.paid)
    return {
        owner: Part(
            shares.get(owner, ZERO),
            cash.get(owner, ZERO) - fees.get(owner, ZERO),
            fees.get(owner, ZERO),
            min(inside.get(owner, ZERO), abs(shares.get(owner, ZERO))),
        )
        for owner in dict.fromkeys((*shares, *cash, *fees))
    }


def _shared(total: Decimal, weights: Mapping[str, Decimal], unit: Decimal) -> dict[str, Decimal]:
    """As `apportion`; without any weight the whole is unassigned; nothing has no parts."""
    positive = {owner: weight for owner, weight in weights.items() if weight > 0}
    return apportion(total, positive or ANYONE, unit) if total else {}


def _cash(shares: Mapping[str, Decimal], price: Decimal, paid: Decimal) -> dict[str, Decimal]:
    """What each owner's cash changes by for its `shares`, to the cent; all together -`paid`."""
    cash = {owner: (-change * price).quantize(CENT, ROUND_HALF_EVEN) for owner, change in shares.items()}
    if rest := -paid - sum(cash.values(), ZERO):
        first = next(iter(shares), UNASSIGNED)
        cash[first] = cash.get(first, ZERO) + rest
    return cash


def lot_of(target_shares: int | Decimal) -> Decimal:
    """The lot is not journalled: 1 where the target is whole, as of US stocks, else the target's last decimal."""
    return WHOLE if isinstance(target_shares, int) else finest(target_shares)


def finest(*quantities: Decimal) -> Decimal:
    """The unit of the last decimal that any of them has; 1 where all are whole."""
    exponents = (quantity.normalize().as_tuple().exponent for quantity in quantities)
    return WHOLE.scaleb(min(0, *(int(exponent) for exponent in exponents)))


def restated(held: Mapping[str, Decimal], expected: Decimal) -> dict[str, Decimal]:
    """`expected` shares in proportion to those `held`, by largest remainder; shares below 0 are scaled alone."""
    whole = sum(held.values(), ZERO)
    positive = {owner: shares for owner, shares in held.items() if shares > 0}
    if not (whole > 0 and positive):
        return {**dict.fromkeys(held, ZERO), UNASSIGNED: expected}
    unit = finest(expected, *held.values())
    short = {owner: (shares * expected / whole).quantize(unit) for owner, shares in held.items() if shares < 0}
    return {**short, **apportion(expected - sum(short.values(), ZERO), positive, unit)}


def derived_claims(targets: Targets, decisions: Mapping[str, Decision]) -> Claims:
    """The claims on targets of a version that did not journal any; UNASSIGNED has them where a decision is missing.

    The fallback ticker is the one that got more than the bots wanted of it.
    """
    if any(share.bot not in decisions for share in targets.shares):
        return {symbol: {UNASSIGNED: weight} for symbol, weight in targets.weights.items()}
    wanted: dict[Symbol, float] = defaultdict(float)
    for symbol, _, weight in contributions(targets.shares, decisions, None):
        wanted[symbol] += weight
    fallback = next((symbol for symbol in targets.netted if targets.netted[symbol] > wanted[symbol] + TIE), None)
    parts = contributions(targets.shares, decisions, fallback)
    return claims_on(targets.weights, parts, targets.nettings, fallback)
