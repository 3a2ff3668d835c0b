"""The doctor's checks of one account: everything a run needs. Sends no orders and journals nothing."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo

import numpy as np

from rebalancer.app.bar_checks import bars_so_far
from rebalancer.app.bots import holdable
from rebalancer.app.required_tickers import named, required_tickers
from rebalancer.app.schedule import windows_after
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig
from rebalancer.errors import RunFailedError
from rebalancer.market.bars import bars_read, with_bars
from rebalancer.market.clock import LONGEST_CLOSURE, SimulatedClock, hours
from rebalancer.model import Account, BotFailure, Closes, Hours, Limits, OrderState, Position, Symbol
from rebalancer.model.checkup import Check
from rebalancer.model.text import counted, date_and_time, listed, money, shares
from rebalancer.portfolio.limits import symbols_at_limit
from rebalancer.portfolio.order_ids import is_ours
from rebalancer.ports import Broker, Calendar, Clock, History, Quotes
from rebalancer.trading.halts import CLOSE_TOLERANCE, clock_skew
from rebalancer.trading.recovery import open_quantity


@dataclass(frozen=True, slots=True)
class CheckedAccount:
    """One account with its open ports. `prices` describes its price source in words.

    `since` is the day from which its evenings simulate a bot, or follow what it remembers, by the bot's name.
    """

    account: AccountConfig
    broker: Broker
    history: History
    quotes: Quotes
    calendar: Calendar
    clock: Clock
    bots: Mapping[str, Bot]
    prices: str
    since: Mapping[str, date] = field(default_factory=dict)

    def symbols(self) -> tuple[Symbol, ...]:
        """Every symbol that a bot reads or may hold, and the fallback; sorted."""
        fallback = self.account.trading.fallback
        return tuple(sorted({*fallback, *(name for bot in self.bots.values() for name in bot.symbols)}))

    def uses(self) -> Mapping[Symbol, str]:
        """By symbol: what needs it, as in "QLD (3 bots)"."""
        return {each.symbol: named(each) for each in required_tickers([self.account], {self.account.name: self.bots})}


def examine(checked: CheckedAccount) -> Iterator[Check]:
    """All checks of one account. After an error, the rest of its group of checks is skipped."""
    bots = tuple(f"bot {name}" for name in checked.bots)
    groups: tuple[tuple[Callable[[CheckedAccount], Iterator[Check]], tuple[str, ...]], ...] = (
        (_account, ("account", "may trade", checked.account.mode)),
        (_contents, ("positions", "open orders", "short sales", "symbol limit")),
        (_hours, ("clock", "calendar")),
        (_tickers, ("tickers",)),
        (_quotes, ("quotes",)),
        (lambda checked: bars_so_far(checked.bots.values(), checked.quotes), ("bars",)),
        (_history, ("history", *bots)),
        (_next_run, ("next run",)),
    )
    for group, names in groups:
        done = 0
        try:
            for check in group(checked):
                done += 1
                yield check
        except RunFailedError as error:
            yield Check(names[done], "fail", str(error), "No orders are sent until this is fixed.")
            yield from skipped(f"an earlier check failed: {names[done]}", names[done + 1 :])


def skipped(why: str, names: Iterable[str]) -> Iterator[Check]:
    return (Check(name, "warn", f"skipped: {why}") for name in names)


def _account(checked: CheckedAccount) -> Iterator[Check]:
    account = checked.broker.account()
    equity, cash = money(account.equity, account.currency), money(account.cash, account.currency)
    found = f"connected: account {account.number}, equity {equity}, cash {cash}"
    yield Check("account", "pass", found)
    yield _may_trade(account, checked.account.account_number, checked.broker.venue.currency)
    yield _money(account, checked)


def _may_trade(account: Account, pinned: str | None, currency: str) -> Check:
    if pinned is not None and account.number != pinned:
        found = f"these keys belong to account {account.number}, but account_number is {pinned}"
        return Check("may trade", "fail", found, f"Use the keys of account {pinned}.")
    if account.blocked is not None:
        remedy = "Contact the broker: no orders are sent until it allows them again."
        return Check("may trade", "fail", f"the broker says: {account.blocked}", remedy)
    if account.currency != currency:
        found = f"the account is kept in {account.currency}, and orders are in {currency}"
        return Check("may trade", "fail", found, f"Use an account in {currency}.")
    return Check("may trade", "pass", "nothing is blocked")


def _money(account: Account, checked: CheckedAccount) -> Check:
    """Whether the broker's account number belongs to a paper or live account, as the config's mode says."""
    wanted, venue = checked.account.mode, checked.broker.venue
    if venue.simulated:
        return Check(wanted, "pass", "a simulated broker: no real money moves")
    mode = venue.mode_of(account.number)
    found = f"{mode}: account {account.number} at {checked.account.address}"
    if mode == wanted:
        return Check(wanted, "pass", found)
    prefix = venue.paper_prefix
    remedy = f"Use the keys of a {wanted} account: only paper account numbers begin with {prefix}."
    return Check(wanted, "fail", found, remedy)


# --------------------------------------------------------------------------------------------- what is in the account


def _contents(checked: CheckedAccount) -> Iterator[Check]:
    broker = checked.broker
    positions = broker.positions()
    yield positions_check(positions, broker.venue.currency)
    yield open_orders_check(broker.open_orders(), checked.account.trading.cancel_scope, broker.venue.currency)
    yield short_sales_check(broker)
    wanted = holdable(checked.account.trading, checked.bots)
    yield symbol_limit_check(broker.account(), positions, wanted, checked.account.limits)


def positions_check(positions: Sequence[Position], currency: str) -> Check:
    short = [f"{each.symbol} is held short ({shares(-each.quantity)})" for each in positions if each.quantity < 0]
    odd = short + [
        f"{each.symbol} has no market value; {money(each.market_value, currency)} is assumed"
        for each in positions
        if not each.valued
    ]
    if not odd:
        return Check("positions", "pass", f"{len(positions):,} held, each with a value, none short")
    remedy = "Shorts are never traded, and reduce the budget for buys. A position without a value is only sold in full."
    return Check("positions", "warn", listed(odd, "; "), remedy)


def open_orders_check(orders: Sequence[OrderState], cancel_scope: str, currency: str) -> Check:
    """Lists the open orders that are not ours."""
    others = [
        f"{each.symbol}: a {each.side} of {open_quantity(each, currency)} ({each.id})"
        for each in orders
        if not is_ours(each.id)
    ]
    if not others:
        return Check("open orders", "pass", f"{counted(len(orders), 'order')} of ours, none of others")
    found = f"{len(others):,} not ours: {listed(others, '; ')}"
    if cancel_scope == "all":
        return Check("open orders", "warn", found, 'A run cancels them, because cancel_scope = "all".')
    remedy = "A run does not trade these symbols, and reserves the cost of open buys. Cancel the orders to trade them."
    return Check("open orders", "warn", found, remedy)


def symbol_limit_check(
    account: Account, positions: Sequence[Position], wanted: Collection[Symbol], limits: Limits
) -> Check:
    """Whether the whole position in each `wanted` symbol, ours or not, is below its limit."""
    values = {each.symbol: each.market_value for each in positions if each.symbol in wanted}
    full = symbols_at_limit(values, account.equity, limits, account.currency)
    if not full:
        return Check("symbol limit", "pass", "no holding is at limits.max_symbol_percent")
    found = "; ".join(f"{symbol}: {why}" for symbol, why in full.items())
    return Check("symbol limit", "warn", found, "Raise the limit or reduce the holding if a bot should buy it.")


def short_sales_check(broker: Broker) -> Check:
    if not broker.may_short():
        return Check("short sales", "pass", "the broker rejects selling more than is held")
    found = "selling more than is held would open a short position, for example after a manual sale during a run"
    return Check("short sales", "warn", found, "Set no_shorting at the broker; rebalance never changes that.")


# --------------------------------------------------------------------------------------------- the time


def _hours(checked: CheckedAccount) -> Iterator[Check]:
    before, venue, after = checked.clock.now(), checked.broker.hours(), checked.clock.now()
    yield _clock(clock_skew(venue, before, after), checked.account.trading.max_skew_seconds)
    yield _calendar(venue, hours(SimulatedClock(venue.now), checked.calendar), checked.calendar.zone)


def _clock(skew: timedelta, most: int) -> Check:
    found = f"this machine's clock and the venue's are {skew.total_seconds():.1f} s apart; {most} s are allowed"
    if skew.total_seconds() <= most:
        return Check("clock", "pass", found)
    return Check("clock", "fail", found, "Set the machine's clock, ideally by NTP, or raise trading.max_skew_seconds.")


def _calendar(venue: Hours, ours: Hours, zone: tzinfo) -> Check:
    """`ours` are the exchange calendar's hours at the venue's time."""
    if venue.open == ours.open and abs(venue.closes - ours.closes) <= CLOSE_TOLERANCE:
        return Check("calendar", "pass", f"the venue agrees: {_state(ours, zone)}")
    remedy = "After an unscheduled closure, update pandas-market-calendars. No orders are sent while they disagree."
    return Check(
        "calendar", "fail", f"the venue says {_state(venue, zone)}; the calendar says {_state(ours, zone)}", remedy
    )


def _state(found: Hours, zone: tzinfo) -> str:
    if found.open:
        return f"open, until {date_and_time(found.closes, zone)}"
    return f"closed, and the next session ends at {date_and_time(found.closes, zone)}"


def _next_run(checked: CheckedAccount) -> Iterator[Check]:
    account = checked.account
    if not account.enabled:
        remedy = f"Set enabled = true in [accounts.{account.name}] to schedule it, or use `rebalance run`."
        yield Check("next run", "warn", "the account is not enabled, so it is not scheduled", remedy)
        return
    ahead = next(windows_after(account, checked.calendar, checked.clock.now()))
    yield Check(
        "next run", "pass", f"{date_and_time(ahead.opens, ahead.session.zone)}, for the session of {ahead.session.day}"
    )


# --------------------------------------------------------------------------------------------- the prices


def _tickers(checked: CheckedAccount) -> Iterator[Check]:
    trading = checked.account.trading
    wanted = holdable(trading, checked.bots)
    if checked.broker.venue.simulated and not checked.broker.hours().open:
        yield from skipped("the simulated broker has prices only during the session", ("tickers",))
        return
    refused = checked.broker.untradable(wanted)
    if not refused:
        yield Check("tickers", "pass", f"tradable: {counted(len(wanted), 'symbol')} that may be held")
        return
    uses, by_reason = checked.uses(), defaultdict(list)
    for name in wanted:
        if name in refused:
            by_reason[refused[name]].append(uses[name])
    words = [f"{listed(names)}: {reason}" for reason, names in by_reason.items()]
    remedy = "Remove them from the bots; if fallback_ticker is among them, choose another."
    yield Check("tickers", "fail", f"{len(refused)} of {len(wanted)} are not tradable: {listed(words, '; ')}", remedy)


def _quotes(checked: CheckedAccount) -> Iterator[Check]:
    wanted = checked.symbols()
    shown = checked.quotes.snapshots(wanted)
    missing = [name for name in wanted if name not in shown or shown[name].silent]
    have = "has" if len(wanted) == 1 else "have"
    found = f"{len(wanted) - len(missing)} of {counted(len(wanted), 'ticker')} {have} a price, from {checked.prices}"
    if not missing:
        yield Check("quotes", "pass", found)
        return
    nothing = len(missing) == len(wanted) and checked.broker.hours().open
    remedy = "A ticker without a price is not traded, and a bot that needs it fails. Check the tickers and [data]."
    uses = checked.uses()
    without = listed([uses[name] for name in missing])
    yield Check("quotes", "fail" if nothing else "warn", f"{found}. Without a price: {without}", remedy)


def _history(checked: CheckedAccount) -> Iterator[Check]:
    today = checked.clock.now().astimezone(checked.calendar.zone).date()
    closes = checked.history.closes(checked.symbols(), before=today)
    due = checked.calendar.sessions(today - LONGEST_CLOSURE, today - timedelta(days=1))[-1]
    yield _reach(closes, due)
    closes = with_bars(checked.history, closes, bars_read(checked.bots.values()))
    yield from (_bot(bot, closes, checked.since.get(name)) for name, bot in checked.bots.items())


def _reach(closes: Closes, due: date) -> Check:
    remedy = "Update the prices: see `rebalance data status`."
    if not len(closes.sessions):
        return Check("history", "fail", f"there are no closes before {due}", remedy)
    last, sessions = closes.day(-1), counted(len(closes.sessions), "session")
    found = f"{sessions} of closes, {closes.day(0)} to {last}"
    if last >= due:
        return Check("history", "pass", found)
    return Check("history", "fail", f"{found}; the session of {due} is missing", remedy)


def _bot(bot: Bot, closes: Closes, since: date | None) -> Check:
    """Whether the bot can decide on the last close, and whether its history covers the advised warm-up."""
    name, decided = f"bot {bot.name}", bot.decide(closes, since)
    if isinstance(decided, BotFailure):
        remedy = "Its allocation would go to the fallback. Use a ticker with more history, or a shorter window."
        return Check(name, "fail", decided.reason, remedy)
    counts = dict(zip(closes.symbols, np.isfinite(closes.values).sum(axis=0).tolist(), strict=True))
    youngest = min(bot.symbols, key=lambda symbol: counts[symbol], default=None)
    if youngest is None:
        return Check(name, "pass", "ready; it needs no history")
    found = f"{youngest} has the fewest closes, {counts[youngest]:,}; {bot.lookback:,} are needed"
    if counts[youngest] >= bot.warm_up:
        return Check(name, "pass", f"ready: {found}")
    remedy = "With fewer closes, RSI and EMA depend on the first day of the history."
    return Check(name, "warn", f"ready, but {found} and {bot.warm_up:,} advised", remedy)
