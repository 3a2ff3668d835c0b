"""`rebalance invest`: edits the investments in config.toml."""

import sys
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli import completion
from rebalancer.cli.config_file import load_account, load_config
from rebalancer.cli.options import AccountOption, Answer, BotArgument, Commands, ConfigOption, OwnConfigOption, person
from rebalancer.cli.screen import say

if TYPE_CHECKING:
    from rebalancer.app.views import InvestmentsEdited
    from rebalancer.config import AccountConfig
    from rebalancer.model.settings import CapitalMode

app = Commands(help="Allocate money to bots.", no_args_is_help=True)

AmountArgument = Annotated[str, Argument(help="An amount of money; with --percent, a percentage.")]
MoneyArgument = Annotated[str, Argument(help="An amount of money, to the cent.")]
NameArgument = Annotated[
    str, Argument(help="The bot's name, as `rebalance invest list` shows it.", autocompletion=completion.invested)
]


@app.with_json()
def add(
    bot: BotArgument,
    amount: AmountArgument,
    percent: Annotated[bool, Option("--percent", help="AMOUNT is a percentage of the investable amount.")] = False,
    name: Annotated[
        str | None, Option("--name", help="The bot's name; default: its own, or its file's without the ending.")
    ] = None,
    rollover: Annotated[
        bool, Option("--rollover", help="It begins with AMOUNT and keeps what it earns and loses.")
    ] = False,
    account: AccountOption = None,
    config: OwnConfigOption = None,
) -> Answer:
    """Add a bot with an amount of money. Its file is checked first."""
    from rebalancer.app.settings import invest

    settings, chosen = load_account(config, account, own=True)
    capital: CapitalMode = "rollover" if rollover else "fixed"
    made = invest(settings, chosen, bot, amount, percent=percent, name=name, by=person(), capital=capital)
    return _edited(chosen, made)


@app.with_json("set")
def set_(
    name: NameArgument,
    amount: AmountArgument,
    percent: Annotated[
        bool | None, Option("--percent/--dollars", help="The unit of AMOUNT; default: unchanged.")
    ] = None,
    rollover: Annotated[
        bool | None,
        Option("--rollover/--fixed", help="Whether it keeps what it earns and loses; default: unchanged."),
    ] = None,
    account: AccountOption = None,
    config: OwnConfigOption = None,
) -> Answer:
    """Change a bot's amount."""
    from rebalancer.app.settings import change_amount

    settings, chosen = load_account(config, account, own=True)
    capital: CapitalMode | None = None if rollover is None else "rollover" if rollover else "fixed"
    made = change_amount(settings, chosen, name, amount, percent=percent, by=person(), capital=capital)
    return _edited(chosen, made)


@app.with_json()
def deposit(
    name: NameArgument, amount: MoneyArgument, account: AccountOption = None, config: OwnConfigOption = None
) -> Answer:
    """Give a bot whose capital rolls over money of the account that no bot has. The next run invests it."""
    from rebalancer.app.capital import deposit
    from rebalancer.report.settings import moved_screen

    settings, chosen = load_account(config, account, own=True)
    made = deposit(settings, chosen, name, amount, person())
    return Answer(made, moved_screen(made))


@app.with_json()
def withdraw(
    name: NameArgument, amount: MoneyArgument, account: AccountOption = None, config: OwnConfigOption = None
) -> Answer:
    """Take money from a bot whose capital rolls over. The next run sells for it; the cash stays in the account."""
    from rebalancer.app.capital import withdraw
    from rebalancer.report.settings import moved_screen

    settings, chosen = load_account(config, account, own=True)
    made = withdraw(settings, chosen, name, amount, person())
    return Answer(made, moved_screen(made))


@app.with_json()
def remove(
    name: NameArgument,
    sell: Annotated[
        bool | None,
        Option("--sell/--hand-over", help="Its shares are sold by the next run, or stay and are yours."),
    ] = None,
    account: AccountOption = None,
    config: OwnConfigOption = None,
) -> Answer:
    """Remove a bot. Asks what becomes of its shares: sold by the next run, or kept as yours and not traded."""
    from rebalancer.app.removal import in_words, remove, shares_of_bot

    settings, chosen = load_account(config, account, own=True)
    shares = shares_of_bot(settings, chosen, name)
    if sell is None:
        sell = not shares or _to_be_sold(f"{name} has {in_words(shares)}.")
    return _edited(chosen, remove(settings, chosen, name, "market" if sell else "owner", person()))


def _to_be_sold(sentence: str) -> bool:
    """Raises BadInputError without a valid answer."""
    from rebalancer.errors import BadInputError, visible

    if not sys.stdin.isatty():
        text = f"{sentence} Use --sell, and the next run sells them, or --hand-over, and they stay and are yours"
        raise BadInputError.of("invest remove", text)
    question = "Shall the next run sell them (s), or do they stay in the account as yours, not traded any more (h)?"
    say(f"{visible(sentence)} {question} [s/h]: ", err=True, end="")
    match sys.stdin.readline().strip().lower():
        case "s" | "sell":
            return True
        case "h" | "hand over":
            return False
    raise BadInputError.of("invest remove", "the answer was neither s nor h, so nothing was done")


@app.with_json("list")
def list_(account: AccountOption = None, config: ConfigOption = None) -> Answer:
    """List the investments."""
    from rebalancer.app.chosen import chosen_accounts
    from rebalancer.app.settings import investments
    from rebalancer.report.settings import investments_screen

    accounts = {each.name: investments(each) for each in chosen_accounts(load_config(config), account)}
    found = [{"account": name, "investments": each} for name, each in accounts.items()]
    return Answer({"accounts": found}, investments_screen(accounts))


def _edited(account: "AccountConfig", edited: "InvestmentsEdited") -> Answer:
    from rebalancer.report.settings import edited_screen

    return Answer(edited, edited_screen(account.name, edited, account.venue.zone))
