"""Outside of `venues/` only one place names a currency or a time zone: accounts and exchanges say their own."""

import ast
import re
from functools import cache
from pathlib import Path

import rebalancer

PACKAGE = Path(rebalancer.__file__).parent
OUTSIDE = [path for path in PACKAGE.rglob("*.py") if "venues" not in path.relative_to(PACKAGE).parts]
THE_ONE_PLACE = PACKAGE / "model" / "account.py"
COMPOSER = {PACKAGE / "bots" / "flowchart" / "formats" / "composer_conditions.py", PACKAGE / "bots" / "recorded.py"}
"""Composer's files write a US equity as EQUITIES::SPY//USD, and its back-tests cash as $USD."""
NAMES = re.compile(
    r"\w+_dollars|--max-dollars DOLLARS|--(max-|percent/--)?dollars|[Dd]ollars,? or percent|dollars TEXT|dollar-volume"
)
"""Settings, options, the choices "dollars" or "percent", a column of the journal, and a key of Composer's: what they
are called stays."""


@cache
def texts(path: Path) -> tuple[str, ...]:
    """Every string of a module that is no docstring."""
    nodes = [*ast.walk(ast.parse(path.read_text("utf-8")))]
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    strings = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in docs)
    return tuple(node.value for node in strings if isinstance(node.value, str))


def naming(pattern: str) -> set[Path]:
    return {path for path in OUTSIDE if any(re.search(pattern, text) for text in texts(path))}


def test_one_module_names_the_default_currency_and_time_zone() -> None:
    assert naming(r"\bUSD\b") - COMPOSER == {THE_ONE_PLACE}
    assert naming(r"America/New_York|New York") == {THE_ONE_PLACE}


def test_no_text_speaks_of_dollars_but_by_a_name_that_stays() -> None:
    said = {(path.name, text) for path in OUTSIDE for text in texts(path) if not text.isidentifier()}
    assert {(name, text) for name, text in said if "dollar" in NAMES.sub("", text).lower()} == set()
