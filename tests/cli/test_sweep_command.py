"""`rebalance sweep` as a person has it."""

import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

SPEC = re.search(
    r"^```toml\n(bot = .+?)^```",
    (Path(__file__).parents[2] / "docs/sweep.md").read_text("utf-8"),
    re.DOTALL | re.MULTILINE,
)[1]


@pytest.fixture
def spec(tmp_path) -> Path:
    """The one of docs/sweep.md."""
    (tmp_path / "window.toml").write_text(SPEC)
    return tmp_path / "window.toml"


def answer(rebalance, *words: object, code: int = 0):
    said = rebalance("sweep", *words, "--json")
    assert said.code == code, said
    return json.loads(said.out)


def test_the_spec_of_the_manual_runs_and_the_screen_says_how_many_were_tried(rebalance, spec):
    said = rebalance("sweep", spec)
    assert said.code == 0, said.err
    assert said.err == ""
    for words in (
        "Sweep of dual_momentum: 6 of 6 variants tried",
        "Of 6 variants tried, the best has a Sharpe ratio of",
        "by luck alone",
        "Deflated Sharpe ratio",
        "Probability of back-test overfitting about 0.",
        "Ranking, 6 variants",
        "One step from the best",
        "Walk-forward: chosen on the past alone",
    ):
        assert words in said.out


def test_json_says_the_same_as_the_screen(rebalance, spec):
    screen, found = rebalance("sweep", spec).out, answer(rebalance, spec)
    ranking = found["ranking"]
    assert (found["known"], found["computed"]) == (6, 0)
    for each in ranking["trials"]:
        cells = [str(each["rank"]), *map(str, each["values"].values()), f"{each['sharpe']:.2f}"]
        assert re.search(r"\s+".join(cells), screen)
    assert f"{ranking['deflation']['tried']} variants tried" in screen
    assert f"that followed is {ranking['walk_forward_sharpe']:.2f}" in screen
    assert f"about {ranking['overfitting']['probability']:.1f}" in screen


@pytest.mark.posix
def test_the_number_of_workers_changes_no_bit(rebalance, spec):
    found = [
        answer(rebalance, spec, "--workers", workers, "--store", f"{workers}.sqlite")["ranking"] for workers in (1, 2)
    ]
    assert found[0] == found[1]


def test_all_variants_are_written_as_csv_and_parquet(rebalance, spec, tmp_path):
    ranking = answer(rebalance, spec, "--csv", "all.csv", "--parquet", "all.parquet")["ranking"]
    with (tmp_path / "all.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["rank"]), int(row["window"]), row["bond"], float(row["sharpe"])) for row in rows] == [
        (each["rank"], *each["values"].values(), each["sharpe"]) for each in ranking["trials"]
    ]
    table = pq.read_table(tmp_path / "all.parquet").to_pylist()
    assert [row["sharpe"] for row in table] == [each["sharpe"] for each in ranking["trials"]]
    assert rebalance("sweep", spec, "--csv", "all.csv").code == 0  # over its own output


def test_the_page_has_a_heat_map_and_no_script(rebalance, spec, tmp_path):
    assert rebalance("sweep", spec, "--html", "page.html").code == 0
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg ") == 1
    assert page.count("<rect ") == 6
    assert "Sharpe ratio by window and bond" in page
    assert "Deflated Sharpe ratio" in page
    assert "light, to" in page
    assert '<th scope="col" class="text">bond</th>' in page
    assert '<th scope="col">window</th>' in page
    assert "script" not in page
    assert "default-src 'none'" in page


def test_one_parameter_is_one_row_and_three_are_three_maps(rebalance, spec, tmp_path):
    one = SPEC.partition("[parameters.bond]")[0]
    spec.write_text(one)
    assert rebalance("sweep", spec, "--html", "one.html").code == 0
    page = (tmp_path / "one.html").read_text()
    assert (page.count("<svg "), page.count("<rect ")) == (1, 3)
    spec.write_text(
        f'{SPEC}[parameters.<pick>]\nat = "chart.then.filter.by.window"\nvalues = [126, 252]\n'.replace(
            "<pick>", '"<pick>"'
        )
    )
    assert rebalance("sweep", spec, "--html", "three.html").code == 0
    page = (tmp_path / "three.html").read_text()
    assert page.count("<svg ") == 3
    assert "the mean over all other parameters" in page
    assert "<pick>" not in page


def test_a_variant_that_fails_is_listed_with_exit_code_3(rebalance, spec):
    spec.write_text(SPEC.replace("to = 252", "to = 6300").replace("step = 63", "step = 3087"))
    said = rebalance("sweep", spec, "--csv", "all.csv")
    assert said.code == 3
    assert "Failed, 4 in all" in said.out
    assert "not everything that the bots may need exists" in said.out
    assert len(Path("all.csv").read_text().splitlines()) == 7


def test_nothing_to_rank_is_exit_code_4_and_says_why(rebalance, spec):
    spec.write_text(SPEC.replace("from = 2008-01-01", "from = 2016-06-20"))
    said = rebalance("sweep", spec, "--html", "page.html")
    assert said.code == 4
    assert "Nothing to rank" in said.out
    assert "Nothing to rank" in Path("page.html").read_text()


def test_a_mistake_in_the_spec_names_file_line_key_and_remedy(rebalance, spec):
    spec.write_text(SPEC.replace("blocks = 10", "blocks = 9"))
    found = answer(rebalance, spec, code=2)
    (problem,) = found["error"]["problems"]
    assert (problem["source"], problem["place"]) == (str(spec), "blocks")
    assert problem["line"] == 1 + SPEC[: SPEC.index("blocks =")].count("\n")
    assert "use an even number" in problem["text"]


@pytest.mark.parametrize("option", ["--csv", "--html", "--parquet"])
def test_a_file_of_mine_is_not_written_over(rebalance, spec, option):
    Path("mine").write_text("of mine")
    said = rebalance("sweep", spec, option, "mine")
    assert said.code == 2
    assert f"{option}: mine is there already" in said.err
    assert Path("mine").read_text() == "of mine"


COMMAND = [sys.executable, "-m", "rebalancer", "sweep"]
VARIANTS = 20_000
"""The most that a sweep may have: a minute of work, so that none ends by itself before a slow test has ended it."""
WINDOW = '[parameters.{side}]\nat = "chart.if.{side}.cumulative-return.window"\nfrom = 2\nto = 101\nstep = 1\n'
BOND = SPEC[SPEC.index("[parameters.bond]") :]
SLOW = SPEC.partition("[parameters.")[0] + "".join(WINDOW.format(side=side) for side in ("left", "right")) + BOND


def stored(store: Path) -> int:
    if not store.exists():
        return 0
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection, connection:
        try:
            return connection.execute("SELECT COUNT(*) FROM trials").fetchone()[0]
        except sqlite3.OperationalError:  # the table is being made
            return 0


@pytest.mark.posix
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "the same command goes on there"),
        (signal.SIGTERM, 130, "the same command goes on there"),
        (signal.SIGKILL, -signal.SIGKILL, ""),
    ],
)
def test_whatever_ends_it_what_was_stored_is_kept_and_no_process_or_file_is_left(spec, tmp_path, number, code, said):
    """Ctrl-C goes to the workers too, as on a terminal."""
    spec.write_text(SLOW)
    store, temporary = tmp_path / "store.sqlite", tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "REBALANCE_STATE": str(tmp_path), "TMPDIR": str(temporary)}
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [*COMMAND, spec, "--workers", "2", "--store", store],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        text=True,
    ) as process:
        while stored(store) < 40:
            with pytest.raises(subprocess.TimeoutExpired):  # it must not end by itself
                process.wait(timeout=0.05)
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        _, err = process.communicate(timeout=300)  # and the workers have closed their ends of the pipes
    assert process.returncode == code
    assert said in err
    assert "Traceback" not in err
    assert list(temporary.iterdir()) == []
    assert 40 <= stored(store) < VARIANTS
    with closing(sqlite3.connect(store)) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
