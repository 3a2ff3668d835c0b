"""What becomes of the screen never changes a command, and no text of others is obeyed by it."""

import ast
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from select import select

import pytest
from forks import FORKS, Surroundings
from terminal import Terminal

import rebalancer
from rebalancer.cli import main
from rebalancer.cli.options import ask
from rebalancer.errors import BadInputError, visible
from rebalancer.journal import read

pytestmark = pytest.mark.usefixtures("_quick_start")
PACKAGE = Path(rebalancer.__file__).parent
CONFIG = """
schema = 1
state_dir = "state"
[data]
source = "folder"
folder = "prices"
[accounts.a]
broker = "sim"
[accounts.a.trading]
fallback_ticker = "CASH"
[[accounts.a.investments]]
bot = "b.json"
name = {name}
amount = 100
weight_mode = "percent"
"""
STAR, MARKUP = "É ★", "[bold]#[/red]"
HOSTILE = "<b>q\x1b]0;t\x07\x1b[31m\x9b1m\u202e\u2066\u200b\nother.json: valid [red] [bold]"
FILE = f"{HOSTILE}.json"


@pytest.fixture
def _quick_start(tmp_path: Path, sessions_kept: Path) -> None:
    shutil.copytree(sessions_kept, tmp_path / "state")


def write_account(folder: Path, name: str = STAR) -> None:
    """An account of one bot called `name`, whose file is full of what a screen would obey."""
    asset = {"step": "asset", "ticker": "SPY"}
    group = {"step": "group", "name": HOSTILE, "children": [asset]}
    bot = json.dumps({"step": "root", "name": HOSTILE, "rebalance": "daily", "children": [group]})
    (folder / "b.json").write_text(bot)
    (folder / FILE).write_text(bot)
    (folder / "config.toml").write_text(CONFIG.format(name=json.dumps(name)))
    (folder / "prices").mkdir()
    days = [f"2026-03-{day:02},{400 + day}" for day in range(2, 32) if day % 7 not in {0, 1}]
    (folder / "prices/a.csv").write_text("\n".join(["date,SPY", *days, ""]))


def process(folder: Path, words: str, *, to: str = "", encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """`rebalance` in a process of its own; `to` says in a shell's words where its streams go."""
    return bash(folder, f'"{sys.executable}" -m rebalancer {words} {to}', PYTHONIOENCODING=encoding)


def python(folder: Path, program: str, to: str = "") -> subprocess.CompletedProcess[bytes]:
    """A program that prints as the command line does."""
    (folder / "program.py").write_text(f"from rebalancer.cli.screen import protect_streams, say\n{program}")
    return bash(folder, f'"{sys.executable}" program.py {to}')


def bash(folder: Path, command: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    places = {"XDG_CONFIG_HOME": str(folder / "none"), "PYTHONPATH": str(PACKAGE.parent), **environ}
    return subprocess.run(  # noqa: S603
        ["bash", "-c", command],  # noqa: S607
        cwd=folder,
        env={**os.environ, **places},
        capture_output=True,
        check=False,
    )


def on_terminal(folder: Path, *words: str, columns: int, encoding: str = "utf-8") -> tuple[int, str]:
    """The exit code of `rebalance`, and what it shows on a terminal of so many columns."""
    environ = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": str(columns)}
    ours, theirs = pty.openpty()
    child = FORKS.Process(target=_on_terminal, args=(os.ttyname(theirs), Surroundings(words, folder, environ)))
    child.start()
    shown = b""
    while ours in select([ours, child.sentinel], [], [])[0]:  # until it has ended and all of it is read
        shown += os.read(ours, 65536)
    child.join()
    for end in (ours, theirs):
        os.close(end)
    return child.exitcode, shown.decode(encoding)


def _on_terminal(terminal: str, surroundings: Surroundings) -> None:
    surroundings.enter({0: terminal, 1: terminal, 2: terminal})
    main()


# ------------------------------------------------------------------------------------------ what becomes of the screen


@pytest.mark.parametrize(("encoding", "name"), [("ascii", b"? ?"), ("latin-1", b"\xc9 ?"), ("utf-8", STAR.encode())])
def test_a_character_that_the_screen_does_not_have_is_replaced(tmp_path: Path, encoding: str, name: bytes) -> None:
    write_account(tmp_path)
    done = process(tmp_path, "run", encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert name in done.stdout
    assert read.run(tmp_path / "state/journal.sqlite", None).run.status == "success"


def test_json_is_the_same_in_every_encoding(tmp_path: Path) -> None:
    write_account(tmp_path)
    plain, wide = (process(tmp_path, "bots check b.json --json", encoding=encoding) for encoding in ("ascii", "utf-8"))
    assert plain.stdout == wide.stdout
    assert json.dumps(HOSTILE).encode() in plain.stdout
    assert plain.stdout.isascii()


@pytest.mark.posix
@pytest.mark.parametrize(
    ("words", "code", "to"),
    [
        ("run", 0, "2>&1 | head -c 0"),
        ("run", 0, ">/dev/full 2>/dev/full"),
        ("run", 0, ">&- 2>&- <&-"),
        ("run --json", 0, ">/dev/full 2>/dev/full"),
        ("status --max-age 0", 6, ">&- 2>&- <&-"),
        ("explain x", 2, "2>&1 | head -c 0"),
    ],
)
def test_a_screen_that_takes_nothing_leaves_the_exit_code_as_it_is(
    tmp_path: Path, words: str, code: int, to: str
) -> None:
    write_account(tmp_path)
    assert process(tmp_path, words, to=f"{to}; exit ${{PIPESTATUS[0]}}").returncode == code


@pytest.mark.linux
def test_a_full_device_is_named_once_on_the_other_stream(tmp_path: Path) -> None:
    write_account(tmp_path)
    done = process(tmp_path, "run", to=">/dev/full")
    assert done.returncode == 0
    assert done.stderr == b"rebalance: the output can't be written: No space left on device\n"


@pytest.mark.posix
def test_what_runs_for_long_goes_on_after_its_reader_has_left(tmp_path: Path) -> None:
    """The schedule prints its lines so, in a thread of its own."""
    program = """
from threading import Thread
protect_streams()
talk = Thread(target=lambda: [say("x" * 1000) for _ in range(1000)])
talk.start()
talk.join()
say("went on", err=True)
"""
    assert python(tmp_path, program, "| head -c 10").stderr == b"went on\n"


@pytest.mark.posix
def test_a_pipe_that_does_not_block_gets_every_line(tmp_path: Path) -> None:
    program = "import os; os.set_blocking(1, False); protect_streams()\nfor number in range(20_000): say(number)"
    done = python(tmp_path, program, "| (sleep 0.1; cat)")
    assert done.stdout.split() == [b"%d" % number for number in range(20_000)]


@pytest.mark.posix
@pytest.mark.parametrize("columns", [1, 20])
def test_a_narrow_window_changes_nothing_but_the_lines(tmp_path: Path, columns: int) -> None:
    write_account(tmp_path)
    for words in (["run"], ["status"], ["backtest", "b.json"], ["data", "status"], ["bots", "list"]):
        assert on_terminal(tmp_path, *words, columns=columns)[0] == 0, words


@pytest.mark.posix
def test_curves_are_braille_on_a_terminal_that_has_it_letters_on_others_and_none_on_a_pipe(tmp_path: Path) -> None:
    write_account(tmp_path)
    _, braille = on_terminal(tmp_path, "backtest", "b.json", columns=100)
    code, letters = on_terminal(tmp_path, "backtest", "b.json", columns=100, encoding="latin-1")
    pipe = process(tmp_path, "backtest b.json").stdout.decode()
    assert code == 0
    assert any("\u2800" < character < "\u2900" for character in braille)
    assert "Equity" in letters
    assert ".*." in letters
    assert "?" not in letters.partition("Equity")[2].partition("Statistics")[0]
    assert "Equity" not in pipe
    assert "Statistics" in pipe


# ----------------------------------------------------------------------------------------------------- text of others


COMMANDS = [
    ["bots", "check", "b.json"],
    ["bots", "check", FILE],
    ["bots", "check", f"{HOSTILE}2"],
    ["bots", "show", MARKUP],
    ["bots", "show", FILE],
    ["bots", "list"],
    ["explain", FILE],
    ["explain", MARKUP, "--tree"],
    ["explain", FILE, "--mermaid"],
    ["backtest", FILE],
    ["backtest", FILE, MARKUP, "--csv", "days.csv"],
    ["invest", "list"],
    ["invest", "add", FILE, "1"],
    ["config", "check"],
    ["config", "show"],
    ["run", "--dry-run"],
    ["run"],
    ["halt", "--reason", HOSTILE],
    ["nothing", HOSTILE],
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: visible(" ".join(words)))
def test_no_text_of_others_is_obeyed_by_a_screen(rebalance, tmp_path, words):
    write_account(tmp_path, MARKUP)
    done = rebalance(*words)
    for shown in (done.out, done.err, *(path.read_text() for path in tmp_path.glob("days.csv"))):
        lines = shown.split("\n")
        assert lines == [visible(line) for line in lines]
        assert not any(line.startswith("other.json") for line in lines)


def test_a_name_stays_one_line_and_is_no_markup(rebalance, tmp_path):
    write_account(tmp_path, MARKUP)
    (first, *_) = rebalance("bots", "check", "b.json").out.splitlines()
    assert first == rf"b.json: {visible(HOSTILE)}: valid"
    shown = rebalance("backtest", MARKUP).out
    assert f"Monthly returns of {MARKUP}, %" in shown
    assert shown.count(MARKUP) == 4


def test_what_a_halt_or_a_run_has_journalled_is_shown_as_text(rebalance, tmp_path):
    write_account(tmp_path, MARKUP)
    assert rebalance("run").code == 0
    assert rebalance("halt", "--reason", HOSTILE).code == 0
    for words in (
        ["history"],
        ["history", "1"],
        ["orders"],
        ["status"],
        ["positions"],
        ["resume", "--reason", HOSTILE],
    ):
        lines = rebalance(*words).out.split("\n")
        assert lines == [visible(line) for line in lines]


def test_a_report_shows_names_as_text(rebalance, tmp_path):
    write_account(tmp_path)
    assert rebalance("backtest", FILE, "--html", "report.html").code == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    assert r"Back-test of &lt;b&gt;q\x1b]0;t\x07\x1b[31m\x9b1m\u202e\u2066\u200b\nother.json" in page
    assert not any(mark in page for mark in ("\x1b", "\x9b", "\u202e", "\u2066", "<b>q"))


def test_a_traceback_is_shown_as_text(rebalance, tmp_path):
    write_account(tmp_path)
    done = rebalance("bots", "show", f"{HOSTILE}2", "--debug")
    assert done.code == 2
    assert "Traceback" in done.err
    assert done.err.split("\n") == [visible(line) for line in done.err.split("\n")]


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_a_question_is_shown_as_text(monkeypatch, capsys, answer):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ask(f"Trade {HOSTILE}?", "run", "nothing was done", yes=False)
    assert capsys.readouterr().err == f"Trade {visible(HOSTILE)}? [y/N]: "


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yesterday\n"])
def test_all_but_a_yes_is_a_no(monkeypatch, answer):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    with pytest.raises(BadInputError, match="the answer was no, so nothing was done"):
        ask("Trade?", "run", "nothing was done", yes=False)


PRINTING = {"print", "echo", "secho", "prompt", "input"}


def test_all_that_is_printed_goes_through_one_place() -> None:
    """Tables go through `report.console`, which makes every line visible too."""
    calls = {
        (str(file.relative_to(PACKAGE)), node.func.id)
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {file for file, name in calls if name in PRINTING} == {"cli/screen.py"}
