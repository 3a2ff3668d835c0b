"""What systemd hears: that the schedule is ready, at what it works, that it lives and ends. No run waits for it."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rebalancer.market.clock import SimulatedClock
from rebalancer.notify.systemd import Supervisor, tell

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)


@pytest.fixture
def socket_of_systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(0)
        yield listening


def heard(listening: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(listening.recv(4096).decode())
        except BlockingIOError:
            return found


def test_each_state_is_a_datagram_of_lines(socket_of_systemd, tmp_path):
    supervisor = Supervisor(str(tmp_path / "notify"), SimulatedClock(NOON), pytest.fail)
    supervisor.ready()
    supervisor.alive("Next run: main at 2026-11-23 15:50 EST")
    supervisor.stopping()
    assert heard(socket_of_systemd) == [
        "READY=1",
        "STATUS=Next run: main at 2026-11-23 15:50 EST\nWATCHDOG=1",
        "STOPPING=1",
    ]


def test_each_second_of_work_is_a_sign_of_life_and_silence_is_none(socket_of_systemd, tmp_path):
    clock = SimulatedClock(NOON)
    supervisor = Supervisor(str(tmp_path / "notify"), clock, pytest.fail)
    supervisor.working("Asking Trend", 1, 4)
    supervisor.working("Asking Hedge", 2, 4)
    clock.sleep(1)
    supervisor.working("Waiting at most 20 s for the sell of SPY")
    clock.sleep(600)
    assert heard(socket_of_systemd) == [
        "STATUS=Asking Trend (1 of 4)\nWATCHDOG=1",
        "STATUS=Waiting at most 20 s for the sell of SPY\nWATCHDOG=1",
    ]


def test_a_name_in_a_status_can_not_forge_a_line_of_the_protocol(socket_of_systemd, tmp_path):
    Supervisor(str(tmp_path / "notify"), SimulatedClock(NOON), pytest.fail).alive("Asking a\nSTOPPING=1")
    assert heard(socket_of_systemd) == ["STATUS=Asking a\\nSTOPPING=1\nWATCHDOG=1"]


@pytest.mark.linux
def test_an_address_in_the_abstract_namespace_is_reached():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0rebalancer-test")
        assert tell("@rebalancer-test", "READY=1") is None
        assert listening.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_sent():
    said: list[str] = []
    supervisor = Supervisor("", SimulatedClock(NOON), said.append)
    supervisor.ready()
    supervisor.working("Asking Trend")
    supervisor.stopping()
    assert said == []


# ------------------------------------------------------------------------------------------------ faults


def absent(folder: Path) -> str:
    return str(folder / "nobody")


def no_socket(folder: Path) -> str:
    (folder / "file").write_text("")
    return str(folder / "file")


def nonsense(folder: Path) -> str:
    return f"{folder}/{'x' * 200}"


@pytest.mark.parametrize("address", [absent, no_socket, nonsense])
def test_a_socket_that_is_not_there_is_reported_once_and_raises_nothing(tmp_path, address):
    reported: list[str] = []
    supervisor = Supervisor(address(tmp_path), SimulatedClock(NOON), reported.append)
    supervisor.ready()
    supervisor.alive("Next run: main")
    supervisor.stopping()
    (said,) = reported
    assert said.startswith("systemd can't be reached at ")


def test_a_systemd_that_reads_nothing_is_not_waited_for(socket_of_systemd, tmp_path):
    reported: list[str] = []
    supervisor = Supervisor(str(tmp_path / "notify"), SimulatedClock(NOON), reported.append)
    for number in range(2_000):  # more than any queue of datagrams
        supervisor.alive(f"Look {number} {'.' * 500}")
    assert len(reported) == 1
    assert heard(socket_of_systemd)
    supervisor.alive("Next run: main")
    assert heard(socket_of_systemd) == ["STATUS=Next run: main\nWATCHDOG=1"]
