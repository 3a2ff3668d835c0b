"""What a fresh clone runs: the config, the four bots and their prices must stand together."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from rebalancer import config, demo
from rebalancer.app.bot_files import load_bot
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig
from rebalancer.market import sample
from rebalancer.market.closes import ClosesHistory
from rebalancer.model import Floats, Investment, Symbol

HEDGE = "Hedge (teaching example)"
STRATEGIES = ["Ten-month average", "Dual momentum", "Inverse volatility"]
BOTS = [*STRATEGIES, HEDGE]
SPY, SPYINV = Symbol("SPY"), Symbol("SPYINV")


@cache
def account() -> AccountConfig:
    (found,) = config.load(demo.config_path()).accounts
    return found


@cache
def loaded(name: str) -> Bot:
    file = account().bots[name]
    bot, problems = load_bot(file.read_bytes(), name, file.name)
    assert not problems
    assert bot is not None
    return bot


@cache
def weights(bot: str) -> Mapping[Symbol, Floats]:
    """What `bot` wants on each session of the sample, by symbol; NaN before its first decision."""
    closes = ClosesHistory(sample.all_closes()).closes(loaded(bot).symbols, before=date.max)
    return dict(zip(closes.symbols, loaded(bot).weights(closes).T, strict=True))


def test_the_demo_is_one_account_of_100_000_dollars_at_the_simulated_broker() -> None:
    demo_account = account()
    assert (demo_account.name, demo_account.broker, demo_account.mode) == ("demo", "sim", "paper")
    assert demo_account.sim.starting_cash == 100_000
    assert demo_account.trading.fallback_ticker == "TBILL"
    assert demo_account.trading.paired_tickers == ((SPY, SPYINV),)
    assert demo_account.investments == (
        Investment("Ten-month average", Decimal(40_000), "dollars"),
        Investment("Dual momentum", Decimal(30_000), "dollars"),
        Investment("Inverse volatility", Decimal(20), "percent"),
        Investment(HEDGE, Decimal(5_000), "dollars"),
    )


@pytest.mark.parametrize("bot", BOTS)
def test_a_bot_is_called_the_same_in_the_config_and_in_its_file(bot: str) -> None:
    assert json.loads(account().bots[bot].read_bytes())["name"] == bot


@pytest.mark.parametrize("bot", BOTS)
def test_a_bot_uses_only_tickers_of_the_sample(bot: str) -> None:
    assert set(loaded(bot).symbols) <= set(sample.all_closes().symbols)


@pytest.mark.parametrize("bot", BOTS)
def test_a_bot_decides_on_every_session_once_its_history_is_long_enough(bot: str) -> None:
    wanted = np.column_stack(list(weights(bot).values()))
    assert loaded(bot).lookback < len(wanted) / 2
    assert np.isfinite(wanted[loaded(bot).lookback :]).all()


def test_the_hedge_is_netted_on_every_session_on_which_a_strategy_holds_spy() -> None:
    held = np.nansum([weights(bot)[SPY] for bot in STRATEGIES], axis=0)
    assert (weights(HEDGE)[SPYINV] == 1).all()
    assert (held[loaded("Dual momentum").lookback :] > 0).all()


@pytest.mark.parametrize(
    ("bot", "source"),
    [("Ten-month average", "M. Faber"), ("Dual momentum", "G. Antonacci"), ("Inverse volatility", "C. Asness")],
)
def test_a_strategy_names_its_source_and_the_hedge_says_that_it_is_none(bot: str, source: str) -> None:
    assert source in json.loads(account().bots[bot].read_bytes())["description"]
    assert "no strategy" in json.loads(account().bots[HEDGE].read_bytes())["description"]
