"""The accounts that a command or a page is about, chosen by name."""

from collections.abc import Mapping
from datetime import tzinfo

from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError
from rebalancer.model.text import known_names


def chosen_accounts(config: Config, name: str | None) -> tuple[AccountConfig, ...]:
    """The account `name`; all if None. Raises BadInputError for an unknown name."""
    if name is None:
        return config.accounts
    chosen = tuple(account for account in config.accounts if account.name == name)
    if not chosen:
        text = f"there is no account {name!r}; {known_names(name, [account.name for account in config.accounts])}"
        raise BadInputError.of(config.path, text, "accounts")
    return chosen


def one_account(config: Config, name: str | None) -> AccountConfig:
    """The account `name`; the only account if None. Raises BadInputError if it is unknown or ambiguous."""
    accounts = chosen_accounts(config, name)
    if len(accounts) > 1:
        raise BadInputError.of("--account", f"is needed, since there are several accounts: {_names(accounts)}")
    return accounts[0]


def exchange_zones(config: Config) -> Mapping[str, tzinfo]:
    """In which a person reads times: by account, and under "" the first account's, for what is of all of them."""
    return {"": config.accounts[0].venue.zone, **{account.name: account.venue.zone for account in config.accounts}}


def _names(accounts: tuple[AccountConfig, ...]) -> str:
    return ", ".join(account.name for account in accounts)
