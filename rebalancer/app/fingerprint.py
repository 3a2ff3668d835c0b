"""What must be the same wherever a result is to be the same to the last bit: this program, numpy and Python."""

import platform
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

import rebalancer

DECIDING = (
    "app/bot_files.py",
    "app/variants.py",
    "backtest/**/*.py",
    "bots/**/*.py",
    "model/**/*.py",
    "portfolio/**/*.py",
)
"""The files whose code decides a back-test."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """`code` is the hash of the files that decide a back-test, so that a changed checkout is another program."""

    rebalancer: str
    code: str
    numpy: str
    python: str


@cache
def fingerprint() -> Fingerprint:
    """Of this process."""
    root = Path(__file__).parents[1]
    found = sha256()
    for path in sorted(path for pattern in DECIDING for path in root.glob(pattern)):
        found.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return Fingerprint(rebalancer.__version__, found.hexdigest()[:16], np.__version__, platform.python_version())
