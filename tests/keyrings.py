"""A keyring of the system for the tests, in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """`kept` are the entries by service and user. A `forgetful` one takes them and keeps nothing."""

    name = "a keyring in memory"
    priority = 1

    def __init__(self, *, forgetful: bool = False) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.forgetful = forgetful

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.forgetful:
            self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError
        del self.kept[service, username]


Backend = TypeVar("Backend", bound=KeyringBackend)


@contextmanager
def in_use(backend: Backend) -> Iterator[Backend]:
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(fail.Keyring())
