"""Every key of a config, by its table, and what may stand behind it. The defaults are those of the model."""

from collections.abc import Mapping

from rebalancer.config import kinds
from rebalancer.config.kinds import Kind
from rebalancer.config.version import SCHEMA, version

MOST_DOLLARS = 10**12
ONE_SESSION = 23_400
"""The seconds of a full session, 9:30 to 16:00."""

MONEY_MODE = kinds.one_of("dollars", "percent")
TRADING: Mapping[str, Kind] = {
    "minutes_before_close": kinds.whole(1, 390),
    "commit": kinds.one_of("amounts", "whole_account"),
    "manage": kinds.one_of("own", "account"),
    "protected": kinds.tickers,
    "fallback_ticker": kinds.ticker_or_cash,
    "paired_tickers": kinds.pairs,
    "paired_mode": kinds.one_of("net", "drop"),
    "max_allocation_percent": kinds.number(0, 99, above_low=True),
    "min_trade_dollars": kinds.number(0, MOST_DOLLARS),
    "drift_percent": kinds.number(0, 100),
    "cancel_scope": kinds.one_of("own", "all"),
    "order_type": kinds.one_of("limit", "market", "moc"),
    "moc_fallback": kinds.one_of("limit", "market"),
    "limit_percent": kinds.number(0, 100),
    "max_quote_age_seconds": kinds.whole(1, ONE_SESSION),
    "max_trade_age_seconds": kinds.whole(1, ONE_SESSION),
    "max_bar_age_seconds": kinds.whole(1, ONE_SESSION),
    "max_spread_percent": kinds.number(0, 100),
    "max_distance_percent": kinds.number(0, 1000, above_low=True),
    "max_jump_percent": kinds.number(0, 1000, above_low=True),
    "max_skew_seconds": kinds.whole(1, 60),
    "sell_timeout_seconds": kinds.whole(1, ONE_SESSION),
    "buy_timeout_seconds": kinds.whole(1, ONE_SESSION),
    "cutoff_seconds": kinds.whole(0, ONE_SESSION),
}
LIMITS: Mapping[str, Kind] = {
    "max_order_dollars": kinds.number(0, MOST_DOLLARS, above_low=True),
    "max_run_dollars": kinds.number(0, MOST_DOLLARS, above_low=True),
    "max_symbol_percent": kinds.number(0, 100, above_low=True),
    "max_orders": kinds.whole(1, 10_000),
    "max_turnover_percent": kinds.number(0, 1000, above_low=True),
    "max_daily_loss_percent": kinds.number(0, 100, above_low=True),
    "allowed": kinds.tickers,
    "denied": kinds.tickers,
}
SIM: Mapping[str, Kind] = {
    "starting_cash": kinds.number(0, MOST_DOLLARS, above_low=True),
    "commission_dollars": kinds.number(0, MOST_DOLLARS),
    "slippage_percent": kinds.number(0, 100),
}
ACCOUNT: Mapping[str, Kind] = {
    "enabled": kinds.switch,
    "on_result": kinds.command,
    "broker": kinds.broker,
    "mode": kinds.one_of("paper", "live"),
}
CREDENTIALS: Mapping[str, Kind] = {
    "key_id": kinds.variable,
    "secret": kinds.variable,
    "credentials_file": kinds.path,
}
"""In an account whose venue needs keys."""
PIN: Mapping[str, Kind] = {"account_number": kinds.account_number}
"""In an account that holds real money, or a venue's paper money."""
RESERVE: Mapping[str, Kind] = {"mode": MONEY_MODE}
INVESTMENT: Mapping[str, Kind] = {
    "bot": kinds.path,
    "name": kinds.line,
    "weight_mode": MONEY_MODE,
}

TOP: Mapping[str, Kind] = {
    "schema": Kind(version, {"const": SCHEMA}),
    "state_dir": kinds.path,
    "on_result": kinds.command,
}
DATA: Mapping[str, Kind] = {
    "source": kinds.price_source,
    "folder": kinds.path,
    "account": kinds.account_name,
}


def amount(mode: object, *, above_zero: bool) -> Kind:
    """What `mode` counts: up to 100 percent, else dollars."""
    return kinds.number(0, 100 if mode == "percent" else MOST_DOLLARS, above_low=above_zero)


MEANINGS: Mapping[str, str] = {
    "schema": "The version of this file's layout.",
    "state_dir": "The folder of the journal and the simulated accounts.",
    "on_result": "A command that gets the result of each run, as JSON on its standard input.",
    "source": "Where prices come from.",
    "folder": 'The folder of your price files, with source = "folder".',
    "account": "Whose keys read the prices of its broker; without it the first account whose broker brings prices.",
    "enabled": "Whether the schedule runs this account.",
    "broker": "Which broker holds the account.",
    "mode": "Dollars or percent for a reserve; paper or live for an account. Live trades real money once it is armed.",
    "key_id": "The environment variable with the key's id, as ${NAME}.",
    "secret": "The environment variable with the key's secret, as ${NAME}.",
    "credentials_file": "A file with key_id and secret that only you can read.",
    "account_number": "The only account number that is traded.",
    "starting_cash": "The cash the simulated account begins with, in dollars.",
    "commission_dollars": "The simulated fee for each order, in dollars.",
    "slippage_percent": "How much worse than the price a simulated order fills, in percent.",
    "bot": "The bot's file.",
    "name": "What the screens call the bot; without it the name of its file.",
    "weight_mode": "What the amount counts: dollars, or percent of what may be invested.",
    "minutes_before_close": "When the run starts, in minutes before the session's close.",
    "commit": "Amounts: 6,000 dollars are 6,000 dollars. Whole_account: amounts are relative and fill the account.",
    "manage": "Own: only shares this tool bought. Account: every long US share but the protected.",
    "protected": "Tickers that are never bought or sold.",
    "fallback_ticker": "Where a failed bot's share and what netting frees go; CASH keeps it in cash.",
    "paired_tickers": "Pairs that work against each other; the plan never holds both sides.",
    "paired_mode": "Net: the stronger side keeps the difference. Drop: it keeps its whole weight.",
    "max_allocation_percent": "The most that is ever invested, in percent of what may be invested.",
    "min_trade_dollars": "Trades below this many dollars are left out; an exit never is.",
    "drift_percent": "How far a holding may drift from its target before it is traded, in percentage points.",
    "cancel_scope": "Own: a run cancels its own open orders. All: every open order of the account, yours too.",
    "order_type": "Limit: never above the ask plus limit_percent. Market: at any price. Moc: in the closing auction.",
    "moc_fallback": "How a buy is sent that can't go into the closing auction.",
    "limit_percent": "How far above the ask a limit buy may go, in percent.",
    "max_quote_age_seconds": "The oldest quote that orders accept, in seconds.",
    "max_trade_age_seconds": "The oldest trade that orders accept, in seconds.",
    "max_bar_age_seconds": "The oldest daily bar that orders accept, in seconds.",
    "max_spread_percent": "The widest quote that is accepted, in percent of its middle.",
    "max_distance_percent": "How far a price may be from the previous close for orders to accept it, in percent.",
    "max_jump_percent": "A move beyond this many percent that nothing explains keeps a symbol from being bought.",
    "max_skew_seconds": "How far this machine's clock may be from the broker's, in seconds.",
    "sell_timeout_seconds": "How long sells may stay open before they are cancelled, in seconds.",
    "buy_timeout_seconds": "How long buys may stay open before they are cancelled, in seconds.",
    "cutoff_seconds": "No order leaves in the last seconds before the close.",
    "max_order_dollars": "The most that one order may trade, in dollars.",
    "max_run_dollars": "The most that all orders of a run may trade together, in dollars.",
    "max_symbol_percent": "The most of one ticker that may be held after a buy, ours or not, in percent of equity.",
    "max_orders": "The most orders that a run may send.",
    "max_turnover_percent": "The most that all orders of a run may trade together, in percent of equity.",
    "max_daily_loss_percent": "A fall of equity since the last session's close beyond this many percent ends buying.",
    "allowed": "The only tickers that may be bought; where it is empty, every ticker may.",
    "denied": "Tickers that are never bought, nor sold in part.",
}
"""What editors show beside a key."""
