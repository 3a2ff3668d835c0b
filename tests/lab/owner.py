"""What an owner has set up: bots, amounts, rules and limits, drawn from the dice."""

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
    def generous(self) -> bool:
        """No limit of this owner keeps an ordinary evening from its targets."""
        return self.limits == Limits()


def some_owner(dice: Random) -> Owner:
    reserve = Reserve("percent", Decimal(5)) if dice.random() < 0.2 else Reserve()
    limits = Limits() if dice.random() < 0.6 else _some_limits(dice)
    return Owner(_some_trading(dice), reserve, limits, _some_investments(dice))


def _some_trading(dice: Random) -> Trading:
    return Trading(
        minutes_before_close=dice.choice((10, 15)),
        commit=dice.choice(("amounts", "amounts", "whole_account")),
        manage=dice.choice(("own", "own", "account")),
        fallback_ticker=dice.choice((Symbol("SGOV"), None)),
        paired_tickers=((SYMBOLS[0], SYMBOLS[1]),) if dice.random() < 0.2 else (),
        drift_percent=Decimal(dice.choice((0, 0, 2))),
        cancel_scope=dice.choice(("own", "own", "all")),
        order_type=dice.choice(("limit", "limit", "market")),
    )


def _some_limits(dice: Random) -> Limits:
    """One or two of them tight, the others as they come."""
    tight = {
        "max_order_dollars": Decimal(dice.choice((3_000, 20_000))),
        "max_run_dollars": Decimal(dice.choice((5_000, 50_000))),
        "max_symbol_percent": Decimal(dice.choice((20, 50))),
        "max_orders": dice.choice((1, 3)),
        "max_turnover_percent": Decimal(dice.choice((30, 100))),
        "max_daily_loss_percent": Decimal(dice.choice((1, 3))),
        "denied": (dice.choice(SYMBOLS),),
    }
    names = dice.sample(sorted(tight), dice.randint(1, 2))
    return Limits(**{name: tight[name] for name in names})


def _some_investments(dice: Random) -> tuple[Investment, ...]:
    names = dice.sample(STEADY, dice.randint(1, 3))
    return tuple(_investment(dice, name, len(names)) for name in names)


def _investment(dice: Random, name: str, count: int) -> Investment:
    if dice.random() < 0.3:
        return Investment(name, Decimal(dice.randint(5, 60) * 1000), "dollars")
    return Investment(name, Decimal(dice.randint(60, 110) // count), "percent")
