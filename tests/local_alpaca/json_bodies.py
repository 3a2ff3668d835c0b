"""JSON bodies of the account, positions, assets and activities. Every number is a string."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from local_alpaca.book import Holding
from local_alpaca.money import MAINTENANCE, Money
from local_alpaca.orders import Execution, Order, identity, number, stamp
from local_alpaca.sessions import NEW_YORK, Session, Sessions
from local_alpaca.terms import Terms

Json = dict[str, object]
CENTS = Decimal("0.01")


def account(money: Money, terms: Terms, now: datetime) -> Json:
    power, settled = number(money.power(terms)), number(money.settled(terms))
    long, short, equity = money.long, money.short, money.equity
    return {
        "account_blocked": False,
        "account_number": "PA3LOCAL0001",
        "accrued_fees": "0",
        "admin_configurations": {},
        "balance_asof": f"{now.astimezone(NEW_YORK) - timedelta(days=1):%Y-%m-%d}",
        "buying_power": power,
        "cash": number(money.cash),
        "created_at": "2023-06-01T14:00:00.123456Z",
        "crypto_status": "ACTIVE",
        "crypto_tier": 1,
        "currency": "USD",
        "effective_buying_power": power,
        "equity": number(equity),
        "id": identity("account", 1),
        "initial_margin": number((long - short) / 2),
        "intraday_adjustments": "0",
        "last_equity": number(equity),
        "last_maintenance_margin": number(money.start_gross * MAINTENANCE),
        "long_market_value": number(long),
        "maintenance_margin": number((long - short) * MAINTENANCE),
        "multiplier": str(terms.multiplier),
        "non_marginable_buying_power": settled,
        "options_approved_level": 3,
        "options_buying_power": settled,
        "options_trading_level": 3,
        "pending_reg_taf_fees": "0",
        "pending_transfer_out": "0",
        "portfolio_value": number(equity),
        "position_market_value": number(long + short),
        "regt_buying_power": number(2 * equity),
        "short_market_value": number(short),
        "shorting_enabled": terms.multiplier > 1,
        "sma": "0",
        "status": "ACTIVE",
        "trade_suspended_by_user": False,
        "trading_blocked": False,
        "transfers_blocked": False,
        "user_configurations": None,
    }


def configurations(terms: Terms) -> Json:
    """As of July 2026, when dtbp_check and pdt_check were removed (changelog of 2026-06-03)."""
    return {
        "fractional_trading": True,
        "max_margin_multiplier": str(terms.multiplier),
        "max_options_trading_level": 3,
        "no_shorting": terms.no_shorting,
        "ptp_no_exception_entry": False,
        "suspend_trade": False,
        "trade_confirm_email": "none",
    }


def position(symbol: str, holding: Holding, price: Decimal, held: Decimal) -> Json:
    value = holding.shares * price
    gain = value - holding.cost
    share = gain / holding.cost if holding.cost else Decimal(0)
    return {
        "asset_class": holding.asset_class,
        "asset_id": identity("asset", symbol),
        "asset_marginable": holding.asset_class == "us_equity",
        "avg_entry_price": number(holding.cost / holding.shares),
        "change_today": "0",
        "cost_basis": number(holding.cost),
        "current_price": number(price),
        "exchange": "CRYPTO" if holding.asset_class == "crypto" else "ARCA",
        "lastday_price": number(price),
        "market_value": number(value),
        "qty": number(holding.shares),
        "qty_available": number(holding.shares - held),
        "side": "long" if holding.shares > 0 else "short",
        "symbol": symbol,
        "unrealized_intraday_pl": "0",
        "unrealized_intraday_plpc": "0",
        "unrealized_pl": number(gain),
        "unrealized_plpc": number(share),
    }


def asset(symbol: str) -> Json:
    """An ordinary fund; a test overrides the fields that it needs to be different."""
    return {
        "attributes": ["fractional_eh_enabled", "has_options", "overnight_tradable"],
        "borrow_status": "easy_to_borrow",
        "class": "us_equity",
        "easy_to_borrow": True,
        "exchange": "ARCA",
        "fractionable": True,
        "id": identity("asset", symbol),
        "maintenance_margin_requirement": 30,
        "margin_requirement_long": "30",
        "margin_requirement_short": "30",
        "marginable": True,
        "name": f"{symbol} Fund",
        "shortable": True,
        "status": "active",
        "symbol": symbol,
        "tradable": True,
    }


def activity(order: Order, execution: Execution) -> Json:
    done = [e for e in order.executions if (e.at, e.id) <= (execution.at, execution.id)]
    total = sum((e.shares for e in done), Decimal(0))
    left = order.ticket.shares - total
    return {
        "activity_type": "FILL",
        "cum_qty": number(total),
        "id": activity_id(execution),
        "leaves_qty": number(left),
        "order_id": order.id,
        "order_status": "partially_filled" if left else "filled",
        "price": number(execution.price),
        "qty": number(execution.shares),
        "side": order.ticket.side,
        "symbol": order.ticket.symbol,
        "transaction_time": stamp(execution.at),
        "type": "partial_fill" if left else "fill",
    }


def activity_id(execution: Execution) -> str:
    """Begins with the time in New York, to the millisecond."""
    here = execution.at.astimezone(NEW_YORK)
    return f"{here:%Y%m%d%H%M%S}{here.microsecond // 1000:03d}::{execution.id}"


def clock(sessions: Sessions, shown: datetime, now: datetime) -> Json:
    """`shown` is the time that the venue reports; a test may let it differ from the venue's `now`."""
    return {
        "timestamp": shown.astimezone(NEW_YORK).isoformat(timespec="microseconds"),
        "is_open": sessions.under_way(now) is not None,
        "next_open": sessions.opening_after(now).opens.isoformat(),
        "next_close": sessions.ending_after(now).closes.isoformat(),
    }


def session(sessions: Sessions, at: Session) -> Json:
    return {
        "date": at.day.isoformat(),
        "open": f"{at.opens:%H:%M}",
        "close": f"{at.closes:%H:%M}",
        "session_open": "0400",
        "session_close": "2000" if at.closes.hour == 16 else "1700",
        "settlement_date": sessions.settlement_of(at.day).isoformat(),
    }


FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2029, 12, 31)
