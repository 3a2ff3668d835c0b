"""The venues: built-in ones, and those of installed packages. Only the venue that is named is imported."""

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from rebalancer.venues.plugin import VenuePlugin

GROUP = "rebalancer.venues"
BUILT_IN = {"sim": "rebalancer.venues.sim.venue", "alpaca": "rebalancer.venues.alpaca.venue"}
"""Module by name; each has its plugin as PLUGIN. Found without package metadata, so a source tree works as it is."""
SHORTEST_ID_LENGTH = 20
"""The length of the longest order id that this program generates."""


@cache
def plugin(name: str) -> "VenuePlugin":
    """The venue called `name`. Raises ValueError, naming the package, where it can't be used; KeyError for no venue."""
    if name in BUILT_IN:
        found: VenuePlugin = import_module(BUILT_IN[name]).PLUGIN
        return found
    return _loaded(_installed(tuple(sys.path))[name])


def names() -> tuple[str, ...]:
    """The built-in venues first, then those of installed packages by name. Imports none of them."""
    return (*BUILT_IN, *sorted(_installed(tuple(sys.path))))


def first_config(name: str) -> str:
    """The config of a new user's account, called ACCOUNT_NAME, at the built-in venue `name`."""
    folder = Path(__file__).with_name(name)
    return (folder / "first_config.toml").read_text("utf-8")


def plugins() -> "Iterator[VenuePlugin]":
    """Every venue that can be used; a broken one is left out."""
    for name in names():
        try:
            yield plugin(name)
        except ValueError:
            continue


@cache
def _installed(_: tuple[str, ...]) -> "dict[str, tuple[EntryPoint, ...]]":
    """By name, scanned once for a search path; a built-in name is never taken from a package."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - cron asks every minute, mostly about built-in venues

    found: dict[str, tuple[EntryPoint, ...]] = {}
    for entry in entry_points(group=GROUP):
        if entry.name not in BUILT_IN:
            found[entry.name] = (*found.get(entry.name, ()), entry)
    return found


def _loaded(entries: "Sequence[EntryPoint]") -> "VenuePlugin":
    from rebalancer.venues.plugin import VenuePlugin  # noqa: PLC0415 - brings the model, and `--help` needs names alone

    if len(entries) > 1:
        packages = ", ".join(sorted(map(_package, entries)))
        raise ValueError(f"is registered as a venue by several packages ({packages}): remove all but one")
    (entry,) = entries
    package = _package(entry)
    broken = f'is the venue that {package} registers as {entry.value}, under "{GROUP}", but'
    try:
        found = entry.load()
    except (Exception, SystemExit) as error:  # a third party's module may raise anything, and may try to end us
        raise ValueError(f"{broken} it can't be imported ({error!r}): update or remove {package}") from error
    if not (isinstance(found, VenuePlugin) and found.venue.name == entry.name):
        raise ValueError(f'{broken} that is no VenuePlugin called "{entry.name}": update or remove {package}')
    if found.venue.id_length < SHORTEST_ID_LENGTH:
        raise ValueError(
            f"{broken} it takes order ids of {found.venue.id_length} characters, and {SHORTEST_ID_LENGTH} are needed"
        )
    return found


def _package(entry: "EntryPoint") -> str:
    return entry.dist.name if entry.dist else "an installed package"
