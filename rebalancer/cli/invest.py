"""`rebalance invest`: money committed to bots, changed in config.toml and journalled."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config, own_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, person, show_json

if TYPE_CHECKING:
    from rebalancer.app.views import InvestmentsEdited
    from rebalancer.config import AccountConfig, Config

app = typer.Typer(help="Commit money to bots.", no_args_is_help=True)

AmountArgument = Annotated[str, typer.Argument(help="Money, or percent with --percent.", show_default=False)]
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
    from rebalancer.app.settings import invest

    settings, chosen = _own_account(config, account)
    edited = invest(settings, chosen, bot, amount, percent=percent, name=name, by=person())
    _show(chosen.name, edited, json=json)


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
    from rebalancer.app.settings import change_amount

    settings, chosen = _own_account(config, account)
    edited = change_amount(settings, chosen, name, amount, percent=percent, by=person())
    _show(chosen.name, edited, json=json)


@app.command()
def remove(
    name: NameArgument,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Take a bot's money back: the next run sells what no other bot wants."""
    from rebalancer.app.settings import withdraw

    settings, chosen = _own_account(config, account)
    _show(chosen.name, withdraw(settings, chosen, name, person()), json=json)


@app.command("list")
def list_(
    account: AccountOption = None, config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """List the bots that money is committed to."""
    from rebalancer.app.account import chosen_accounts
    from rebalancer.app.settings import investments
    from rebalancer.report.settings import show_investments

    accounts = {each.name: investments(each) for each in chosen_accounts(load_config(config), account)}
    show_json(accounts) if json else show_investments(accounts)


def _show(account: str, edited: "InvestmentsEdited", *, json: bool) -> None:
    from rebalancer.report.settings import show_edited

    show_json(edited) if json else show_edited(account, edited)


def _own_account(config: Path | None, account: str | None) -> "tuple[Config, AccountConfig]":
    from rebalancer.app.account import one_account

    settings = own_config(config)
    return settings, one_account(settings, account)
