"""sqlite-utils, imported without pandas: it would load it wherever it is installed, for the one type of its timestamps.

That takes five times as long as importing numpy, at the start of each run.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Make imports of `module` raise ImportError, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # as the import system documents
    try:
        yield
    finally:
        del sys.modules[module]


with _hidden("pandas"):
    from sqlite_utils import Database, Migrations
    from sqlite_utils.db import Table

__all__ = ["Database", "Migrations", "Table"]
