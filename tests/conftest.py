"""Everything is loaded before any test freezes time: what is first loaded then keeps freezegun's dates for ever.

And pandas would crash the interpreter (pandas #64023).
"""

import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NamedTuple

import pandas_market_calendars  # noqa: F401
import pytest
from answers_schema import require_valid
from hypothesis import settings
from typer.testing import CliRunner

import rebalancer
from rebalancer.cli import main
from rebalancer.cli.app import app
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock

settings.register_profile("project", deadline=None, print_blob=True)
# The same input at every run: a red check is caused by the change that it checks. `.ci/run search` draws other input.
settings.register_profile("ci", settings.get_profile("project"), derandomize=True)
settings.register_profile("search", settings.get_profile("project"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))

for module in walk_packages(rebalancer.__path__, "rebalancer."):
    if not module.name.endswith("__main__"):
        import_module(module.name)
# typer loads its dates with the first one that it reads.
assert CliRunner().invoke(app, ["run", "--as-of", "no date"]).exit_code == 2

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # no test opens the keyring of who runs it


class CommandResult(NamedTuple):
    code: int
    out: str
    err: str


def pytest_configure(config: pytest.Config) -> None:
    """A warning caused by our own code, or by a test, fails the test."""
    files = Path(__file__).parent.rglob("*.py")
    ours = "|".join(sorted({file.parent.name if file.stem == "__init__" else file.stem for file in files}))
    config.addinivalue_line("filterwarnings", rf"error:::({ours})(\.|$)")


SKIPPED = {
    "posix": (os.name != "posix", "FIFOs, devices, file modes, umask and fork exist on Linux and macOS only"),
    "linux": (sys.platform != "linux", "/proc and the limit of a process's memory exist on Linux only"),
}


EVENINGS = {
    "lab/test_regressions.py",
    "test_lab.py",
    "test_secrets.py",
    "cli/test_outputs.py",
    "cli/test_run_watched.py",
    "trading/test_alpaca_evening.py",
    "trading/test_alpaca_rough_edges.py",
    "trading/test_every_call_fails.py",
    "trading/test_external_trades_alpaca.py",
    "trading/test_golden_days.py",
    "trading/test_own_cash.py",
    "trading/test_request_count.py",
    "trading/test_resume.py",
    "trading/test_unknown_outcomes.py",
    "bots/flowchart/test_evaluate.py",
    "bots/flowchart/test_history.py",
}
"""Tests of hundreds of whole evenings and back-tests: what they reach, others reach too, in half the time."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `posix` or `linux` are skipped on other systems.

    Coverage counts what tests of named cases reach, never what random input happened to reach.
    """
    evenings = {Path(__file__).parent / file for file in EVENINGS}
    for item in items:
        if item.path in evenings:
            item.add_marker(pytest.mark.no_cover)
        if getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.no_cover)
            item.add_marker(pytest.mark.random)
        for mark, (skipped, reason) in SKIPPED.items():
            if skipped and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


Command = Callable[..., CommandResult]
LOOPBACK = re.compile(r"localhost|127(\.\d+){3}|::1")


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test writes into the home of who runs it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, str(home))
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
            patch.delenv(name, raising=False)
        yield home


@pytest.fixture(autouse=True, scope="session")
def only_this_machine() -> Iterator[None]:
    """No test reaches beyond this machine, not even to ask for a name. Not an OSError: those are for the network."""

    def guarded(call: Callable[..., object], place: Callable[..., object]) -> Callable[..., object]:
        def checked(*words: object, **named: object) -> object:
            host = place(*words)
            if host is not None and not LOOPBACK.fullmatch(str(host)):
                raise AssertionError(f"a test wanted to reach {host}")
            return call(*words, **named)

        return checked

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name), _peer))
        patch.setattr(socket, "getaddrinfo", guarded(socket.getaddrinfo, lambda host, *_: host))
        yield


def _peer(connecting: socket.socket, address: object) -> object:
    """The host to connect to; None for a socket that is no network's."""
    is_network = connecting.family in {socket.AF_INET, socket.AF_INET6}
    return address[0] if is_network and isinstance(address, tuple) else None


@pytest.fixture(scope="session")
def sessions_kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the sessions of the NYSE: computing them takes a process longer than most commands."""
    folder = tmp_path_factory.mktemp("sessions")
    ExchangeCalendar(SystemClock(), folder=folder).sessions(date(2010, 1, 1), date(2020, 1, 31))
    return folder


@pytest.fixture
def rebalance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line as a person has it: words in, an exit code and two streams out; state in the test's folder."""
    monkeypatch.setenv("REBALANCE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nothing"))
    monkeypatch.delenv("REBALANCE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*words: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["rebalance", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        if "--json" in words and out.startswith("{"):
            require_valid(words, out)
        return CommandResult(int(ended.value.code or 0), out, err)

    return command
