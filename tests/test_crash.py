"""A sample of the crash sweep that `python tests/crash` runs in full: killed twice, the third start recovers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CRASH = Path(__file__).parent / "crash"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only a system that forks has a fork server")
def test_after_two_kills_at_any_step_the_third_start_completes_the_run() -> None:
    """No order is duplicated or lost, and the journal explains every share."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(CRASH), "--sample", "14", "--jobs", "2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "duplicates  0\n" in done.stdout
    assert "unexplained 0\n" in done.stdout
