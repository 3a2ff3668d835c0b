"""One run at a time per brokerage account on a machine, whatever the state folders."""

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rebalancer.app.account import account_lock, accounts_folder
from rebalancer.config import AccountConfig
from rebalancer.errors import BusyError, RunFailedError
from rebalancer.model import Account, Venue
from rebalancer.venues.alpaca.venue import TRADING

HOST = TRADING["paper"].removeprefix("https://")
NOW = datetime(2026, 11, 20, 20, 50, tzinfo=UTC)
PAPER = AccountConfig("paper", broker="alpaca", settings={"base_url": TRADING["paper"]})
ELSEWHERE = AccountConfig("paper", broker="alpaca", settings={"base_url": "http://127.0.0.1:8080"})


@dataclass
class Broker:
    number: str = "PA1"
    venue: Venue = field(default_factory=lambda: Venue("alpaca", simulated=False))

    def account(self) -> Account:
        return Account(self.number, Decimal(1), Decimal(1), Decimal(1), NOW)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def locked(
    account: AccountConfig = PAPER, number: str = "PA1", state: str = "/srv/one"
) -> AbstractContextManager[None]:
    return account_lock(account, Broker(number), Path(state))


def test_the_error_of_a_second_run_names_the_lock_file_the_process_and_the_state_folder_of_the_first() -> None:
    with locked(), pytest.raises(BusyError) as refused, locked(state="/srv/two"):
        pass
    (file,) = accounts_folder().glob("*.lock")
    said = str(refused.value)
    assert f"another run trades account PA1 at {HOST} at this moment: process " in said
    assert "with the state folder /srv/one (it holds" in said
    assert str(file) in said
    with locked(state="/srv/two"):
        pass


def test_every_later_process_sees_the_first_holder_of_the_lock() -> None:
    with locked():
        for _ in range(2):
            with pytest.raises(BusyError, match="with the state folder /srv/one"), locked(state="/srv/two"):
                pass


def test_another_name_of_the_account_and_another_way_to_write_its_host_are_the_same_account() -> None:
    other = AccountConfig(
        "mine", broker="alpaca", settings={"base_url": TRADING["paper"].replace("paper", "PAPER") + "/"}
    )
    with locked(), pytest.raises(BusyError), locked(other):
        pass


@pytest.mark.parametrize(("account", "number"), [(PAPER, "PA2"), (ELSEWHERE, "PA1")])
def test_an_account_of_another_number_or_at_another_venue_is_free(account: AccountConfig, number: str) -> None:
    with locked(), locked(account, number):
        assert len([*accounts_folder().glob("*.lock")]) == 2


def test_a_simulated_account_is_a_file_of_its_own_and_takes_no_lock() -> None:
    simulated = Broker(venue=Venue("sim", simulated=True))
    with account_lock(AccountConfig("demo"), simulated, Path("/srv/one")):
        assert not accounts_folder().exists()


def test_the_lock_is_where_cron_and_a_login_shell_both_find_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They set XDG variables, and the name of a state folder, as they like."""
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "REBALANCE_STATE"):
        monkeypatch.setenv(name, str(home / "elsewhere"))
    assert accounts_folder() == home / ".local/state/rebalancer/accounts"


def test_the_lock_file_is_private_and_names_its_account() -> None:
    with locked():
        (file,), (holder,) = accounts_folder().glob("*.lock"), accounts_folder().glob("*.txt")
        assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(accounts_folder().stat().st_mode)) == (0o600, 0o700)
        assert holder.read_text().splitlines()[0] == f"account PA1 at {HOST}"


def test_an_unwritable_lock_folder_is_refused_and_named(home: Path) -> None:
    (home / ".local").write_text("a file where a folder should be")
    with pytest.raises(RunFailedError, match=r"accounts can't be written: .* make it writable for this user"), locked():
        pass


HOLDER = """
import sys
from pathlib import Path
from rebalancer.journal.lease import acquire
lock = acquire(Path(sys.argv[1]), str)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.posix
def test_a_killed_process_releases_its_lock() -> None:
    with locked():
        (file,) = accounts_folder().glob("*.lock")
    words = [sys.executable, "-c", HOLDER, str(file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError), locked():
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    with locked():
        pass
