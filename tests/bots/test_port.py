"""The port `Bot`: nothing outside of bots/ depends on a kind of bot."""

import ast
from pathlib import Path

import rebalancer

PACKAGE = Path(rebalancer.__file__).parent


def imports(file: Path) -> set[str]:
    """The modules that a file imports, and what it imports from them, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def outside_bots() -> list[Path]:
    return [file for file in PACKAGE.rglob("*.py") if PACKAGE / "bots" not in file.parents]


def test_no_module_outside_bots_names_program():
    named = [file for file in outside_bots() if "Program" in {name.split(".")[-1] for name in imports(file)}]
    assert named == []


def test_no_module_outside_bots_imports_a_kind_of_bot():
    names = {
        "base",
        "decisions",
        "file_size",
        "findings",
        "load",
        "observe",
        "own_prices",
        "recorded",
        "together",
        "varied",
    }
    doors = {"rebalancer.bots", *(f"rebalancer.bots.{name}" for name in names)}
    for file in outside_bots():
        behind = {name for name in imports(file) if name.startswith("rebalancer.bots")}
        assert {name.rpartition(".")[0] for name in behind} <= doors, file
