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
    """A copy of the package, of the tests' scripts and of the pages, to change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "rebalancer", folder / "rebalancer", ignore=ignored)
        shutil.copytree(ROOT / "tests" / "bots", folder / "tests" / "bots", ignore=ignored)
        shutil.copytree(ROOT / "docs", folder / "docs")

    def append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(f"{path.read_text('utf-8')}\n\n{text}", "utf-8")

    def insert_before(self, name: str, place: str, text: str, *, last: bool = False) -> None:
        """`text` before the first or the `last` occurrence of `place`."""
        path = self.folder / name
        written = path.read_text("utf-8")
        before, found, after = written.rpartition(place) if last else written.partition(place)
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
    volatility = "rebalancer/bots/flowchart/indicators/volatility.py"
    copied.insert_before(volatility, "_BANDS = ", f"{formula}\n\n")
    copied.insert_before(volatility, ")\n", f"{indent(row.rstrip(), '    ')},\n", last=True)
    copied.python("tests/bots/flowchart/make_schema.py")
    assert "`lowest-price`" in (copied.folder / "docs/indicators.md").read_text("utf-8")
    chart = '{"if": {"left": {"lowest-price": {"of": "SPY", "window": 3}}, "is": "gt", "right": 10}'
    bot = '{"format": "rebalancer/bot", "version": 1, "name": "Low", "chart": CHART}'.replace(
        "CHART", f'{chart}, "then": {{"asset": "SPY"}}, "else": {{"cash": true}}}}'
    )
    script = f"""
        import numpy as np
        from rebalancer.app.bot_files import load_bot
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


CONFIG = """
[trading]
max_symbols = {number}
[accounts.demo]
broker = "sim"
[[accounts.demo.investments]]
bot = "bot.json"
amount = 5
"""


def test_a_setting_is_one_annotated_field(copied):
    (field,) = blocks("A setting")
    copied.insert_before("rebalancer/model/settings.py", "    minutes_before_close: ", indent(field, "    "))
    script = f"""
        from pathlib import Path
        from rebalancer import config
        from rebalancer.errors import BadInputError
        def parsed(number):
            text = {CONFIG!r}.format(number=number)
            return config.parse(text.encode(), Path("/somewhere/config.toml"), {{}}).accounts[0].trading.max_symbols
        print(parsed(7))
        try:
            parsed(0)
        except BadInputError as refused:
            print(refused)
    """
    accepted, refused = copied.python("-c", dedent(script)).splitlines()
    assert accepted == "7"
    assert "trading.max_symbols" in refused
    assert "1000" in refused.replace(",", "")
    assert "max_symbols" in copied.python("-m", "rebalancer", "config", "schema")


def test_a_venue_is_a_package_with_a_plugin_and_an_entry_point(copied):
    (source,) = blocks("A venue")
    (metadata,) = blocks("A venue", "toml")
    name, value = re.findall(r'^(\w+) = "(.+)"$', metadata, re.MULTILINE)[0]
    installed = copied.folder / "my_venue-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my_venue\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[rebalancer.venues]\n{name} = {value}\n")
    (copied.folder / "my_venue.py").write_text(source, "utf-8")
    (copied.folder / "bot.json").write_text(HOLD_SPY)
    (copied.folder / "config.toml").write_text(
        CONFIG.replace("[trading]\nmax_symbols = {number}\n", "").replace("sim", name)
    )
    out = copied.python("-m", "rebalancer", "config", "check", "--config", "config.toml")
    assert "demo" in out
    script = f"from rebalancer.venues import registry; print(registry.plugin({name!r}).venue.title)"
    assert copied.python("-c", script) == "My broker\n"


HOLD_SPY = '{"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}'


def test_a_kind_of_bot_is_a_class_and_a_line_that_tells_its_files(copied):
    source, branch = blocks("A kind of bot")
    (copied.folder / "rebalancer/bots/hold.py").write_text(source, "utf-8")
    imports = "from rebalancer.bots.hold import HoldBot\nfrom rebalancer.model import Symbol\n"
    copied.insert_before("rebalancer/bots/load.py", "\n\ndef load(", imports)
    copied.insert_before("rebalancer/bots/load.py", "    chart, problems = ", indent(branch, "    "))
    (copied.folder / "spy.hold").write_text("SPY\n")
    state = {"REBALANCE_STATE": str(copied.folder / "state")}
    assert "SPY" in copied.python("-m", "rebalancer", "bots", "check", "spy.hold", **state)
    assert "always SPY" in copied.python("-m", "rebalancer", "explain", "spy.hold", **state)
    assert "spy" in copied.python("-m", "rebalancer", "backtest", "spy.hold", **state)
