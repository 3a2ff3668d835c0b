"""A closed terminal or a missing library of another broker does not affect a run."""

import os
import subprocess
import sys
from pathlib import Path

from rebalancer.journal import read

RUN = "import sys; sys.argv = ['rebalance', 'run']; from rebalancer.cli import main; main()"


def run(folder: Path, program: str, **surroundings: object) -> subprocess.CompletedProcess[bytes]:
    """The demo's evening in a process of its own."""
    places = {"REBALANCE_STATE": str(folder), "XDG_CONFIG_HOME": str(folder / "nothing")}
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], env={**os.environ, **places}, cwd=folder, check=False, **surroundings
    )


def test_a_run_completes_even_if_its_terminal_is_closed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run(tmp_path, RUN, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    record = read.run(tmp_path / "demo" / "journal.sqlite", None)
    assert record.run.status == "success"
    assert record.orders


def test_a_missing_library_of_one_broker_does_not_stop_the_others(tmp_path: Path) -> None:
    done = run(tmp_path, f"import sys; sys.modules['alpaca'] = None; {RUN}", capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-500:]
    assert read.run(tmp_path / "demo" / "journal.sqlite", None).run.status == "success"
