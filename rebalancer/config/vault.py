"""The operating system's keyring, in which `rebalance login` stores the keys of accounts."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

from rebalancer.errors import BadInputError, Problem
from rebalancer.model.keys import Keys

SERVICE = "rebalancer"
OTHERWISE = "or name the keys by key_id and secret, or by credentials_file"


class Vault(Protocol):
    """Stores keys by the name of their account. `name` tells a person where."""

    @property
    def name(self) -> str: ...
    def get(self, account: str) -> Keys | None: ...
    def put(self, account: str, keys: Keys) -> None: ...
    def delete(self, account: str) -> bool:
        """Whether there were any."""
        ...


class Keyring:
    """An entry holds the key's ID in its first line and the secret in its second; its user is the account.

    Everything raises BadInputError where the library is missing or no keyring answers.
    """

    @property
    def name(self) -> str:
        with _answering() as keyring:
            return str(keyring.get_keyring().name)

    def get(self, account: str) -> Keys | None:
        with _answering() as keyring:
            kept = keyring.get_password(SERVICE, account)
        if kept is None:
            return None
        key_id, _, secret = kept.partition("\n")
        return Keys(key_id, secret)

    def put(self, account: str, keys: Keys) -> None:
        with _answering() as keyring:
            keyring.set_password(SERVICE, account, f"{keys.key_id}\n{keys.secret}")

    def delete(self, account: str) -> bool:
        with _answering() as keyring:
            there = keyring.get_password(SERVICE, account) is not None
            if there:
                keyring.delete_password(SERVICE, account)
        return there


@contextmanager
def _answering() -> Iterator[ModuleType]:
    try:
        import keyring  # noqa: PLC0415 - an extra: there are two other ways
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError as error:
        text = f"needs its library: pip install 'rebalancer[keyring]'; {OTHERWISE}"
        raise BadInputError([Problem("the keyring", "", text)]) from error
    try:
        yield keyring
    except KeyringError as error:
        text = f"does not answer ({type(error).__name__}): unlock it; {OTHERWISE}"
        raise BadInputError([Problem("the keyring", "", text)]) from error
