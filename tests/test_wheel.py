"""The wheel installs without network into an empty environment, and what it installs is the whole program.

The environment sees the libraries of the one that runs the tests; that they can be fetched is not shown here.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="builds the wheel; the extra dev has it")

ROOT = Path(__file__).parent.parent
NOWHERE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PIP_CONFIG_FILE": os.devnull}


def called(*words: object, folder: Path) -> str:
    environment = {**os.environ, **NOWHERE, "REBALANCE_STATE": str(folder / "state"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603 - our own words
        [str(word) for word in words], capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone: its folder of programs."""
    folder = tmp_path_factory.mktemp("wheel")
    called(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    (wheel,) = folder.glob("rebalancer-*.whl")
    called(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    offline = ("--no-index", "--no-deps", "--no-cache-dir", "--disable-pip-version-check")
    called(sys.executable, "-m", "pip", "--python", python, "install", "-q", *offline, wheel, folder=folder)
    return programs


def test_the_wheel_alone_installs_the_program_and_its_notice(empty):
    site = next(empty.parent.glob("lib/python*/site-packages"))
    assert (empty / "rebalance").exists()
    assert {path.name for path in site.iterdir()} - {"rebalancer"} <= {"_virtualenv.py", *_own(site)}
    assert (site / "rebalancer" / "demo" / "NOTICE.txt").exists()
    assert not list(site.rglob("tests"))


def _own(site: Path) -> set[str]:
    return {path.name for path in site.glob("rebalancer-*.dist-info")}


def test_what_is_installed_passes_its_self_check(empty, tmp_path):
    """With the libraries of this environment: every file as recorded, and an evening of the demo traded by it."""
    site = next(empty.parent.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    answer = json.loads(called(empty / "rebalance", "self-check", "--json", folder=tmp_path))
    (checkup,) = answer["checkups"]
    verdicts = {check["name"]: check["verdict"] for check in checkup["checks"]}
    assert {"files", "python", "libraries", "SQLite", "time zones", "evening"} <= verdicts.keys()
    assert {*verdicts.values()} == {"pass"}
