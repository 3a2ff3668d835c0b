"""Which account and which bot a person means by a name."""

from pathlib import Path

from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, Problem


def chosen_accounts(config: Config, name: str | None) -> tuple[AccountConfig, ...]:
    """The account called `name`, or all. Raises BadInputError for a name the config does not have."""
    if name is None:
        return config.accounts
    chosen = tuple(account for account in config.accounts if account.name == name)
    if not chosen:
        text = f"there is no account {name!r}; there are: {_names(config.accounts)}"
        raise BadInputError([Problem(str(config.path), "accounts", text)])
    return chosen


def one_account(config: Config, name: str | None) -> AccountConfig:
    """The account called `name`, or the only one. Raises BadInputError where that is not clear."""
    accounts = chosen_accounts(config, name)
    if len(accounts) > 1:
        text = f"is needed, since there are several accounts: {_names(accounts)}"
        raise BadInputError([Problem("--account", "", text)])
    return accounts[0]


def _names(accounts: tuple[AccountConfig, ...]) -> str:
    return ", ".join(account.name for account in accounts)


def bot_file(config: Config, bot: str) -> Path:
    """The file of an invested bot, or `bot` as a path. Raises BadInputError where it is neither."""
    invested = {name: path for account in config.accounts for name, path in account.bots.items()}
    if bot in invested:
        return invested[bot]
    if Path(bot).is_file():
        return Path(bot)
    known = ", ".join(sorted(invested))
    raise BadInputError([Problem(str(config.path), "", f"{bot!r} is no file and no invested bot; there are: {known}")])
