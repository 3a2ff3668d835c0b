"""README and docs are true: their commands run, their examples are computed, their tables are complete."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tomllib import loads
from zoneinfo import ZoneInfo

import pytest
from local_alpaca import LocalAlpaca, Tape
from terminal import Terminal

from rebalancer import demo
from rebalancer.app.runs import EXIT_CODES
from rebalancer.config import load
from rebalancer.errors import BadInputError, RebalancerError, RunFailedError, StoppedError
from rebalancer.model import Allocation, Investment, Limits, Symbol, Trading
from rebalancer.portfolio.targets import investable, set_targets, shares_of
from rebalancer.portfolio.trades import target_value, to_decimal

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
PAGES = (README, CONTRIBUTING, *sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("tests/*/README.md")))
SH = re.compile(r"^```sh\n(.+?)```$", re.DOTALL | re.MULTILINE)
LONGEST_README = 150
TWELVE_MINUTES_BEFORE_THE_CLOSE = datetime(2026, 11, 20, 15, 48, tzinfo=ZoneInfo("America/New_York"))


def text(page: Path) -> str:
    return page.read_text("utf-8")


def test_the_two_first_commands_are_the_ones_that_ci_runs():
    assert re.findall(r"^```sh first\n(.+)\n```$", text(README), re.MULTILINE) == [
        "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/rebalance run --dry-run",
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest -n auto",
    ]


def test_the_readme_is_short():
    assert len(text(README).splitlines()) <= LONGEST_README


@pytest.mark.parametrize("page", [page for page in PAGES if SH.search(text(page))], ids=lambda page: page.stem)
def test_every_command_of_a_page_runs_one_after_the_other(page, rebalance):
    _follow(page, rebalance)


def _follow(page, rebalance):
    for command in "".join(SH.findall(text(page))).splitlines():
        program, *words = shlex.split(command)
        assert program == ".venv/bin/rebalance"
        said = rebalance(*words)
        assert said.code == 0, f"{command}: {said.err}"


def test_the_first_paper_evening_is_five_commands_that_run_at_a_paper_account(rebalance, tmp_path, monkeypatch):
    (path,) = re.findall(r"^```sh alpaca\n(.+?)```$", text(README), re.DOTALL | re.MULTILINE)
    install, *commands = path.splitlines()
    assert install == "python3 -m venv .venv && .venv/bin/pip install -q ."
    assert len(commands) == 4
    config = tmp_path / "mine/config.toml"
    with LocalAlpaca(TWELVE_MINUTES_BEFORE_THE_CLOSE, market=Tape.sample()) as venue:
        keys = iter((venue.key_id, venue.secret))
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr("getpass.getpass", lambda _: next(keys))
        for command in commands:
            said = rebalance(*shlex.split(command)[1:])
            assert said.code == 0, f"{command}: {said.out}{said.err}"
            if "init" in command:
                here = f'broker = "alpaca"\nbase_url = "{venue.url}"\ndata_url = "{venue.url}"'
                config.write_text(text(config).replace('broker = "alpaca"', here))
        assert venue.audit().posts == 0
    assert "would have bought" in said.out
    assert "DRY RUN, nothing was sent" in said.out
    for page in (README, DOCS / "first-week.md", DOCS / "settings.md"):  # as a person reads on
        _follow(page, rebalance)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", text(page)):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        headings = re.findall(r"^#+ (.+)$", text(file), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, anchor


def test_every_page_of_the_manual_is_in_the_readme():
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= set(re.findall(r"\]\(([^)]+)\)", text(README)))


def test_the_picture_of_the_dry_run_is_its_output(rebalance):
    (picture,) = re.findall(r"^```text\n(.+?)```$", text(README), re.DOTALL | re.MULTILINE)
    shown = [line.rstrip() for line in rebalance("run", "--dry-run").out.splitlines()]
    for part in picture.split("…\n"):
        lines = part.splitlines()
        start = shown.index(lines[0])
        assert shown[start : start + len(lines)] == lines


def test_the_earnings_of_the_demo_are_those_of_its_back_test(rebalance):
    bots = [investment.bot for account in load(demo.config_path()).accounts for investment in account.investments]
    found = {
        track["name"]: track["statistics"] for track in json.loads(rebalance("backtest", *bots, "--json").out)["tracks"]
    }
    rows = re.findall(
        r"^\| ([^|]+) \| (-?[\d.]+) % \| (-?[\d.]+) % \| ([\d.]+) % \|$", text(DOCS / "bots.md"), re.MULTILINE
    )
    assert {name.partition(",")[0] for name, *_ in rows} == found.keys()
    for name, *shown in rows:
        numbers = found[name.partition(",")[0]]
        earned = (numbers["cumulative"], numbers["annualised"], numbers["max_drawdown"]["drawdown"])
        assert shown == [f"{100 * number:.2f}" for number in earned]


@pytest.mark.parametrize(
    ("page", "language", "ending"), [("bots.md", "json", "json"), ("python-bots.md", "python", "py")]
)
def test_a_bot_in_the_manual_can_be_read(page, language, ending, rebalance, tmp_path):
    content = re.findall(rf"^```{language}\n(.+?)```$", text(DOCS / page), re.DOTALL | re.MULTILINE)[0]
    (tmp_path / f"bot.{ending}").write_text(content, "utf-8")
    said = rebalance("bots", "check", tmp_path / f"bot.{ending}")
    assert said.code == 0, said.out + said.err


def test_the_worked_example_is_right_to_the_cent():
    spy, sh, sgov = map(Symbol, ("SPY", "SH", "SGOV"))
    funds = investable(Decimal(100_000), Decimal(5_000), Decimal(20_000))
    trading = Trading(fallback_ticker=sgov, paired_tickers=((spy, sh),))
    shares, _ = shares_of([Investment("A", Decimal(30_000)), Investment("B", Decimal(50), "percent")], funds, "amounts")
    day = date(2024, 3, 4)
    decisions = {"A": Allocation("A", day, {spy: 0.6, sh: 0.4}), "B": Allocation("B", day, {spy: 1.0})}
    targets = set_targets(shares, decisions, trading, sgov)

    dollars = {symbol: target_value(to_decimal(weight), funds) for symbol, weight in targets.weights.items()}

    assert dollars == {spy: Decimal("43500.00"), sgov: Decimal("24000.00")}
    row = re.search(r"^\| dollars \| (\S+) \| +\| (\S+) \| (\S+) \|$", text(DOCS / "evening.md"), re.MULTILINE)
    assert row is not None
    spy_dollars, sgov_dollars, cash = (Decimal(number.replace(",", "")) for number in row.groups())
    assert (spy_dollars, sgov_dollars) == (dollars[spy], dollars[sgov])
    assert cash == funds - sum(dollars.values())


EXITS = text(DOCS / "json.md")


@pytest.mark.parametrize("error", [RebalancerError, BadInputError, RunFailedError, StoppedError])
def test_every_error_has_its_exit_code_in_the_table(error):
    assert re.search(rf"^\| {error.exit_code} \| ", EXITS, re.MULTILINE)


def test_every_status_has_its_exit_code_in_the_table():
    assert all(re.search(rf"^\| {code} \| ", EXITS, re.MULTILINE) for code in EXIT_CODES.values())


@pytest.mark.parametrize("command", ["run", "history", "orders", "positions", "status", "doctor", "data status"])
def test_the_json_of_a_command_has_the_keys_of_the_table(command, rebalance):
    (row,) = re.findall(rf"^\| `{command}` \| (.+) \|$", EXITS, re.MULTILINE)
    rebalance("run")
    answer = json.loads(rebalance(*command.split(), "--json").out)
    keys = _all_keys(answer)
    assert {name for name in re.findall(r"`(\w+)`", row) if name != command} <= keys


def _all_keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in _all_keys(each)}
    return {key for each in value for key in _all_keys(each)} if isinstance(value, list) else set()


def test_every_limit_is_in_the_table_with_its_default():
    rows = re.findall(
        r"^\| `(max_\w+)`(?:, `(max_\w+)`)? \| ([\d,]+)(?:, ([\d,]+))? \|", text(DOCS / "real-money.md"), re.MULTILINE
    )
    shown = {
        key: Decimal(value.replace(",", "")) for row in rows for key, value in zip(row[:2], row[2:], strict=True) if key
    }
    defaults = {field.name: getattr(Limits(), field.name) for field in fields(Limits)}
    assert shown == {key: value for key, value in defaults.items() if key.startswith("max_")}


# ------------------------------------------------------------------------------------- settings

SETTINGS = text(DOCS / "settings.md")
EXAMPLE = loads(re.sub(r"^#(?=[a-z\[])|^# (?=\w+ = \")", "", text(ROOT / "config.example.toml"), flags=re.MULTILINE))


def _example_keys(table: dict[str, object], section: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if key == "accounts" and isinstance(value, dict):
            for account in value.values():
                yield from _example_keys(account, "[accounts.NAME]")
        elif isinstance(value, dict) and key != "cash_reserve":
            yield from _example_keys(value, "[accounts.NAME.sim]" if key == "sim" else f"[{key}]")
        elif key in {"investments", "notify"} and isinstance(value, list):
            for each in value:
                yield from _example_keys(each, "[[notify]]" if key == "notify" else "[[accounts.NAME.investments]]")
        else:
            yield section, key


@pytest.mark.parametrize(("section", "key"), sorted(set(_example_keys(EXAMPLE))))
def test_every_setting_of_the_example_is_in_the_manual(section, key):
    heading = f"## {section}" if section else "## The top of the file"
    rows = SETTINGS.partition(f"{heading}\n")[2].partition("\n## ")[0]
    assert re.search(rf"^\| (`\w+`, )*`{key}`", rows, re.MULTILINE), f"{heading}: {key}"


# ------------------------------------------------------------------------------------- architecture

PATHS = re.compile(r"`([\w./-]*(?:\.py|\.toml|\.md|\.ini|\.json|/)|\.ci/run)`")
PAGES_OF_CODE = (DOCS / "architecture.md", DOCS / "decisions.md", CONTRIBUTING)


@pytest.mark.parametrize("page", PAGES_OF_CODE, ids=lambda page: page.stem)
def test_every_path_that_a_page_names_exists(page):
    for name in PATHS.findall(text(page)):
        assert (ROOT / name).exists() or (ROOT / "rebalancer" / name).exists(), name


def test_every_file_that_the_architecture_names_exists_and_every_folder_is_in_it():
    rows = text(DOCS / "architecture.md").partition("## The folders")[2].partition("\n## ")[0]
    rooms = dict(re.findall(r"^\| `(\w+)/` \| (.+) \|$", rows, re.MULTILINE))
    rooms |= dict(re.findall(r"^### `(\w+)/`: (.+?)(?=^### )", rows, re.MULTILINE | re.DOTALL))
    package = ROOT / "rebalancer"
    for folder, files in rooms.items():
        for name in re.findall(r"`([a-z_]+)`", files.replace("`submit`", "")):
            assert (package / folder / f"{name}.py").exists() or (package / folder / name).is_dir(), f"{folder}/{name}"
    unlisted = {"cli", "report", "demo"}
    assert {path.parent.name for path in package.glob("*/__init__.py")} == rooms.keys() | unlisted


def test_the_rows_of_the_architecture_are_those_that_are_checked():
    rows = text(DOCS / "architecture.md").partition("## The rows")[2].partition("\n## ")[0]
    shown = [set(re.findall(r"`(\w+)(?:\.py)?`", row)) for row in re.findall(r"^\| (`.+?) \|", rows, re.MULTILINE)]
    contracts = loads(text(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert shown == [set(layer.split(" | ")) for layer in layers]
