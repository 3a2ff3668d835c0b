"""A bot is closed out: its shares are sold by the next run, or are its owner's from now on.

What is handed over is journalled before the config is written, so that a process that is killed in between leaves no
share that a run would sell. The next run then writes the config first.
"""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from rebalancer.app.chosen import one_account
from rebalancer.app.controls import report_disarmed, revoked_armings
from rebalancer.app.settings import invested_at, replace_config, require_other_bots
from rebalancer.app.views import InvestmentsEdited
from rebalancer.bookings import HandedOver
from rebalancer.config import AccountConfig, Config, parse
from rebalancer.config.edit import remove_investment
from rebalancer.config.files import require_content, require_replaceable
from rebalancer.errors import BadInputError
from rebalancer.events import Noted
from rebalancer.journal.books import books
from rebalancer.journal.lease import run_lock
from rebalancer.journal.setting_history import bots_handed_over, unfinished_removals
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, Symbol
from rebalancer.model.text import digits, minute
from rebalancer.portfolio.attribution import ZERO

Shares = Mapping[Symbol, Decimal]
To = Literal["market", "owner"]


def shares_of_bot(config: Config, account: AccountConfig, bot: str) -> Shares:
    """The shares of `bot` by its book, by symbol. Raises BadInputError for an unknown bot and for the only one."""
    require_other_bots(config, account, bot)
    book = books(config.journal(), account.name).books.get(bot)
    return dict(sorted(book.shares.items())) if book else {}


def in_words(shares: Shares) -> str:
    """As in "12 SPY, 40 TLT"."""
    return ", ".join(f"{digits(quantity)} {symbol}" for symbol, quantity in shares.items())


def remove(config: Config, account: AccountConfig, bot: str, to: To, by: str) -> InvestmentsEdited:
    """Remove a bot. Its shares go `to` the market, sold by the next run as far as no other bot wants them, or to their
    owner: they stay in the account, and no run trades them. Its cash is no bot's any more.

    Raises BadInputError, and changes nothing, for an unknown bot, the only one, and shares that can't be handed over.
    """
    content = remove_investment(config.content, account.name, require_other_bots(config, account, bot))
    if to == "market":
        shares = in_words(shares_of_bot(config, account, bot))
        sold = f"{shares} of {bot}: the next run sells what no other bot wants of it." if shares else None
        return replace(replace_config(config, account, content, by), shares_left=sold)
    with run_lock(config.journal()):
        handed = _handed_over(config, account, bot, by)
        parse(content, config.path, os.environ)
        require_replaceable(config.path, config.content)
        revoked = revoked_armings(config, config.journal(), by, "the config was edited") if handed else {}
        with SqliteJournal.open(config.journal()) as journal:
            journal.record(NO_RUN, *revoked.values(), *handed)
        edited = replace_config(config, account, content, by)
    report_disarmed(config, revoked)
    kept = in_words({each.symbol: each.quantity for each in handed})
    yours = f"{kept} of {bot} stay in the account and are yours: no run trades them." if kept else None
    return replace(edited, disarmed=(*revoked, *edited.disarmed), shares_left=yours)


def _handed_over(config: Config, account: AccountConfig, bot: str, by: str) -> tuple[HandedOver, ...]:
    shares, at = shares_of_bot(config, account, bot), SystemClock().now()
    with SqliteJournal.open(config.journal()) as journal:
        unsettled, ours = journal.unsettled(account.name), journal.ledger(account.name).ours
        interrupted = journal.interrupted(account.name)
    if unsettled or interrupted:
        why = "an order is not settled yet" if unsettled else "a run was interrupted and may go on"
        raise BadInputError.of(bot, f"{why}: run `rebalance recover` first, then remove the bot")
    managed = [symbol for symbol in shares if symbol not in account.trading.protected]
    if account.trading.manage == "account" and managed:
        text = (
            f'manage = "account" gives every share to the bots, and the next run would sell {", ".join(managed)}: add '
            "them to `protected` first, or use --sell"
        )
        raise BadInputError.of(bot, text)
    return tuple(
        HandedOver(at, account.name, bot, symbol, quantity, by, config_follows=True)
        for symbol, held in shares.items()
        if (quantity := min(held, ours.get(symbol, ZERO))) > 0
    )


# ----------------------------------------------------------------------------------------------- what was cut off


def removals_finished(config: Config, account: AccountConfig, *, write: bool) -> tuple[Config, AccountConfig]:
    """The config without the bots whose removal was cut off after their shares had been handed over; with `write` the
    file too, for a run that trades.

    Raises BadInputError where the file can't be written, BusyError while another run uses the journal.
    """
    cut_off = _cut_off(config, account)
    with run_lock(config.journal()) if cut_off and write else nullcontext():
        for bot, handed in cut_off.items():
            content = remove_investment(config.content, account.name, invested_at(config, account, bot))
            if write:
                _finish(config, account, content, handed)
            config = parse(content, config.path, os.environ)
            account = one_account(config, account.name)
    return config, account


def _cut_off(config: Config, account: AccountConfig) -> Mapping[str, HandedOver]:
    unfinished = unfinished_removals(config.journal(), account.name)
    return {bot: handed for bot, handed in unfinished.items() if bot in account.bots}


def cut_off_removals(config: Config, account: AccountConfig) -> tuple[str, ...]:
    """A sentence for each bot that a run would finish to remove. Changes nothing."""
    return tuple(
        f"{bot} was handed over to its owner by {handed.by} at {minute(handed.at, account.venue.zone)}, and its "
        "removal from the config was cut off: the next run finishes it, and buys nothing for it"
        for bot, handed in _cut_off(config, account).items()
    )


def require_current(config: Config, account: AccountConfig) -> None:
    """Called under the run's lock. Raises BadInputError where a bot of `account` was handed over before, and the config
    is another by now: it may have been handed over since the config was read, and must not be bought for again.
    """
    if bots_handed_over(config.journal(), account.name) & account.bots.keys():
        require_content(config.path, config.content)


def _finish(config: Config, account: AccountConfig, content: bytes, handed: HandedOver) -> None:
    replace_config(config, account, content, handed.by)
    text = (
        f"{handed.bot} was handed over to its owner by {handed.by} at {minute(handed.at, account.venue.zone)}, and its "
        "removal from the config was cut off: it is finished now"
    )
    with SqliteJournal.open(config.journal()) as journal:
        journal.record(NO_RUN, Noted(SystemClock().now(), "note", text))
