"""A command's answer as JSON, for programs: one object with `exit_code` and named values and lists.

One name means one thing in all of them, whatever the journal and the code call it. docs/json.md has the rules.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from rebalancer.app.live_against_model import LiveAgainstModel
from rebalancer.app.positions import HeldPosition
from rebalancer.app.price_views import PriceStatus, RequiredTicker
from rebalancer.app.proposals import EditableSetting, Execution, Tonight
from rebalancer.app.status_views import AccountStatus
from rebalancer.app.views import (
    Blocked,
    Invested,
    Killed,
    KilledAccount,
    LiveAccount,
    RunResult,
)
from rebalancer.backtest.metrics import Drawdown
from rebalancer.bots.findings import Findings
from rebalancer.config.effective import Setting
from rebalancer.events import Armed, BotDecided, BotFailed, HoldingsRead, PricesTaken
from rebalancer.journal.codec import Plain, plain
from rebalancer.journal.read import OrderSummary, RunRecord, RunSummary
from rebalancer.market.coverage import Coverage
from rebalancer.model import Account, Allocation, Investment, OrderState, Position, Price, Trade
from rebalancer.model.checkup import Check
from rebalancer.portfolio.shortfall import Shortfall
from rebalancer.portfolio.tax_lots import WashSale

HERE = ""
RENAMED: Mapping[type, Mapping[str, str]] = {
    Account: {"number": "account_number", "blocked": "blocked_by"},
    AccountStatus: {"last": "last_run", "upcoming": "next_run"},
    Allocation: {"warnings": "data_gaps", "since": "simulated_since"},
    Armed: {"number": "account_number"},
    Blocked: {"blocked": "message"},
    BotDecided: {"warnings": "data_gaps", "since": "simulated_since"},
    BotFailed: {"failure": HERE},
    Check: {"found": "finding"},
    Coverage: {"missing": "missing_sessions"},
    Drawdown: {"depth": "drawdown"},
    EditableSetting: {"value": "set_to"},
    Execution: {"plan": "plan_hash"},
    Findings: {"tickers": "symbols"},
    Invested: {"capital": "capital_mode"},
    Investment: {"capital": "capital_mode"},
    HeldPosition: {"at_broker": "quantity"},
    HoldingsRead: {"account": "account_figures"},
    Killed: {"halted": "halt"},
    KilledAccount: {"found": "open_orders", "left": "still_open"},
    LiveAccount: {"number": "account_number"},
    LiveAgainstModel: {"causes": "by_cause"},
    RequiredTicker: {"bots": "needed_by", "settings": "needed_by_settings", "closes": "closes_needed"},
    OrderState: {"id": "order_id", "kind": "order_type", "status": "broker_state"},
    OrderSummary: {"id": "order_id", "kind": "order_type", "dollars": "value"},
    Position: {"market_value": "value"},
    Price: {"value": "price"},
    PriceStatus: {"tickers": "coverage", "missing": "missing_symbols", "short": "short_symbols"},
    PricesTaken: {"missing": "without_price"},
    RunRecord: {"run": HERE, "holdings": "readings", "prices": "prices_taken"},
    RunResult: {"run": "record", "tax": "tax_flags"},
    RunSummary: {"id": "run", "number": "run_of_session", "orders": "order_count"},
    Setting: {"value": "set_to"},
    Shortfall: {"causes": "by_cause"},
    Tonight: {"result": HERE, "plan": "plan_hash"},
    Trade: {"dollars": "value", "price": "price_taken"},
    WashSale: {"shares": "quantity"},
}
"""By type and field; HERE puts the value's own fields in the field's place."""

MONEY = frozenset(
    [
        "amount",
        "buying_power",
        "capital",
        "cash",
        "cost",
        "counted_value",
        "deposits",
        "equity",
        "fee",
        "flow",
        "gain",
        "investable",
        "live",
        "long_term",
        "long_value",
        "loss",
        "max_dollars",
        "model",
        "money",
        "non_marginable_buying_power",
        "others_value",
        "pending_out",
        "previous_equity",
        "reserve",
        "short_term",
        "spendable",
        "unassigned_cash",
        "unassigned_value",
        "unknown_term",
        "value",
        "value_before",
        "wash_sale_loss",
    ]
)
"""Text with two decimals. An `amount` may be a percentage, and keeps what more it has."""
FRACTIONS = frozenset({"now", "target"})
QUANTITIES = frozenset({"target_shares"})


def to_json(found: object, exit_code: int) -> str:
    """The whole answer. Raises ValueError for NaN, infinities and naive times."""
    return json.dumps({"exit_code": exit_code, **_members(found)}, indent=2)


def to_json_line(found: object) -> str:
    return json.dumps(_members(found))


def _members(found: Any) -> dict[str, Plain]:  # noqa: ANN401 - a dataclass or a mapping
    if isinstance(found, Mapping):
        return {str(name): _shown(value, str(name)) for name, value in found.items()}
    names, members = RENAMED.get(type(found), {}), dict[str, Plain]()
    for field in fields(found):
        name, value = names.get(field.name, field.name), getattr(found, field.name)
        members.update(_members(value) if name == HERE else {name: _shown(value, name)})
    return members


def _shown(value: Any, name: str) -> Plain:  # noqa: ANN401 - whatever a field may hold
    if isinstance(value, tuple | list):
        return [_shown(item, name) for item in value]
    if isinstance(value, Mapping):  # by symbol, bot or account: its keys are no names
        return {str(key): _shown(item, "") for key, item in value.items()}
    if is_dataclass(value):
        return _members(value)
    return _scalar(value, name)


def _scalar(value: Any, name: str) -> Plain:  # noqa: ANN401 - whatever a field may hold
    flat = plain(value)
    if value is None or isinstance(value, bool):
        return flat
    if name in MONEY:
        exact = name == "amount" and Decimal(value) != round(Decimal(value), 2)
        return flat if exact else f"{value:.2f}"
    if name in FRACTIONS:
        return float(value)
    return str(value) if name in QUANTITIES else flat
