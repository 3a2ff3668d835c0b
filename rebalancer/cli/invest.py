"""`rebalance invest`: money committed to bots, changed in config.toml and journalled."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.live import disarmed_by_edit
from rebalancer.cli.options import (
    AccountOption,
    ConfigOption,
    DebugOption,
    JsonOption,
    chosen_accounts,
    load_config,
    one_account,
    own_config,
)

if TYPE_CHECKING:
    from rebalancer.config import AccountConfig, Config

app = typer.Typer(help="Commit money to bots.", no_args_is_help=True)

AmountArgument = Annotated[str, typer.Argument(help="Dollars, or percent with --percent.", show_default=False)]
NameArgument = Annotated[str, typer.Argument(help="The bot's name, as `rebalance invest list` shows it.")]


@app.command()
def add(
    bot: Annotated[Path, typer.Argument(help="The bot's file.", show_default=False)],
    amount: AmountArgument,
    percent: Annotated[bool, typer.Option("--percent", help="The amount is percent of what may be invested.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="What to call it; else by its file.")] = None,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Commit money to one more bot. Its file is checked first."""
    from rebalancer.app.bots import load_bots, read_bots
    from rebalancer.config.edit import add_investment

    settings = own_config(config)
    chosen = one_account(settings, account)
    folder = settings.path.parent
    file = bot if bot.is_file() else folder / bot
    load_bots({str(bot): file}, read_bots({str(bot): file}))
    written = _from_folder(file, folder)
    mode = "percent" if percent else "dollars"
    content = add_investment(settings.content, chosen.name, bot=written, amount=_number(amount), mode=mode, name=name)
    _put(settings, chosen.name, content, json=json)


@app.command("set")
def set_(
    name: NameArgument,
    amount: AmountArgument,
    percent: Annotated[
        bool | None, typer.Option("--percent/--dollars", help="What the amount counts; else as before.")
    ] = None,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Commit another amount to a bot."""
    from rebalancer.config.edit import set_amount

    settings = own_config(config)
    chosen = one_account(settings, account)
    index = _index(settings, chosen, name)
    mode = chosen.investments[index].weight_mode if percent is None else "percent" if percent else "dollars"
    content = set_amount(settings.content, chosen.name, index, amount=_number(amount), mode=mode)
    _put(settings, chosen.name, content, json=json)


@app.command()
def remove(
    name: NameArgument,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take a bot's money back: the next run sells what no other bot wants."""
    from rebalancer.config.edit import remove_investment
    from rebalancer.errors import BadInputError, Problem

    settings = own_config(config)
    chosen = one_account(settings, account)
    index = _index(settings, chosen, name)
    if len(chosen.investments) == 1:
        text = f"{name!r} is the only bot of account {chosen.name}, and an account needs one: add another one first"
        raise BadInputError([Problem(str(settings.path), f"accounts.{chosen.name}.investments", text)])
    _put(settings, chosen.name, remove_investment(settings.content, chosen.name, index), json=json)


@app.command("list")
def list_(
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the bots that money is committed to."""
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import invested, show_investments

    settings = load_config(config)
    accounts = {each.name: invested(each) for each in chosen_accounts(settings, account)}
    show_json(accounts) if json else show_investments(accounts)


def _put(settings: "Config", account: str, content: bytes, *, json: bool) -> None:
    """Put `content` in the place of the config, journal what that changes, and show it.

    Raises BadInputError, and changes nothing, where `content` is no config that could be used.
    """
    from rebalancer import config
    from rebalancer.config.files import replace_content
    from rebalancer.config.in_force import by_key, in_force
    from rebalancer.journal.setting_changes import changes
    from rebalancer.journal.store import SqliteJournal
    from rebalancer.market.clock import SystemClock
    from rebalancer.model import NO_RUN
    from rebalancer.report.brake import show_undone
    from rebalancer.report.console import show_json
    from rebalancer.report.settings import invested, show_changes, show_investments

    edited = config.parse(content, settings.path, os.environ)
    before, after = (one_account(each, account) for each in (settings, edited))
    old, new = by_key(in_force(settings, before)), by_key(in_force(edited, after))
    made = changes(SystemClock().now(), account, old, new)
    with SqliteJournal.open(edited.journal()) as journal:
        replace_content(settings.path, settings.content, content)
        journal.record(NO_RUN, *made)
    disarmed = disarmed_by_edit(settings, edited.journal())
    if json:
        show_json({"changes": made, "investments": invested(after), "disarmed": disarmed})
    else:
        show_changes(made)
        show_investments({account: invested(after)})
        show_undone(disarmed)


def _index(settings: "Config", account: "AccountConfig", name: str) -> int:
    from rebalancer.errors import BadInputError, Problem

    names = [investment.bot for investment in account.investments]
    if name in names:
        return names.index(name)
    text = f"there is no bot {name!r}; there are: {', '.join(names)}"
    raise BadInputError([Problem(str(settings.path), f"accounts.{account.name}.investments", text)])


def _number(text: str) -> str:
    """`text` as a number that means the same in TOML. Whether it is in range is the config's to say."""
    from rebalancer.config.edit import NUMBER
    from rebalancer.errors import BadInputError, Problem

    if NUMBER.fullmatch(text):
        return text
    raise BadInputError([Problem("AMOUNT", "", f"{text[:40]!r} is no amount: write a number such as 6000 or 12.5")])


def _from_folder(file: Path, folder: Path) -> str:
    """How the config names `file`: from its own folder where that is around it, else in full."""
    full, around = file.resolve(), folder.resolve()
    return full.relative_to(around).as_posix() if full.is_relative_to(around) else str(full)
