"""`rebalance web` as a process of its own: what it says, where it listens, and how it ends."""

import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from stat import S_IMODE
from urllib.parse import urlsplit

import pytest
from web_process import COMMAND, environment, serving

WITHOUT_LIBRARY = "import sys; sys.modules['starlette'] = None; from rebalancer.cli import main; main()"


@pytest.mark.posix
def test_it_serves_on_loopback_with_a_token_of_its_owner_until_a_signal_ends_it(tmp_path):
    with serving(tmp_path, "--port", "0") as (process, said):
        place = urlsplit(said["address"])
        connection = HTTPConnection(place.hostname, place.port, timeout=300)
        connection.request("GET", "/health")
        assert (place.hostname, connection.getresponse().status) == ("127.0.0.1", 200)
        assert S_IMODE(Path(said["token_file"]).stat().st_mode) == 0o600
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0


@pytest.mark.posix
def test_it_serves_on_a_unix_socket_that_only_its_owner_opens_and_never_takes_another_servers(tmp_path):
    path = tmp_path / "web.socket"
    with serving(tmp_path, "--socket", str(path)) as (_, said):
        assert said["address"] == str(path)
        assert S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(path))
            asking.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert asking.recv(100).startswith(b"HTTP/1.1 200")
        second = subprocess.run(  # noqa: S603
            [*COMMAND, "--socket", str(path)], capture_output=True, text=True, env=environment(tmp_path), check=False
        )
        assert (second.returncode, "another server answers there" in second.stdout) == (2, True)


def test_without_its_libraries_it_says_how_to_install_them(tmp_path):
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-c", WITHOUT_LIBRARY, "web"],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        check=False,
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert "pip install 'rebalancer[web]'" in said.stderr


@pytest.mark.posix
@pytest.mark.parametrize(("mode", "content", "said"), [(0o644, "x" * 43, "chmod 600"), (0o600, "short", "delete it")])
def test_a_token_that_others_can_read_or_that_is_none_is_refused(rebalance, tmp_path, mode, content, said):
    file = tmp_path / "state" / "demo" / "web-token"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    file.chmod(mode)
    answer = rebalance("web", "--port", "0")
    assert answer.code == 2
    assert said in answer.err
