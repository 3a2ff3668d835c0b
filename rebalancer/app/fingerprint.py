"""What must be the same wherever a result is to be the same to the last bit: this program, numpy and Python."""

import platform
from dataclasses import dataclass, fields
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

import rebalancer

DECIDING = ("backtest", "bots", "model", "portfolio")
"""The folders whose code decides a back-test."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`code` is the hash of the files that decide a back-test, so that a changed checkout is another program."""

    rebalancer: str
    code: str
    numpy: str
    python: str

    def differences(self, other: "Fingerprint") -> tuple[str, ...]:
        """Such as "numpy 2.3.1 there and 2.4.6 here", where `other` is there."""
        pairs = [(each.name, getattr(other, each.name), getattr(self, each.name)) for each in fields(self)]
        return tuple(f"{name} {there} there and {here} here" for name, there, here in pairs if there != here)


@cache
def fingerprint() -> Fingerprint:
    """Of this process."""
    root = Path(__file__).parents[1]
    found = sha256()
    for path in sorted(path for folder in DECIDING for path in (root / folder).rglob("*.py")):
        found.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return Fingerprint(rebalancer.__version__, found.hexdigest()[:16], np.__version__, platform.python_version())
