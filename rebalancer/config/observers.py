"""The tables [ping], [metrics] and [[notify]], and the secret addresses that two of them name."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rebalancer.config.credentials import SERVICE, delivered, private_bytes, unlocked_keyring
from rebalancer.config.keys import Table, keys_of
from rebalancer.config.tables import MetricsTable, NotifyTable, Recipient, UrlSource, UrlTable
from rebalancer.errors import BadInputError
from rebalancer.files import replace_atomically

OTHERWISE = "or name the address by url or url_file"


def observers_of(whole: Table, folder: Path) -> dict[str, Any]:
    """The fields `ping`, `metrics` and `notify` of a Config."""
    ping, metrics = (whole.table(key) if key in whole.content else None for key in ("ping", "metrics"))
    textfile = metrics.read(keys_of(MetricsTable), required=["textfile"]).get("textfile") if metrics else None
    return {
        "ping": _url_source(ping, "ping", ping.read(keys_of(UrlTable)), folder) if ping else None,
        "metrics": folder / textfile if textfile else None,
        "notify": _recipients(whole, folder),
    }


def _recipients(whole: Table, folder: Path) -> tuple[Recipient, ...]:
    found: dict[str, Recipient] = {}
    for table in whole.tables("notify"):
        values = table.read({**keys_of(NotifyTable), **keys_of(UrlTable)})
        name = values.get("name", "notify")
        if name in found or name == "ping":
            table.refuse("name", f'another address is called "{name}": give this one a name of its own')
        own = {key: values[key] for key in ("on", "quiet_hours") if key in values}
        found[name] = Recipient(name, _url_source(table, name, values, folder), **own)
    return tuple(found.values())


def _url_source(table: Table, entry: str, found: Mapping[str, Any], folder: Path) -> UrlSource:
    if table.content.keys() >= {"url", "url_file"}:
        table.refuse("url_file", "is a second way beside url: take out one of the two")
    file = folder / found["url_file"] if "url_file" in found else None
    return UrlSource(table.source, table.key, entry, found.get("url"), file)


# ------------------------------------------------------------------------------------------------ secret addresses


def delivered_url(entry: str) -> str:
    """The name of the credential with the address of `entry`."""
    return f"url-{entry}"


def read_url(source: UrlSource, environ: Mapping[str, str] = os.environ) -> str:
    """The address. Raises BadInputError where it is missing or has blanks in it, without any part of it."""
    found = _found(source, environ)
    if not found:
        raise BadInputError.of(source.config, _missing(source), source.key)
    if not found.isprintable() or " " in found:
        raise BadInputError.of(source.config, "its address has blanks or line breaks in it: copy it anew", source.key)
    return found


def _found(source: UrlSource, environ: Mapping[str, str]) -> str | None:
    if source.variable:
        return environ.get(source.variable)
    if source.file:
        content = delivered(delivered_url(source.entry), source.file, environ)
        if content is None:
            content = private_bytes(source.file) if os.path.lexists(source.file) else b""
        return content.decode("utf-8", "replace").strip()
    with unlocked_keyring(OTHERWISE) as keyring:
        kept: str | None = keyring.get_password(SERVICE, f"url:{source.entry}")
    return kept


def _missing(source: UrlSource) -> str:
    if source.variable:
        return f"needs the environment variable {source.variable}: set it"
    where = f"there is no file {source.file} with it; " if source.file else ""
    return f"has no address yet: {where}`rebalance notify login {source.entry}` asks for it; {OTHERWISE}"


def store_url(source: UrlSource, address: str) -> str:
    """Store `address` in the file that `source` names, else in the keyring; the name of that place.

    Raises BadInputError where it comes from an environment variable, is malformed or can't be stored.
    """
    if source.variable:
        raise BadInputError.of(source.config, "takes its address from url: take that line out first", source.key)
    if not address or not address.isprintable() or " " in address:
        raise BadInputError.of(
            source.config, "the address is empty or has blanks in it; nothing was stored", source.key
        )
    if source.file is None:
        with unlocked_keyring(OTHERWISE) as keyring:
            keyring.set_password(SERVICE, f"url:{source.entry}", address)
            return str(keyring.get_keyring().name)
    if os.path.lexists(source.file):
        private_bytes(source.file)  # never a file of another kind, or one that others can read
    try:
        replace_atomically(source.file, f"{address}\n".encode())
    except OSError as error:
        raise BadInputError.of(source.file, f"can't be written: {error.strerror}") from error
    return str(source.file)
