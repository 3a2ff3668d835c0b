"""`--csv`, `--html` and `backup` overwrite nothing but older outputs of their own kind, and say so before any work."""

import os
from pathlib import Path

import pytest
from own_prices import write_account

pytestmark = pytest.mark.posix
OPTIONS = {"--csv": ["backtest", "b.json", "--csv"], "--html": ["backtest", "b.json", "--html"], "backup": ["backup"]}


@pytest.fixture
def traded(rebalance, tmp_path):
    """An account with a journal, and by its side what else may be in a person's folder."""
    write_account(tmp_path, {"SPY": ("400", "401", "402", "403", "404")}, {"asset": "SPY"})
    assert rebalance("run").code == 0
    (tmp_path / "letters.txt").write_text("dear bank")
    (tmp_path / "empty").write_text("")
    (tmp_path / "link").symlink_to("state/journal.sqlite")
    (tmp_path / "hard").hardlink_to("state/journal.sqlite")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere/x")
    (tmp_path / "new-price").symlink_to("prices/new.csv")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("state/journal.sqlite", "is the journal"),
        ("link", "is the journal"),
        ("hard", "is the journal"),
        ("folder/../state/journal.sqlite-wal", "is in the state folder"),
        ("state/dry-run.sqlite", "is in the state folder"),
        ("config.toml", "is the config"),
        ("b.json", "is a bot"),
        ("prices/closes.csv", "is in the folder of prices"),
        ("prices/new.csv", "is in the folder of prices"),
        ("prices/new.CSV.gz", "is in the folder of prices"),
        ("new-price", "is in the folder of prices"),
        ("letters.txt", "is there already, and is no output of"),
        ("empty", "is there already, and is no output of"),
        ("folder", "can't be written (Is a directory)"),
        ("pipe", "can't be written (it is no ordinary file)"),
        ("/dev/null", "can't be written (it is no ordinary file)"),
        ("nowhere/file", "can't be written (No such file or directory)"),
        ("dangling", "can't be written (No such file or directory)"),
        ("letters.txt/file", "can't be written (Not a directory)"),
        ("loop", "can't be written (Too many levels of symbolic links)"),
        ("x" * 300, "can't be written (File name too long)"),
    ],
)
@pytest.mark.parametrize("option", OPTIONS)
def test_what_must_not_be_overwritten_is_refused_and_stays(rebalance, traded, option, file, why):
    before = content(traded)
    output = rebalance(*OPTIONS[option], file)
    assert (output.code, output.out) == (2, "")
    assert output.err.startswith(f"rebalance: {option}: {file} {why}")
    assert output.err.endswith(": name another file\n")
    assert content(traded) == before


@pytest.mark.parametrize("file", ["csv", "html"])
def test_an_older_output_is_replaced_by_one_of_its_kind_alone(rebalance, traded, file):
    assert rebalance("backtest", "b.json", "--csv", "csv", "--html", "html").code == 0
    before = content(traded)
    output = rebalance("backtest", "b.json", "--to", "2022-06-09", f"--{file}", file)
    assert output.code == 0
    changed = [path for path, text in content(traded).items() if text != before[path]]
    assert changed == [str(traded / file)]
    for option in {"--csv", "--html"} - {f"--{file}"}:
        assert "is no output of" in rebalance("backtest", "b.json", option, file).err
    assert "is no output of backup" in rebalance("backup", file).err


def test_a_refusal_comes_before_the_work(rebalance, traded):
    """Not after it: the bot that can't be back-tested is not even read."""
    (traded / "prices/closes.csv").unlink()
    output = rebalance("backtest", "gone.json", "--csv", "pipe", "--html", "folder")
    assert [line.partition(" can't")[0] for line in output.err.splitlines()] == [
        "rebalance: --csv: pipe",
        "--html: folder",
    ]


def test_two_outputs_need_two_files(rebalance, traded):
    output = rebalance("backtest", "b.json", "--csv", "one", "--html", "folder/../one")
    assert output.code == 2
    assert "--html: folder/../one is named twice" in output.err
    assert not (traded / "one").exists()


def test_a_report_may_lie_beside_the_prices(rebalance, traded):
    assert rebalance("backtest", "b.json", "--html", "prices/report.html").code == 0
    assert rebalance("data", "status").code == 0
