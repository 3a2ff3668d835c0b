"""Random account settings: bots, amounts, trading rules and limits."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from lab.bots import STEADY
from lab.market import SYMBOLS
from rebalancer.model import Investment, Limits, Reserve, Symbol, Trading


@dataclass(frozen=True, slots=True)
class Owner:
    trading: Trading
    reserve: Reserve
    limits: Limits
    investments: tuple[Investment, ...]

    @property
    def has_default_limits(self) -> bool:
        """The default limits, which never keep an ordinary evening from its targets."""
        return self.limits == Limits()


def draw_owner(rng: Random) -> Owner:
    reserve = Reserve("percent", Decimal(5)) if rng.random() < 0.2 else Reserve()
    limits = Limits() if rng.random() < 0.6 else _draw_limits(rng)
    trading = _draw_trading(rng)
    return Owner(trading, reserve, limits, _draw_investments(rng, trading.commit == "amounts"))


def _draw_trading(rng: Random) -> Trading:
    return Trading(
        minutes_before_close=rng.choice((10, 15)),
        commit=rng.choice(("amounts", "amounts", "whole_account")),
        manage=rng.choice(("own", "own", "account")),
        fallback_ticker=rng.choice((Symbol("SGOV"), None)),
        paired_tickers=((SYMBOLS[0], SYMBOLS[1]),) if rng.random() < 0.2 else (),
        drift_percent=Decimal(rng.choice((0, 0, 2))),
        cancel_scope=rng.choice(("own", "own", "all")),
        order_type=rng.choice(("limit", "limit", "market")),
    )


def _draw_limits(rng: Random) -> Limits:
    """One or two tight limits; the others keep their defaults."""
    tight = {
        "max_order_dollars": Decimal(rng.choice((3_000, 20_000))),
        "max_run_dollars": Decimal(rng.choice((5_000, 50_000))),
        "max_symbol_percent": Decimal(rng.choice((20, 50))),
        "max_orders": rng.choice((1, 3)),
        "max_turnover_percent": Decimal(rng.choice((30, 100))),
        "max_daily_loss_percent": Decimal(rng.choice((1, 3))),
        "denied": (rng.choice(SYMBOLS),),
    }
    names = rng.sample(sorted(tight), rng.randint(1, 2))
    return Limits(**{name: tight[name] for name in names})


def _draw_investments(rng: Random, may_roll: bool) -> tuple[Investment, ...]:  # noqa: FBT001 - reads as a sentence
    names = rng.sample(STEADY, rng.randint(1, 3))
    return tuple(_draw_investment(rng, name, len(names), may_roll) for name in names)


def _draw_investment(rng: Random, name: str, count: int, may_roll: bool) -> Investment:  # noqa: FBT001
    """Of the amounts of money every second one rolls over, where it may."""
    if rng.random() < 0.3:
        thousands = rng.randint(5, 60)
        rolls = may_roll and thousands % 2 == 0
        return Investment(name, Decimal(thousands * 1000), "dollars", "rollover" if rolls else "fixed")
    return Investment(name, Decimal(rng.randint(60, 110) // count), "percent")
