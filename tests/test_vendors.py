"""Nothing outside `venues/` names a vendor, and a venue's library is loaded only for an account there."""

import subprocess
import sys
from pathlib import Path

import rebalancer

PACKAGE = Path(rebalancer.__file__).parent
OPENED = """
import os, sys
from pathlib import Path
from rebalancer import config, demo
from rebalancer.app.evening import evening
settings = config.load(demo.config_path(), {**os.environ, "REBALANCE_STATE": sys.argv[1]})
with evening(settings, settings.accounts[0], dry_run=True):
    print([name for name in ("alpaca", "rebalancer.venues.alpaca") if name in sys.modules])
"""


def test_no_module_outside_venues_names_a_vendor() -> None:
    outside = (path for path in PACKAGE.rglob("*.py") if "venues" not in path.relative_to(PACKAGE).parts)
    assert [path for path in outside if "alpaca" in path.read_text("utf-8").lower()] == []


def test_a_simulated_evening_loads_no_other_venue(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
