"""A sample of what `python tests/crash` does in full: killed twice, and the third start ends the evening."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CRASH = Path(__file__).parent / "crash"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only a system that forks has a fork server")
def test_wherever_it_is_killed_twice_the_third_start_ends_the_evening() -> None:
    """Without an order doubled or lost, and with every share explained by the journal."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(CRASH), "--sample", "14", "--jobs", "2"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "doubles     0\n" in done.stdout
    assert "unexplained 0\n" in done.stdout
