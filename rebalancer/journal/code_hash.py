"""Which code made a file beside the journal: another version might make another one from the same lines."""

import platform
from functools import cache
from hashlib import sha256
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@cache
def code_hash(patterns: tuple[str, ...]) -> str:
    """SHA-256 of the package's files that match `patterns`, and of the version of the Python that runs them."""
    found = sha256(platform.python_version().encode())
    for pattern in patterns:
        for file in sorted(PACKAGE.glob(pattern)):
            found.update(file.read_bytes())
    return found.hexdigest()
