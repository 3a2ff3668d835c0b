"""Read the API keys of an account from where they are stored, which is never the config itself."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from rebalancer.config.document import MAX_BYTES, decode
from rebalancer.config.keys import Table
from rebalancer.config.tables import AccountConfig, KeySource
from rebalancer.errors import BadInputError, Problem
from rebalancer.files import open_regular, read_regular, replace_atomically
from rebalancer.model.keys import Keys
from rebalancer.venues import registry

PARTS = "key_id", "secret"
SERVICE = "rebalancer"
OTHERWISE = "or name the keys by key_id and secret, or by credentials_file"


class KeyStore(Protocol):
    """A place that keeps API keys by account name. Every method raises BadInputError where it can't be used."""

    @property
    def name(self) -> str: ...
    def get(self, account: str, /) -> Keys | None: ...
    def put(self, account: str, keys: Keys, /) -> None: ...
    def delete(self, account: str, /) -> bool: ...


def key_source(account: Table, found: Mapping[str, Any], folder: Path) -> KeySource:
    """Where an account's table says its API keys are. `found`: the valid values. Refuses half a pair and two places."""
    written = [key for key in PARTS if key in account.content]
    for key in PARTS:
        if written and key not in written:
            account.refuse(key, f"is missing: {written[0]} alone opens nothing")
    if written and "credentials_file" in account.content:
        account.refuse("credentials_file", "is a second way beside key_id and secret: take out one of the two")
    variables = (found["key_id"], found["secret"]) if found.keys() >= set(PARTS) else None
    file = folder / found["credentials_file"] if "credentials_file" in found else None
    return KeySource(account.source, variables, file)


def read_keys(account: AccountConfig, store: KeyStore, environ: Mapping[str, str] = os.environ) -> Keys:
    """The API keys of an account. Raises BadInputError if they are missing or malformed, without any part of a key."""
    source = account.key_source
    if source is None:
        raise ValueError(f"the broker {account.broker} of account {account.name} has no keys")
    if source.variables:
        keys = _from_variables(account.name, source, source.variables, environ)
    else:
        kept = (
            KeyFile(source.file, delivered(delivered_keys(account.name), source.file, environ))
            if source.file
            else store
        )
        keys = _from_store(account.name, source, kept)
    if not keys.well_formed:
        title = registry.plugin(account.broker).venue.title
        text = f"the key's ID or its secret is empty or has blanks in it: copy both anew from {title}"
        raise BadInputError.of(source.file or source.config, text, f"accounts.{account.name}")
    return keys


def _from_variables(account: str, source: KeySource, names: tuple[str, str], environ: Mapping[str, str]) -> Keys:
    problems = [
        Problem(source.config, f"accounts.{account}.{part}", f"needs the environment variable {name}: set it")
        for part, name in zip(PARTS, names, strict=True)
        if not environ.get(name)
    ]
    if problems:
        raise BadInputError(problems)
    key_id, secret = (environ[name] for name in names)
    return Keys(key_id, secret)


def _from_store(account: str, source: KeySource, store: KeyStore) -> Keys:
    keys = store.get(account)
    if keys is None:
        login = f"`rebalance login {account}` asks for them"
        missing = f"has no keys yet: there is no file {source.file}; {login} and writes it"
        text = missing if source.file else f"has no keys yet: {login}; {OTHERWISE}"
        raise BadInputError.of(source.config, text, f"accounts.{account}")
    return keys


# ---------------------------------------------------------------------------------------- a file of the user's alone


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one account as TOML. A file that holds anything else is neither read nor replaced.

    `copy` is what `delivered` found in its place.
    """

    path: Path
    copy: bytes | None = None

    @property
    def name(self) -> str:
        return str(self.path)

    def get(self, _: str, /) -> Keys | None:
        if self.copy is not None:
            return _parsed(self.copy, self.path)
        return _parsed(private_bytes(self.path), self.path) if os.path.lexists(self.path) else None

    def put(self, account: str, keys: Keys, /) -> None:
        self.get(account)
        content = "".join(f"{part} = {json.dumps(getattr(keys, part))}\n" for part in PARTS)
        try:
            replace_atomically(self.path, content.encode())
        except OSError as error:
            raise BadInputError.of(self.path, f"can't be written: {error.strerror}") from error

    def delete(self, account: str, /) -> bool:
        there = self.get(account) is not None
        self.path.unlink(missing_ok=True)
        return there


def _parsed(content: bytes, file: Path) -> Keys:
    try:
        found = tomllib.loads(decode(content, str(file)))
    except tomllib.TOMLDecodeError as error:
        raise BadInputError.of(file, f"is no valid TOML: {error}") from error
    if found.keys() != set(PARTS) or not all(isinstance(part, str) for part in found.values()):
        raise BadInputError.of(file, 'has to have two lines and no other: key_id = "..." and secret = "..."')
    return Keys(**found)


def private_bytes(file: Path) -> bytes:
    """The content of a file that the user owns and no other user can read."""
    try:
        with open_regular(file, MAX_BYTES, follow=False) as stream:
            if why := _not_private(os.fstat(stream.fileno()), file):
                raise BadInputError.of(file, why)
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        if file.is_symlink():
            raise BadInputError.of(file, "is a link: name the file itself") from error
        raise BadInputError.of(file, f"can't be read: {error.strerror}") from error


def _not_private(status: os.stat_result, file: Path) -> str | None:
    if status.st_uid != os.getuid():
        return "belongs to another user: make one of your own"
    if status.st_mode & 0o077:
        return f"is open to other users: chmod 600 {file}"
    return None


# ------------------------------------------------------------------------------------ what systemd delivers


def delivered_keys(account: str) -> str:
    """The name of the credential with the keys of `account`."""
    return f"keys-{account}"


def delivered(name: str, file: Path, environ: Mapping[str, str]) -> bytes | None:
    """The copy of a secret `file` that systemd delivers as credential `name`, to a service that can't read the file.

    systemd keeps it for that service alone. Raises BadInputError where it can't be read.
    """
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder or os.access(file, os.R_OK) or not Path(folder, name).exists():
        return None
    try:
        return read_regular(Path(folder, name), MAX_BYTES)
    except OSError as error:
        raise BadInputError.of(Path(folder, name), f"can't be read: {error.strerror}") from error


# ------------------------------------------------------------------------------------ the operating system's keyring


class Keyring:
    """API keys by account name. The first line of an entry is the key's ID, the second its secret.

    Every method raises BadInputError where the library is missing or no keyring answers.
    """

    @property
    def name(self) -> str:
        with unlocked_keyring() as keyring:
            return str(keyring.get_keyring().name)

    def get(self, account: str) -> Keys | None:
        with unlocked_keyring() as keyring:
            kept = keyring.get_password(SERVICE, account)
        if kept is None:
            return None
        key_id, _, secret = kept.partition("\n")
        return Keys(key_id, secret)

    def put(self, account: str, keys: Keys) -> None:
        with unlocked_keyring() as keyring:
            keyring.set_password(SERVICE, account, f"{keys.key_id}\n{keys.secret}")

    def delete(self, account: str) -> bool:
        with unlocked_keyring() as keyring:
            there = keyring.get_password(SERVICE, account) is not None
            if there:
                keyring.delete_password(SERVICE, account)
        return there


@contextmanager
def unlocked_keyring(otherwise: str = OTHERWISE) -> Iterator[ModuleType]:
    try:
        import keyring  # noqa: PLC0415 - an extra: there are two other ways
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError as error:
        text = f"needs its library: pip install 'rebalancer[keyring]'; {otherwise}"
        raise BadInputError.of("the keyring", text) from error
    try:
        yield keyring
    except KeyringError as error:
        text = f"does not answer ({type(error).__name__}): unlock it; {otherwise}"
        raise BadInputError.of("the keyring", text) from error
