"""The installed release: its files beside what its wheel recorded, and its libraries beside what it declares."""

import base64
import csv
import json
import platform
import sqlite3
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from rebalancer import __version__
from rebalancer.model.checkup import Check
from rebalancer.model.text import counted, listed

NAME = "rebalancer"
DEVELOPMENT = "dev"
"""The extra of who changes this program: nothing that runs needs it."""
REINSTALL = "Install the release anew, into an environment of its own: its answers can't be trusted as they are."


def installed() -> Distribution | None:
    """None where this program runs from its source alone."""
    try:
        return distribution(NAME)
    except PackageNotFoundError:
        return None


def release_checks(found: Distribution | None) -> Iterator[Check]:
    if found is None:
        yield Check("release", "warn", "it is not installed, so that nothing says what belongs to it", REINSTALL)
        return
    yield files_check(found)
    yield _python(found.metadata["Requires-Python"])
    yield libraries_check(required(found))
    yield from extras_checks(found)


# ------------------------------------------------------------------------------------------------------------ the files


def files_check(found: Distribution) -> Check:
    """Whether each file has the hash of the wheel's RECORD, and no module is beside them that has none."""
    if _is_editable(found):
        text = f"version {found.version} is a checkout: its files are yours to change, and nothing records them"
        return Check("files", "warn", text, "Where it trades, install a wheel: its files can be checked.")
    recorded = _recorded(found)
    odd = [*_altered(found, recorded), *_added(found, recorded)]
    if recorded and not odd:
        return Check("files", "pass", f"{counted(len(recorded), 'file')} of version {found.version} are as released")
    return Check("files", "fail", listed(odd, "; ") if odd else "the release has no record of its files", REINSTALL)


def _is_editable(found: Distribution) -> bool:
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _recorded(found: Distribution) -> Mapping[Path, str]:
    """The hash of each file of RECORD. `Distribution.files` would leave out those that are missing (Python 3.12)."""
    rows = csv.reader((found.read_text("RECORD") or "").splitlines())
    return {Path(str(found.locate_file(name))): value.removeprefix("sha256=") for name, value, _ in rows if value}


def _altered(found: Distribution, recorded: Mapping[Path, str]) -> Iterator[str]:
    for path, wanted in recorded.items():
        if not path.is_file():
            yield f"{_name(found, path)} is missing"
        elif _hash(path) != wanted:
            yield f"{_name(found, path)} is not what was released"


def _name(found: Distribution, path: Path) -> Path:
    return path.relative_to(str(found.locate_file("")))


def _hash(path: Path) -> str:
    """As RECORD has it."""
    return base64.urlsafe_b64encode(sha256(path.read_bytes()).digest()).decode().rstrip("=")


def _added(found: Distribution, recorded: Container[Path]) -> Iterator[str]:
    for path in sorted(Path(str(found.locate_file(NAME))).rglob("*.py")):
        if path not in recorded:
            yield f"{_name(found, path)} is no part of the release"


# -------------------------------------------------------------------------------------------------------- the libraries


def required(found: Distribution) -> tuple[Requirement, ...]:
    """What the release needs on this machine, without extras."""
    return tuple(each for each in map(Requirement, found.requires or ()) if _counts(each, ""))


def of_extras(found: Distribution) -> Mapping[str, tuple[Requirement, ...]]:
    """What each extra needs on this machine beside that."""
    base = required(found)
    every = [each for each in map(Requirement, found.requires or ()) if each not in base]
    names = [name for name in found.metadata.get_all("Provides-Extra") or () if name != DEVELOPMENT]
    return {name: tuple(each for each in every if _counts(each, name)) for name in sorted(names)}


def _counts(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def libraries_check(requirements: Iterable[Requirement]) -> Check:
    wanted = tuple(requirements)
    wrong = [text for each in wanted if (text := wrong_version(each))]
    if not wrong:
        return Check("libraries", "pass", f"all {len(wanted)} are there, in versions that this release declares")
    return Check("libraries", "fail", listed(wrong, "; "), REINSTALL)


def extras_checks(found: Distribution) -> Iterator[Check]:
    """Of each extra that is installed whole or in part: one that is absent is not checked."""
    for name, wanted in of_extras(found).items():
        if not any(installed_version(each.name) for each in wanted):
            continue
        wrong = [text for each in wanted if (text := wrong_version(each))]
        remedy = f"pip install '{NAME}[{name}]'" if wrong else ""
        versions = listed([f"{each.name} {installed_version(each.name)}" for each in wanted])
        yield Check(f"extra {name}", "warn" if wrong else "pass", listed(wrong, "; ") if wrong else versions, remedy)


def wrong_version(requirement: Requirement) -> str | None:
    """A sentence where a library is absent, or in a version that the release does not declare."""
    there = installed_version(requirement.name)
    if there is None:
        return f"{requirement.name} is missing; {requirement.specifier or 'any version'} is needed"
    if requirement.specifier.contains(there, prereleases=True):
        return None
    return f"{requirement.name} {there} is installed; {requirement.specifier} is needed"


def installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _python(wanted: str) -> Check:
    here = platform.python_version()
    if SpecifierSet(wanted).contains(here, prereleases=True):
        return Check("python", "pass", f"{here}; {wanted} is needed")
    return Check("python", "fail", f"{here}; {wanted} is needed", "Use a Python of that version.")


# ---------------------------------------------------------------------------------------------------- for a bug report


def versions() -> dict[str, str]:
    """What a bug report needs: this program, its libraries, Python, SQLite and the system; nothing of its user."""
    found = installed()
    names = [each.name for each in required(found)] if found else []
    extras = [each.name for wanted in of_extras(found).values() for each in wanted] if found else []
    libraries = {name: installed_version(name) or "missing" for name in names}
    more = {name: there for name in extras if (there := installed_version(name))}
    return {
        NAME: __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "encoding": sys.stdout.encoding if sys.stdout else "",
        **dict(sorted({**libraries, **more}.items())),
    }
