"""The README of each simulator names every module it has and no other, and the laboratory's names every invariant."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FOLDERS = ("lab", "local_alpaca", "crash")


def page(folder: str) -> str:
    return (TESTS / folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_page_names_every_module_and_no_other(folder):
    named = set(re.findall(r"`(\w+\.py)`", page(folder)))
    modules = {file.name for file in (TESTS / folder).glob("*.py")}
    not_parts = {"__init__.py", "test_regressions.py"}
    assert modules - not_parts <= named
    assert named <= modules


def test_the_page_of_the_simulation_names_every_invariant():
    rows = "\n".join(re.findall(r"^\| ([A-Z][^|`]+) \|", page("lab"), re.MULTILINE))
    named = set(re.findall(r"\b[A-Z]\d+\b", rows))
    sources = "".join(file.read_text("utf-8") for file in (TESTS / "lab").glob("*_checks.py"))
    rules = re.findall(r'_rule\(\s*"(\w+)"', sources) + re.findall(r'Violation\(f?"(\w+):', sources)
    assert {*rules, "I19"} == named
