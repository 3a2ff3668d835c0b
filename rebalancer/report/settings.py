"""Settings on the terminal: problems, values in force, changes and investments."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from pathlib import Path

from rebalancer.app.capital_views import MovedCapital
from rebalancer.app.views import FirstFiles, Invested, InvestmentsEdited, Migrated, SettingsCheck
from rebalancer.config.effective import Setting
from rebalancer.events import SettingChanged
from rebalancer.model.text import cents, counted, minute, money
from rebalancer.report.console import Screen, line, lines
from rebalancer.report.run import old_and_new
from rebalancer.report.tables import grid


def first_files_screen(begun: FirstFiles) -> Screen:
    yield from lines((f"wrote {path}" for path in begun.files), "green")
    yield line("Next, and nothing is sent:")
    yield from lines(f"  {command}" for command in begun.commands)


def check_screen(path: Path, found: SettingsCheck) -> Screen:
    yield from lines(found.problems, "red")
    if found.problems:
        yield line(f"{path}: {counted(len(found.problems), 'problem')}. No run starts until it is valid.", "bold red")
    elif found.config is not None:
        bots = sum(len(account.investments) for account in found.config.accounts)
        names = ", ".join(account.name for account in found.config.accounts)
        yield line(f"{path}: valid. Accounts: {names}; investments: {bots}.", "bold green")
    yield from lines((f"warning: {each}" for each in found.warnings), "yellow")


def settings_screen(path: Path, accounts: Mapping[str, Sequence[Setting]]) -> Screen:
    for account, settings in accounts.items():
        rows = ((setting.key, setting.value, setting.origin) for setting in settings)
        yield grid(f"Settings of account {account} from {path}", ("setting", "~value", "?~from"), rows)


def changes_screen(changes: Sequence[SettingChanged], zones: Mapping[str, tzinfo]) -> Screen:
    """`zones` are the exchanges', by account; those of accounts no longer in the config are shown in UTC."""
    if not changes:
        yield line("No setting was changed.")
        return
    rows = (
        (minute(each.at, zones.get(each.account, UTC)), each.account, each.key, *old_and_new(each)) for each in changes
    )
    yield grid("Changes of settings", ("when", "account", "~setting", "~from", "~to"), rows)


def investments_screen(accounts: Mapping[str, Sequence[Invested]]) -> Screen:
    for account, bots in accounts.items():
        yield grid(
            f"Investments of account {account}", ("bot", "#amount", "unit", "capital", "?~file"), map(_investment, bots)
        )
        if any(bot.capital == "rollover" for bot in bots):
            yield line(
                "With capital rollover a bot began with its amount; `rebalance performance` shows what it has now."
            )


def _investment(bot: Invested) -> tuple[str, ...]:
    if bot.weight_mode == "percent":
        return bot.bot, cents(bot.amount), "percent", bot.capital, bot.file
    return bot.bot, cents(bot.amount), bot.currency, bot.capital, bot.file


def edited_screen(account: str, edited: InvestmentsEdited, zone: tzinfo) -> Screen:
    yield from changes_screen(edited.changes, {account: zone})
    yield from investments_screen({account: edited.investments})
    if edited.shares_left:
        yield line(edited.shares_left)
    yield from lines(edited.disarmed, "bold yellow")


def moved_screen(moved: MovedCapital) -> Screen:
    before, value = money(moved.value_before, moved.currency), money(moved.value, moved.currency)
    done = f"{money(moved.amount, moved.currency)} {'given to' if moved.moved == 'in' else 'taken from'} {moved.bot}"
    yield line(f"{done}: its book has {value} now, {before} before, at the prices of {moved.session}.")
    if moved.unassigned_cash < 0:
        yield line(
            f"The bots' books have {money(-moved.unassigned_cash, moved.currency)} more than the account had by that "
            "run: until as much is deposited at the broker, every share is scaled down.",
            "bold yellow",
        )
    else:
        yield line(
            f"Cash that no bot has: {money(moved.unassigned_cash, moved.currency)}. The next run trades by this; "
            "`rebalance performance` shows it after that run."
        )
    yield from lines(moved.disarmed, "bold yellow")


def migrated_screen(found: Migrated) -> Screen:
    if found.backup is None:
        yield line(f"{found.file} has schema {found.schema}, the newest: nothing to do.")
    else:
        yield line(f"{found.file} has schema {found.schema} now; the old file is {found.backup}.")
        yield from lines(found.disarmed, "bold yellow")


def login_screen(account: str, where: str, undo: str) -> Screen:
    """`undo` is the command that removes the keys."""
    yield line(f"The keys of account {account} are stored in {where}. `{undo}` removes them.", "green")


def logout_screen(account: str, where: str, *, removed: bool) -> Screen:
    if removed:
        yield line(f"The keys of account {account} were removed from {where}. They stay valid at the broker.")
    else:
        yield line(f"{where} has no keys of account {account}: nothing to do.")
