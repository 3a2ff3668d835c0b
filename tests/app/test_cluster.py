"""Work on a Dask cluster: two worker processes on this machine."""

import json
import logging
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import parts_of_work
import pytest
from dask_cluster import DaskProcesses
from sweeps import Interrupted, swept

import rebalancer
from rebalancer.app.cluster import LOGGERS, connected, require_safe
from rebalancer.app.executor import Serial
from rebalancer.config.sweep import ClusterSettings
from rebalancer.errors import BadInputError, RunFailedError

CLOSES = parts_of_work.closes()
PLAIN = ClusterSettings()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    pytest.importorskip("distributed", reason="distributed, of the extra `cluster`, is not installed")
    processes = DaskProcesses(tmp_path_factory.mktemp("dask"))
    yield processes
    processes.close()


def up(processes: DaskProcesses, count: int, files: ClusterSettings | None = None) -> None:
    """Wait until so many workers have joined."""
    from distributed import Client, Security

    security = None
    if files:
        named = {"tls_ca_file": files.ca, "tls_client_cert": files.certificate, "tls_client_key": files.key}
        security = Security(require_encryption=True, **{name: str(path) for name, path in named.items()})
    with Client(processes.address, set_as_default=False, security=security) as client:
        client.wait_for_workers(count)


def test_results_are_those_of_one_process_to_the_last_bit(cluster):
    up(cluster, 2)
    parts = list(range(7))
    with connected(PLAIN, cluster.address) as found:
        assert found.workers == 2
        assert sorted(found.results(parts_of_work.total, CLOSES, parts)) == list(
            Serial().results(parts_of_work.total, CLOSES, parts)
        )


def test_a_sweep_says_the_same_as_on_this_machine(cluster, tmp_path):
    up(cluster, 2)
    with connected(PLAIN, cluster.address) as found:
        assert swept(tmp_path, store="there", executor=found).ranking == swept(tmp_path, store="here").ranking


def test_the_command_takes_the_address(cluster, rebalance, tmp_path):
    up(cluster, 2)
    swept(tmp_path)
    said = rebalance("sweep", "spec.toml", "--dask", cluster.address, "--store", "there", "--json")
    assert said.code == 0, said
    assert json.loads(said.out)["computed"] == 6
    again = rebalance("sweep", "spec.toml", "--store", "store.sqlite", "--json")
    assert json.loads(said.out)["ranking"] == json.loads(again.out)["ranking"]


def test_what_work_raises_is_raised_here(cluster):
    up(cluster, 2)
    with connected(PLAIN, cluster.address) as found, pytest.raises(BadInputError, match="the second part is wrong"):
        list(found.results(parts_of_work.raises_at_two, CLOSES, [1, 2, 1]))


def test_a_lost_worker_costs_a_retry_and_not_the_run(cluster, tmp_path):
    cluster.start_worker("third")
    up(cluster, 3)
    parts = [tmp_path / str(number) for number in range(6)]
    with connected(PLAIN, cluster.address) as found:
        assert dict(found.results(parts_of_work.ends_its_first_worker, CLOSES, parts)) == {
            number: str(number) for number in range(6)
        }
    assert (tmp_path / "2").exists()


def another_numpy(folder) -> None:
    (folder / "sitecustomize.py").write_text('import numpy\nnumpy.__version__ = "1.0"\n')


def another_library(folder) -> None:
    (folder / "cloudpickle-1.0.dist-info").mkdir()
    (folder / "cloudpickle-1.0.dist-info" / "METADATA").write_text("Name: cloudpickle\nVersion: 1.0\n")


def another_program(folder) -> None:
    """One line of how variants are tried is another."""
    shutil.copytree(Path(rebalancer.__file__).parent, folder / "rebalancer", ignore=shutil.ignore_patterns("*.pyc"))
    with (folder / "rebalancer" / "app" / "variants.py").open("a") as file:
        file.write("# changed\n")


@pytest.mark.filterwarnings("ignore:Mismatched versions found")  # by Dask itself
@pytest.mark.parametrize(
    ("made", "said"),
    [
        (another_numpy, r"numpy 1\.0 there and 2"),
        (another_library, r"cloudpickle 1\.0 there and [2-9]"),
        (another_program, r"code [0-9a-f]{16} there and [0-9a-f]{16} here"),
    ],
)
def test_a_worker_that_would_compute_something_else_is_refused_by_its_name(cluster, tmp_path, made, said):
    made(tmp_path)
    up(cluster, 2)
    other = cluster.start_worker("other", ahead=str(tmp_path))
    up(cluster, 3)
    refused = pytest.raises(RunFailedError, match=rf"1 worker would .*: tcp://127\.0\.0\.1:\d+ \({said}")
    with refused as told, connected(PLAIN, cluster.address):
        pass
    assert told.value.exit_code == 4
    other.kill()
    other.wait()


def test_a_worker_that_joins_later_and_would_compute_something_else_is_refused_by_its_name(cluster, tmp_path):
    another_numpy(tmp_path)
    up(cluster, 2)
    others = []

    def joins() -> None:
        others.append(cluster.start_worker("late", ahead=str(tmp_path)))
        up(cluster, 3)

    said = r"worker tcp://127\.0\.0\.1:\d+ joined with another program: numpy 1\.0 there and 2.* repeat the command"
    with connected(PLAIN, cluster.address) as found, pytest.raises(RunFailedError, match=said):
        list(Interrupted(found, joins).results(parts_of_work.total, CLOSES, [0] * 60))
    for other in others:
        other.kill()
        other.wait()


def test_a_cluster_without_workers_says_so(tmp_path):
    pytest.importorskip("distributed", reason="distributed, of the extra `cluster`, is not installed")
    processes = DaskProcesses(tmp_path, workers=0)
    with pytest.raises(RunFailedError, match="has no workers: start some"), connected(PLAIN, processes.address):
        pass
    processes.close()


def test_a_cluster_that_loses_its_last_worker_then_its_scheduler_ends_a_sweep_that_goes_on_later(tmp_path):
    """One cluster for both: starting one takes seconds."""
    pytest.importorskip("distributed", reason="distributed, of the extra `cluster`, is not installed")
    with closing(DaskProcesses(tmp_path, workers=1)) as processes:
        scheduler, worker = processes.processes
        up(processes, 1)
        waiting = [tmp_path / "0", tmp_path / "1"]  # the second of them waits for ever
        with connected(PLAIN, processes.address, patience=0.6) as found:
            refused = pytest.raises(RunFailedError, match=r"had no worker for 0\.6 seconds.* repeat the command")
            results = found.results(parts_of_work.waits_after_the_first, CLOSES, waiting)
            assert next(results) == (0, 0)
            worker.kill()
            with refused as told:
                next(results)
        assert told.value.exit_code == 4
        processes.start_worker("another")
        up(processes, 1)
        lost = pytest.raises(RunFailedError, match=r"was lost\. Start what is missing")
        with (
            closing(Logged()) as logged,
            connected(PLAIN, processes.address, seconds=8, patience=1.5) as found,
            lost,
        ):
            swept(tmp_path, executor=Interrupted(found, scheduler.kill))
        assert logged.messages == []  # the error says it, and Dask no more
    again = swept(tmp_path, executor=Serial())
    assert (again.known, again.computed) == (1, 5)
    assert again.ranking == swept(tmp_path, store="anew.sqlite", executor=Serial()).ranking


class Logged(logging.Handler):
    """The messages of Dask's loggers."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []
        for name in LOGGERS:
            logging.getLogger(name).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def close(self) -> None:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(self)
        super().close()


def test_no_scheduler_is_told_with_the_remedy():
    pytest.importorskip("distributed", reason="distributed, of the extra `cluster`, is not installed")
    refused = pytest.raises(RunFailedError, match="no Dask scheduler answers at tcp://127")
    with refused, connected(PLAIN, "tcp://127.0.0.1:9", seconds=0.2):
        pass


MANUAL = Path(__file__).parents[2] / "docs" / "sweep.md"


def certificates(folder) -> ClusterSettings:
    """Made by the commands of the manual."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificates, is not installed")
    commands = [line for line in MANUAL.read_text().splitlines() if line.startswith("openssl ")]
    assert len(commands) == 3
    for command in commands:
        subprocess.run(shlex.split(command), cwd=folder, check=True, capture_output=True)  # noqa: S603 - of the manual
    return ClusterSettings(ca=folder / "ca.pem", certificate=folder / "cert.pem", key=folder / "key.pem")


def test_tls_with_certificates_on_both_sides(tmp_path):
    pytest.importorskip("distributed", reason="distributed, of the extra `cluster`, is not installed")
    files = certificates(tmp_path)
    tls = [
        f"--tls-{name}={path}"
        for name, path in (("ca-file", files.ca), ("cert", files.certificate), ("key", files.key))
    ]
    processes = DaskProcesses(tmp_path, workers=1, protocol="tls", tls=tls)
    try:
        assert processes.address.startswith("tls://127.0.0.1:")
        with pytest.raises(RunFailedError, match="certificates"), connected(PLAIN, processes.address, seconds=1):
            pass
        up(processes, 1, files)
        with connected(files, processes.address) as found:
            (there,) = found.results(parts_of_work.total, CLOSES, [3])
        assert there == (0, parts_of_work.total(CLOSES, 3))
    finally:
        processes.close()


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:8786", "tls://10.0.0.5:8786"]
)
def test_what_stays_here_or_is_encrypted_is_safe(address):
    require_safe(address, allow_unencrypted=False)


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tcp://example.org:8786", "tcp://0.0.0.0:8786"])
def test_what_leaves_this_machine_unencrypted_is_refused_unless_the_spec_says_otherwise(address):
    require_safe(address, allow_unencrypted=True)
    with pytest.raises(BadInputError, match=r"without encryption.*use tls://.*allow_unencrypted = true"):
        require_safe(address, allow_unencrypted=False)


@pytest.mark.parametrize(
    "address", ["", "8786", "10.0.0.5:8786", "http://10.0.0.5:80", "tcp://x", "tcp://[", "tls://x:y"]
)
def test_what_is_no_address_is_refused_with_examples(address):
    with pytest.raises(BadInputError, match="is no address of a scheduler: write it as tls://"):
        require_safe(address, allow_unencrypted=True)


def test_without_distributed_the_remedy_is_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused = pytest.raises(BadInputError, match=r"pip install 'rebalancer\[cluster\]'")
    with refused, connected(PLAIN, "tcp://127.0.0.1:8786"):
        pass


def test_the_spec_may_name_the_cluster_and_workers_are_of_this_machine(rebalance, tmp_path):
    swept(tmp_path)
    said = rebalance("sweep", "spec.toml", "--dask", "tcp://127.0.0.1:8786", "--workers", 2)
    assert (said.code, "take one of them out" in said.err) == (2, True)
    spec = tmp_path / "spec.toml"
    spec.write_text(spec.read_text() + '[cluster]\naddress = "tcp://10.0.0.5:8786"\n')
    said = rebalance("sweep", "spec.toml")
    named = re.search(r"spec\.toml, line \d+: cluster\.address: tcp://10\.0\.0\.5:8786 leaves this machine", said.err)
    assert (said.code, bool(named)) == (2, True), said.err
    assert rebalance("sweep", "spec.toml", "--workers", 1).code == 0
    said = rebalance("sweep", "spec.toml", "--dask", "tcp://10.0.0.6:8786")
    assert (said.code, "--dask: tcp://10.0.0.6:8786 leaves this machine" in said.err) == (2, True), said.err


def test_a_certificate_that_is_not_there_is_named_by_the_spec_s_line_and_key(rebalance, tmp_path):
    swept(tmp_path)
    spec = tmp_path / "spec.toml"
    spec.write_text(spec.read_text() + '[cluster]\naddress = "tls://10.0.0.5:8786"\nca = "nowhere.pem"\n')
    said = rebalance("sweep", "spec.toml")
    named = re.search(r"spec\.toml, line \d+: cluster\.ca: nowhere\.pem is no file: name one", said.err)
    assert (said.code, bool(named)) == (2, True), said.err
