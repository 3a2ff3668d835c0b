"""The keys of an account, in the system's keyring."""

from collections.abc import Callable

from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import Keyring
from rebalancer.errors import BadInputError, Problem
from rebalancer.model.keys import Keys


def store_keys(config: Config, account: AccountConfig, enter: Callable[[], Keys]) -> str:
    """Store the keys that `enter` returns; the keyring's name. `enter` is called once it is known to be usable.

    Raises BadInputError where the account takes its keys from elsewhere, for malformed keys, and for a keyring that
    does not keep them.
    """
    _require_keyring(config, account)
    keyring = Keyring()
    where, keys = keyring.name, enter()
    if not keys.well_formed:
        text = "the key's ID or its secret is empty or has blanks in it; nothing was stored"
        raise BadInputError([Problem(account.name, "", text)])
    keyring.put(account.name, keys)
    if keyring.get(account.name) != keys:
        text = f"{where} did not keep the keys; name them by key_id and secret, or by credentials_file"
        raise BadInputError([Problem(account.name, "", text)])
    return where


def remove_keys(account: str) -> tuple[bool, str]:
    """Whether keys of `account` were removed, and the keyring's name."""
    keyring = Keyring()
    return keyring.delete(account), keyring.name


def _require_keyring(config: Config, account: AccountConfig) -> None:
    source = account.key_source
    if source is None:
        text = f'has broker = "{account.broker}", which needs no keys'
    elif source.variables:
        text = "takes its keys from key_id and secret: take these two lines out first"
    elif source.file:
        text = f"takes its keys from {source.file}: take credentials_file out first"
    else:
        return
    raise BadInputError([Problem(str(config.path), f"accounts.{account.name}", text)])
