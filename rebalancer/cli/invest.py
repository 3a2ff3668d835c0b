"""`rebalance invest`: edits the investments in config.toml."""

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli import completion
from rebalancer.cli.config_file import load_account, load_config
from rebalancer.cli.options import AccountOption, Answer, BotArgument, Commands, ConfigOption, person

if TYPE_CHECKING:
    from rebalancer.app.views import InvestmentsEdited
    from rebalancer.config import AccountConfig

app = Commands(help="Allocate money to bots.", no_args_is_help=True)

AmountArgument = Annotated[str, Argument(help="An amount of money; with --percent, a percentage.")]
NameArgument = Annotated[
    str, Argument(help="The bot's name, as `rebalance invest list` shows it.", autocompletion=completion.invested)
]


@app.with_json()
def add(
    bot: BotArgument,
    amount: AmountArgument,
    percent: Annotated[bool, Option("--percent", help="AMOUNT is a percentage of the investable amount.")] = False,
    name: Annotated[str | None, Option("--name", help="The bot's name; default: its file name.")] = None,
    account: AccountOption = None,
    config: ConfigOption = None,
) -> Answer:
    """Add a bot with an amount of money. Its file is checked first."""
    from rebalancer.app.settings import invest

    settings, chosen = load_account(config, account, own=True)
    return _edited(chosen, invest(settings, chosen, bot, amount, percent=percent, name=name, by=person()))


@app.with_json("set")
def set_(
    name: NameArgument,
    amount: AmountArgument,
    percent: Annotated[
        bool | None, Option("--percent/--dollars", help="The unit of AMOUNT; default: unchanged.")
    ] = None,
    account: AccountOption = None,
    config: ConfigOption = None,
) -> Answer:
    """Change a bot's amount."""
    from rebalancer.app.settings import change_amount

    settings, chosen = load_account(config, account, own=True)
    return _edited(chosen, change_amount(settings, chosen, name, amount, percent=percent, by=person()))


@app.with_json()
def remove(name: NameArgument, account: AccountOption = None, config: ConfigOption = None) -> Answer:
    """Remove a bot. The next run sells the holdings that no other bot wants."""
    from rebalancer.app.settings import withdraw

    settings, chosen = load_account(config, account, own=True)
    return _edited(chosen, withdraw(settings, chosen, name, person()))


@app.with_json("list")
def list_(account: AccountOption = None, config: ConfigOption = None) -> Answer:
    """List the investments."""
    from rebalancer.app.account import chosen_accounts
    from rebalancer.app.settings import investments
    from rebalancer.report.settings import investments_screen

    accounts = {each.name: investments(each) for each in chosen_accounts(load_config(config), account)}
    found = [{"account": name, "investments": each} for name, each in accounts.items()]
    return Answer({"accounts": found}, investments_screen(accounts))


def _edited(account: "AccountConfig", edited: "InvestmentsEdited") -> Answer:
    from rebalancer.report.settings import edited_screen

    return Answer(edited, edited_screen(account.name, edited))
