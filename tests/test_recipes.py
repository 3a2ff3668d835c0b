"""The recipes in CONTRIBUTING.md work: what one says is done in a copy of the package, and the outcome is used."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def blocks(recipe: str, language: str = "python") -> list[str]:
    """The indented code blocks of a recipe."""
    section = PAGE.partition(f"### {recipe}\n")[2].partition("\n### ")[0]
    found = re.findall(rf"^   ```{language}\n(.+?)^   ```$", section, re.DOTALL | re.MULTILINE)
    return [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in found]


class Copy:
    """A copy of the package and of the tests' scripts, to change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "rebalancer", folder / "rebalancer", ignore=ignored)
        shutil.copytree(ROOT / "tests" / "bots", folder / "tests" / "bots", ignore=ignored)

    def append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(f"{path.read_text('utf-8')}\n\n{text}", "utf-8")

    def insert_before(self, name: str, place: str, text: str) -> None:
        path = self.folder / name
        before, found, after = path.read_text("utf-8").partition(place)
        assert found, f"{place!r} is not in {name}"
        path.write_text(f"{before}{text}{found}{after}", "utf-8")

    def python(self, *words: str, **environment: str) -> str:
        """Standard output of the interpreter, to which the copied package is the package."""
        inherited: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(self.folder), **environment}
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, *words], cwd=self.folder, env=inherited, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def copied(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_an_indicator_is_a_formula_and_a_row(copied):
    formula, row = blocks("An indicator")
    copied.append("rebalancer/bots/flowchart/formulas.py", formula)
    copied.insert_before(
        "rebalancer/bots/flowchart/indicators.py", "\n)\n\nINDICATORS", f"\n{indent(row.rstrip(), '    ')},"
    )
    copied.python("tests/bots/flowchart/make_schema.py")
    chart = '{"if": {"left": {"lowest-price": {"of": "SPY", "window": 3}}, "is": "gt", "right": 10}'
    bot = '{"format": "rebalancer/bot", "version": 1, "name": "Low", "chart": CHART}'.replace(
        "CHART", f'{chart}, "then": {{"asset": "SPY"}}, "else": {{"cash": true}}}}'
    )
    script = f"""
        import numpy as np
        from rebalancer.app.bots import load_bot
        from rebalancer.model import Closes, Symbol
        bot, problems = load_bot({bot!r}.encode(), "Low", "low.json")
        assert not problems, problems
        days = np.array(["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"], dtype="datetime64[D]")
        closes = Closes(days, (Symbol("SPY"),), np.array([[9.0], [11.0], [12.0], [13.0]]))
        print(bot.weights(closes)[:, 0].tolist(), *bot.explain(closes, 3))
    """
    out = copied.python("-c", dedent(script))
    assert out.startswith("[nan, nan, 0.0, 1.0]")
    assert "Lowest(SPY,3) = 11" in out
    schema = (copied.folder / "rebalancer/bots/flowchart/formats/native.schema.json").read_text("utf-8")
    assert '"lowest-price"' in schema
