"""A person's settings on the screen: what is wrong in them, what is in force, what money is committed to which bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rebalancer.config import AccountConfig, Config
from rebalancer.config.in_force import Setting
from rebalancer.errors import Problem
from rebalancer.events import SettingChanged
from rebalancer.model import Symbol
from rebalancer.model.text import shares
from rebalancer.portfolio.adoption import Offer
from rebalancer.report.console import count, grid, line, money, show


@dataclass(frozen=True, slots=True)
class Invested:
    """Money committed to a bot: dollars, or percent of Investable, by `weight_mode`."""

    bot: str
    file: str
    amount: Decimal
    weight_mode: str


def invested(account: AccountConfig) -> tuple[Invested, ...]:
    return tuple(
        Invested(each.bot, str(account.bots[each.bot]), each.amount, each.weight_mode) for each in account.investments
    )


def show_first_files(written: Sequence[Path]) -> None:
    for path in written:
        show(line(f"wrote {path}", "green"))
    config = written[0]
    show(
        line(f"Next: read {config}, then `rebalance run --dry-run --config {config}` shows tonight and sends nothing.")
    )


def show_check(path: Path, config: Config | None, problems: Sequence[Problem], notes: Sequence[str] = ()) -> None:
    """`notes` are no problems: what a person should know before the next run."""
    for problem in problems:
        show(line(str(problem), "red"))
    if problems:
        counted = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        show(line(f"{path}: {counted}. Nothing runs until they are put right.", "bold red"))
    elif config is not None:
        bots = sum(len(account.investments) for account in config.accounts)
        names = ", ".join(account.name for account in config.accounts)
        show(line(f"{path}: can be used. Accounts: {names}; investments: {bots}.", "bold green"))
    for note in notes:
        show(line(note, "yellow"))


def show_settings(path: Path, accounts: Mapping[str, Sequence[Setting]]) -> None:
    for account, settings in accounts.items():
        table = grid(f"In force in account {account}, by {path}", "setting", "~value", "~from")
        for setting in settings:
            table.add_row(line(setting.key), line(setting.value), line(setting.origin))
        show(table)


def show_changes(changes: Sequence[SettingChanged]) -> None:
    if not changes:
        show(line("No setting was changed."))
        return
    table = grid("Changes of settings", "when (UTC)", "account", "~setting", "~from", "~to")
    for change in changes:
        values = (line("not set" if value is None else value) for value in (change.old, change.new))
        table.add_row(f"{change.at:%Y-%m-%d %H:%M}", change.account, line(change.key), *values)
    show(table)


def show_investments(accounts: Mapping[str, Sequence[Invested]]) -> None:
    for account, bots in accounts.items():
        table = grid(f"Investments of account {account}", "bot", "#amount", "of", "~file")
        for bot in bots:
            dollars = bot.weight_mode == "dollars"
            amount = money(bot.amount) if dollars else f"{bot.amount:,f}"
            table.add_row(line(bot.bot), amount, "USD" if dollars else "percent", line(bot.file))
        show(table)


def show_offers(account: str, wanted: Sequence[Offer], refused: Mapping[Symbol, str]) -> None:
    if wanted:
        table = grid(f"To be handed over to the bots of account {account}", "symbol", "#shares", "#value USD")
        for offer in wanted:
            table.add_row(offer.symbol, count(offer.quantity), money(offer.value))
        total = sum((offer.value for offer in wanted), Decimal(0))
        show(table, line(f"Together {money(total)} USD."))
    for symbol, reason in refused.items():
        show(line(f"{symbol}: left alone: {reason}", "yellow"))


def show_adopted(adopted: Sequence[Offer]) -> None:
    if adopted:
        names = [offer.symbol for offer in adopted if offer.quantity]
        show(line(f"The bots' from now on: {', '.join(names) or 'nothing more'}.", "bold green"))
        for offer in adopted:
            if offer.expected is not None:
                show(line(f"{offer.symbol}: settled, {shares(offer.expected)} held are what is expected now.", "green"))
    else:
        show(line("Nothing was there to hand over."))
