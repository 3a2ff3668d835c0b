"""Settings on the terminal: problems, values in force, changes and investments."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rebalancer.app.views import Invested, InvestmentsEdited, Migrated, SettingsCheck
from rebalancer.config.effective import Setting
from rebalancer.events import SettingChanged
from rebalancer.model.text import cents
from rebalancer.report.console import grid, line, show
from rebalancer.report.controls import show_disarmed_by_edit


def show_first_files(written: Sequence[Path]) -> None:
    for path in written:
        show(line(f"wrote {path}", "green"))
    config = written[0]
    show(
        line(f"Next: read {config}, then `rebalance run --dry-run --config {config}` shows its orders and sends none.")
    )


def show_check(path: Path, found: SettingsCheck) -> None:
    for problem in found.problems:
        show(line(str(problem), "red"))
    if found.problems:
        counted = "1 problem" if len(found.problems) == 1 else f"{len(found.problems)} problems"
        show(line(f"{path}: {counted}. No run starts until they are fixed.", "bold red"))
    elif found.config is not None:
        bots = sum(len(account.investments) for account in found.config.accounts)
        names = ", ".join(account.name for account in found.config.accounts)
        show(line(f"{path}: valid. Accounts: {names}; investments: {bots}.", "bold green"))
    for note in found.notes:
        show(line(note, "yellow"))


def show_settings(path: Path, accounts: Mapping[str, Sequence[Setting]]) -> None:
    for account, settings in accounts.items():
        table = grid(f"Settings of account {account} from {path}", "setting", "~value", "~from")
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
            percent = bot.weight_mode == "percent"
            amount = f"{bot.amount:,f}" if percent else cents(bot.amount)
            table.add_row(line(bot.bot), amount, "percent" if percent else bot.currency, line(bot.file))
        show(table)


def show_edited(account: str, edited: InvestmentsEdited) -> None:
    show_changes(edited.changes)
    show_investments({account: edited.investments})
    show_disarmed_by_edit(edited.disarmed)


def show_migrated(found: Migrated) -> None:
    if found.backup is None:
        show(line(f"{found.file} has schema {found.schema}, the newest: nothing to do."))
    else:
        show(line(f"{found.file} has schema {found.schema} now; the old file is {found.backup}."))
        show_disarmed_by_edit(found.disarmed)
