"""The owner's settings, with their defaults."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rebalancer.model.names import Symbol

SGOV = Symbol("SGOV")
"""A fund of US Treasury bills of up to three months: close to cash."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Cash that is never invested: an amount of money, or a percentage of equity."""

    mode: Literal["dollars", "percent"] = "dollars"
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Investment:
    """Money allotted to a bot: an amount, or a percentage. `bot` is its name, unique within the account."""

    bot: str
    amount: Decimal
    weight_mode: Literal["dollars", "percent"] = "dollars"


@dataclass(frozen=True, slots=True)
class Trading:
    """The `[trading]` table, its defaults here and nowhere else. `fallback_ticker` None keeps freed money in cash."""

    minutes_before_close: int = 10
    commit: Literal["amounts", "whole_account"] = "amounts"
    manage: Literal["own", "account"] = "own"
    protected: tuple[Symbol, ...] = ()
    fallback_ticker: Symbol | None = SGOV
    paired_tickers: tuple[tuple[Symbol, Symbol], ...] = ()
    paired_mode: Literal["net", "drop"] = "net"
    max_allocation_percent: Decimal = Decimal(99)
    min_trade_dollars: Decimal = Decimal(1)
    drift_percent: Decimal = Decimal(0)
    cancel_scope: Literal["own", "all"] = "own"
    order_type: Literal["limit", "market", "moc"] = "limit"
    moc_fallback: Literal["limit", "market"] = "limit"
    limit_percent: Decimal = Decimal(1)
    max_quote_age_seconds: int = 60
    max_trade_age_seconds: int = 300
    max_bar_age_seconds: int = 900
    max_spread_percent: Decimal = Decimal(1)
    max_distance_percent: Decimal = Decimal(30)
    max_jump_percent: Decimal = Decimal(40)
    max_skew_seconds: int = 5
    sell_timeout_seconds: int = 120
    buy_timeout_seconds: int = 120
    cutoff_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """The `[limits]` table, its defaults here and nowhere else: what no order and no run may go beyond.

    They refuse buys and partial sells; a full exit always passes. Percents are of equity. Where `allowed` is empty,
    every ticker is.
    """

    max_order_dollars: Decimal = Decimal(1_000_000)
    max_run_dollars: Decimal = Decimal(2_000_000)
    max_symbol_percent: Decimal = Decimal(100)
    max_orders: int = 500
    max_turnover_percent: Decimal = Decimal(200)
    max_daily_loss_percent: Decimal = Decimal(25)
    allowed: tuple[Symbol, ...] = ()
    denied: tuple[Symbol, ...] = ()
