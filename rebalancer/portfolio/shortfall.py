"""Live against model: what a bot's book gained less or more than the bot on paper, split by cause.

The model of a day holds the bot's money in its weights from close to close, in fractional shares and without costs, as
the back-test does, and begins each day with the money that the bot really had. The difference is the implementation
shortfall (A. Perold: The Implementation Shortfall, Journal of Portfolio Management 14(3), 1988), here with a cause for
each step from the decision to the book. The steps follow each other, so that the causes add up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from rebalancer.model import CorporateAction, Symbol, Weights
from rebalancer.portfolio.attribution import CENT, ZERO
from rebalancer.portfolio.evenings import Evening

Cause = Literal[
    "decision", "timing", "netting", "whole_shares", "missed", "slippage", "fees", "dividends", "unexplained"
]
"""Why live and model differ.

decision      the bot decided before the close, and by the close would have decided otherwise
timing        prices at the decision instead of those at the close, both evenings
netting       netted pairs, caps, the fallback: what the account granted instead of what the bot wanted
whole_shares  whole lots instead of fractions
missed        sessions without a run, orders not filled in full, bots that could not decide
slippage      fills instead of the broker's prices at the end of the run: the spread, and moves meanwhile
dividends     those booked less those that the adjusted closes count on the ex-date
unexplained   what none of these is
"""
CAUSES: tuple[Cause, ...] = (
    *("decision", "timing", "netting", "whole_shares", "missed"),
    *("slippage", "fees", "dividends", "unexplained"),
)


@dataclass(frozen=True, slots=True)
class ModelDay:
    """The model from the close of one evening's session to that of the next one's.

    changes    of adjusted closes, as fractions; a symbol without closes is absent
    dividends  the part of `changes` that is dividends
    weights    those of the bot's back-test at the first close; None where not known: those of the evening stand in
    growth     what 1 became in the back-test; None: what `weights` make of `changes`
    """

    changes: Mapping[Symbol, float] = field(default_factory=dict)
    dividends: Mapping[Symbol, float] = field(default_factory=dict)
    weights: Weights | None = None
    growth: float | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A day of a bot, up to the run of `session`; `live` = `model` + all `causes`, to the cent. Money.

    `money` is what the bot had to invest at first.
    """

    session: date
    money: Decimal
    live: Decimal
    model: Decimal
    causes: Mapping[Cause, Decimal]


def shortfall(evening: Evening, model: ModelDay) -> Shortfall:
    """Prices that only one side knows are taken for both, so that nothing is blamed on them."""
    symbols = sorted({*evening.moves, *model.changes})
    closes = {name: _decimal(model.changes[name]) if name in model.changes else evening.moves[name] for name in symbols}
    moves = {name: evening.moves.get(name, closes[name]) for name in symbols}
    paid = {name: _decimal(yield_) for name, yield_ in model.dividends.items() if name in closes}
    wanted = {name: evening.money * _decimal(weight) for name, weight in (evening.wanted or {}).items()}
    weights = evening.wanted if model.weights is None else model.weights
    modelled = {name: evening.money * _decimal(weight) for name, weight in (weights or {}).items()}

    by_weights = _gain(modelled, closes)
    gain = by_weights if model.growth is None else evening.money * _decimal(model.growth - 1)
    decided = _gain(wanted, closes) - by_weights
    lots, unfilled = _lots(evening, moves)
    in_dividends = _gain(wanted, paid)
    causes: dict[Cause, Decimal] = {
        "decision": decided if evening.wanted is not None else ZERO,
        "timing": _gain(wanted, moves) - _gain(wanted, closes) + in_dividends,
        "netting": _gain(evening.granted, moves) - _gain(wanted, moves),
        "whole_shares": lots,
        "missed": unfilled + (by_weights - gain) + (decided if evening.wanted is None else ZERO),
        "slippage": evening.slippage,
        "fees": evening.fees,
        "dividends": evening.dividends - in_dividends,
    }
    causes["unexplained"] = evening.gain - gain - sum(causes.values(), ZERO)
    return _in_cents(evening, gain, causes)


def _lots(evening: Evening, moves: Mapping[Symbol, Decimal]) -> tuple[Decimal, Decimal]:
    """What whole lots and what unfilled orders changed; cents that the broker's values are rounded by are the lots'."""
    lots = unfilled = ZERO
    symbols = dict.fromkeys((*evening.granted, *evening.planned, *evening.held, *evening.price_gains))
    for symbol in symbols:
        planned, held = evening.planned.get(symbol, ZERO), evening.held.get(symbol, ZERO)
        gained = evening.price_gains.get(symbol, ZERO)
        by_plan = gained if planned == held else planned * moves.get(symbol, ZERO)
        lots += by_plan - evening.granted.get(symbol, ZERO) * moves.get(symbol, ZERO)
        unfilled += gained - by_plan
    return lots, unfilled


def _gain(money: Mapping[Symbol, Decimal], changes: Mapping[Symbol, Decimal]) -> Decimal:
    return sum((amount * changes.get(symbol, ZERO) for symbol, amount in money.items()), ZERO)


def _decimal(number: float) -> Decimal:
    return Decimal(repr(float(number)))


def _in_cents(evening: Evening, model: Decimal, causes: Mapping[Cause, Decimal]) -> Shortfall:
    """The largest cause bears the cents by which the rounded ones differ."""
    live, rounded = evening.gain.quantize(CENT), {cause: each.quantize(CENT) for cause, each in causes.items()}
    modelled = model.quantize(CENT)
    largest = max((cause for cause in CAUSES if cause != "unexplained"), key=lambda cause: abs(causes[cause]))
    rounded[largest] += live - modelled - sum(rounded.values(), ZERO)
    return Shortfall(evening.session, evening.money.quantize(CENT), live, modelled, rounded)


def dividend_parts(
    evening: Evening, dividends: Iterable[CorporateAction], changes: Mapping[Symbol, float]
) -> Mapping[Symbol, float]:
    """The part of the change of an adjusted close that is a dividend whose ex-date lies in it."""
    found: dict[Symbol, float] = {}
    for action in dividends:
        price = evening.prices.get(action.symbol)
        if price and evening.begun < action.day <= evening.session and action.symbol in changes:
            part = float(action.dollars / price)
            found[action.symbol] = found.get(action.symbol, 0.0) + (1 + changes[action.symbol]) * part
    return found


def totals(days: Iterable[Shortfall]) -> dict[Cause, Decimal]:
    found: dict[Cause, Decimal] = dict.fromkeys(CAUSES, ZERO)
    for day in days:
        for cause, amount in day.causes.items():
            found[cause] += amount
    return found


def largest(causes: Mapping[Cause, Decimal]) -> Sequence[Cause]:
    """At most three that are not 0, the largest first, by the order of CAUSES where they are equal."""
    found = [cause for cause in CAUSES if causes.get(cause)]
    return sorted(found, key=lambda cause: -abs(causes[cause]))[:3]
