"""The owner's settings: type, range, meaning and default of each key in one place.

A field is annotated with its range, where the type alone leaves it open, and with its meaning, which editors show.
`rebalancer.config.keys` makes the parser and the JSON Schema of a key from that.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from rebalancer.model.names import Symbol

SGOV = Symbol("SGOV")
"""A fund of US Treasury bills of up to three months: close to cash."""
LEAST_MONEY = Decimal("0.01")
MOST_MONEY = 10**12
"""Settings called "dollars" count the currency of the account, as every amount does."""
ONE_SESSION = 23_400
"""The seconds of a full session, 9:30 to 16:00."""


@dataclass(frozen=True, slots=True)
class Range:
    """A finite number from `low` to `high`; with `above_low` `low` itself is refused."""

    low: int | Decimal
    high: int
    above_low: bool = False

    def __contains__(self, number: Decimal | int) -> bool:
        return (
            Decimal(number).is_finite()
            and self.low <= number <= self.high
            and not (self.above_low and number == self.low)
        )

    def __str__(self) -> str:
        return f"{f'above {self.low:,}, up to' if self.above_low else f'from {self.low:,} to'} {self.high:,}"


Amount = Annotated[Decimal, Range(0, MOST_MONEY)]
PositiveAmount = Annotated[Decimal, Range(LEAST_MONEY, MOST_MONEY)]
Percent = Annotated[Decimal, Range(0, 100)]
PositivePercent = Annotated[Decimal, Range(0, 100, above_low=True)]
ManyPercent = Annotated[Decimal, Range(0, 1000, above_low=True)]
Seconds = Annotated[int, Range(1, ONE_SESSION)]
Tickers = tuple[Symbol, ...]
MoneyMode = Literal["dollars", "percent"]
CapitalMode = Literal["fixed", "rollover"]


@dataclass(frozen=True, slots=True)
class Reserve:
    """The `cash_reserve` table: cash that is never invested: an amount, or up to 100 percent of equity."""

    mode: Annotated[MoneyMode, "What the amount counts: dollars, or percent of equity."] = "dollars"
    amount: Amount = Decimal(0)


@dataclass(frozen=True, slots=True)
class Investment:
    """Money allotted to a bot: an amount, or up to 100 percent. `bot` is its name, unique within the account."""

    bot: str
    amount: PositiveAmount
    weight_mode: Annotated[MoneyMode, "What the amount counts: dollars, or percent of what may be invested."] = (
        "dollars"
    )
    capital: Annotated[
        CapitalMode,
        "Fixed: each evening the bot is brought back to its amount. Rollover: it begins with it, and keeps what it "
        "earns and loses.",
    ] = "fixed"


@dataclass(frozen=True, slots=True)
class Trading:
    """The `[trading]` table. `fallback_ticker` None keeps freed money in cash."""

    minutes_before_close: Annotated[
        int, Range(1, 390), "When the run starts, in minutes before the session's close."
    ] = 10
    commit: Annotated[
        Literal["amounts", "whole_account"],
        "Amounts: 6,000 are 6,000 of the account's currency. Whole_account: amounts are relative and fill the account.",
    ] = "amounts"
    manage: Annotated[
        Literal["own", "account"], "Own: only shares this tool bought. Account: every long US share but the protected."
    ] = "own"
    protected: Annotated[Tickers, "Tickers that are never bought or sold."] = ()
    fallback_ticker: Annotated[
        Symbol | None, "Where a failed bot's share and what netting frees go; CASH keeps it in cash."
    ] = SGOV
    paired_tickers: Annotated[
        tuple[tuple[Symbol, Symbol], ...], "Pairs that work against each other; the plan never holds both sides."
    ] = ()
    paired_mode: Annotated[
        Literal["net", "drop"], "Net: the stronger side keeps the difference. Drop: it keeps its whole weight."
    ] = "net"
    max_allocation_percent: Annotated[
        Decimal, Range(0, 99, above_low=True), "The most that is ever invested, in percent of what may be invested."
    ] = Decimal(99)
    rounding: Annotated[
        Literal["floor", "closest"],
        "Floor: every target is rounded down to whole shares. Closest: rounded so that all together come closest.",
    ] = "floor"
    min_trade_dollars: Annotated[Amount, "Trades below this amount are left out; an exit never is."] = Decimal(1)
    drift_percent: Annotated[
        Percent, "How far a holding may drift from its target before it is traded, in percentage points."
    ] = Decimal(0)
    cancel_scope: Annotated[
        Literal["own", "all"],
        "Own: a run cancels its own open orders. All: every open order of the account, yours too.",
    ] = "own"
    order_type: Annotated[
        Literal["limit", "market", "moc"],
        "Limit: never above the ask plus limit_percent. Market: at any price. Moc: in the closing auction.",
    ] = "limit"
    moc_fallback: Annotated[Literal["limit", "market"], "How a buy is sent that can't go into the closing auction."] = (
        "limit"
    )
    limit_percent: Annotated[Percent, "How far above the ask a limit buy may go, in percent."] = Decimal(1)
    max_quote_age_seconds: Annotated[Seconds, "The oldest quote that orders accept, in seconds."] = 60
    max_trade_age_seconds: Annotated[Seconds, "The oldest trade that orders accept, in seconds."] = 300
    max_bar_age_seconds: Annotated[Seconds, "The oldest daily bar that orders accept, in seconds."] = 900
    max_spread_percent: Annotated[Percent, "The widest quote that is accepted, in percent of its middle."] = Decimal(1)
    max_distance_percent: Annotated[
        ManyPercent, "How far a price may be from the previous close for orders to accept it, in percent."
    ] = Decimal(30)
    max_jump_percent: Annotated[
        ManyPercent, "A move beyond this many percent that nothing explains keeps a symbol from being bought."
    ] = Decimal(40)
    max_skew_seconds: Annotated[
        int, Range(1, 60), "How far this machine's clock may be from the broker's, in seconds."
    ] = 5
    sell_timeout_seconds: Annotated[Seconds, "How long sells may stay open before they are cancelled, in seconds."] = (
        120
    )
    buy_timeout_seconds: Annotated[Seconds, "How long buys may stay open before they are cancelled, in seconds."] = 120
    cutoff_seconds: Annotated[int, Range(0, ONE_SESSION), "No order leaves in the last seconds before the close."] = 60

    @property
    def fallback(self) -> tuple[Symbol, ...]:
        """The fallback ticker; empty where freed money stays in cash."""
        return (self.fallback_ticker,) if self.fallback_ticker else ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The `[limits]` table: what no order and no run may go beyond.

    They refuse buys and partial sells; a full exit always passes. Percents are of equity. Where `allowed` is empty,
    every ticker is.
    """

    max_order_dollars: Annotated[PositiveAmount, "The most that one order may trade."] = Decimal(1_000_000)
    max_run_dollars: Annotated[PositiveAmount, "The most that all orders of a run may trade together."] = Decimal(
        2_000_000
    )
    max_symbol_percent: Annotated[
        PositivePercent, "The most of one ticker that may be held after a buy, ours or not, in percent of equity."
    ] = Decimal(100)
    max_orders: Annotated[int, Range(1, 10_000), "The most orders that a run may send."] = 500
    max_turnover_percent: Annotated[
        ManyPercent, "The most that all orders of a run may trade together, in percent of equity."
    ] = Decimal(200)
    max_daily_loss_percent: Annotated[
        PositivePercent, "A fall of equity since the last session's close beyond this many percent ends buying."
    ] = Decimal(25)
    allowed: Annotated[Tickers, "The only tickers that may be bought; where it is empty, every ticker may."] = ()
    denied: Annotated[Tickers, "Tickers that are never bought, nor sold in part."] = ()
