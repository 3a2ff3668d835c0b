"""`rebalance invest`: edits the investments in config.toml."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.config_file import load_config, own_config
from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, person, show_json

if TYPE_CHECKING:
    from rebalancer.app.views import InvestmentsEdited
    from rebalancer.config import AccountConfig, Config

app = typer.Typer(help="Allocate money to bots.", no_args_is_help=True)

AmountArgument = Annotated[
    str, typer.Argument(help="An amount of money; with --percent, a percentage.", show_default=False)
]
NameArgument = Annotated[str, typer.Argument(help="The bot's name, as `rebalance invest list` shows it.")]


@app.command()
def add(
    bot: Annotated[Path, typer.Argument(help="The bot's file.", show_default=False)],
    amount: AmountArgument,
    percent: Annotated[
        bool, typer.Option("--percent", help="AMOUNT is a percentage of the investable amount.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="The bot's name; default: its file name.")] = None,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Add a bot with an amount of money. Its file is checked first."""
    from rebalancer.app.settings import invest

    settings, chosen = _own_account(config, account)
    edited = invest(settings, chosen, bot, amount, percent=percent, name=name, by=person())
    _show(chosen.name, edited, json=json)


@app.command("set")
def set_(
    name: NameArgument,
    amount: AmountArgument,
    percent: Annotated[
        bool | None, typer.Option("--percent/--dollars", help="The unit of AMOUNT; default: unchanged.")
    ] = None,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Change a bot's amount."""
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
    """Remove a bot. The next run sells the holdings that no other bot wants."""
    from rebalancer.app.settings import withdraw

    settings, chosen = _own_account(config, account)
    _show(chosen.name, withdraw(settings, chosen, name, person()), json=json)


@app.command("list")
def list_(
    account: AccountOption = None, config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False
) -> None:
    """List the investments."""
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
