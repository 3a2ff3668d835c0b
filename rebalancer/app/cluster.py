"""Work on other machines: a Dask cluster that a person started. `distributed`, an extra, is imported only here.

A scheduler runs whatever it is sent, so a connection that leaves this machine must be encrypted and certified on both
sides, unless the spec says otherwise. docs/sweep.md says how a cluster is started.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from rebalancer.app.executor import LostPart, Part, Result
from rebalancer.app.fingerprint import fingerprint
from rebalancer.config.sweep import ClusterSettings, SweepSpec
from rebalancer.errors import BadInputError, RunFailedError
from rebalancer.model import Closes
from rebalancer.model.text import counted, listed

LIBRARIES = ("ijson", "dask", "distributed", "msgpack", "cloudpickle")
"""Beside numpy: they read bots, or carry work and results."""
LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")
SECONDS_TO_ANSWER = 15
SECONDS_WITHOUT_WORKER = 60


def require_usable(spec: SweepSpec, address: str) -> None:
    """Raises BadInputError, by the spec's file, line and key where it is the spec that names what can't be used."""
    files = {key: getattr(spec.cluster, key) for key in ("ca", "certificate", "key")}
    problems = [
        spec.problem(f"cluster.{key}", f"{path} is no file: name one by its path from the folder of this spec")
        for key, path in files.items()
        if path and not path.is_file()
    ]
    try:
        require_safe(address, allow_unencrypted=spec.cluster.allow_unencrypted)
    except BadInputError as error:
        if address != spec.cluster.address:
            raise
        problems.extend(spec.problem("cluster.address", each.text) for each in error.problems)
    if problems:
        raise BadInputError(problems)


def require_safe(address: str, *, allow_unencrypted: bool) -> None:
    """Raises BadInputError unless `address` is tls://, or tcp:// on this machine; or `allow_unencrypted`."""
    scheme, host = _scheme_and_host(address)
    if scheme not in {"tcp", "tls"} or not host:
        text = f"{address!r} is no address of a scheduler: write it as tls://10.0.0.5:8786 or tcp://127.0.0.1:8786"
        raise BadInputError.of("--dask", text)
    if scheme == "tcp" and not (allow_unencrypted or _on_this_machine(host)):
        text = f"{address} leaves this machine without encryption, and whoever reaches a scheduler can run any program"
        remedy = "use tls:// (docs/sweep.md), or on a network of your own allow_unencrypted = true in [cluster]"
        raise BadInputError.of("--dask", f"{text} on its workers: {remedy}")


def _scheme_and_host(address: str) -> tuple[str, str]:
    """The host is "" where it or the port is missing."""
    try:
        parts = urlsplit(address)
        complete = parts.port is not None
    except ValueError:
        return "", ""
    return parts.scheme, (parts.hostname or "") if complete else ""


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def connected(
    settings: ClusterSettings,
    address: str,
    seconds: float = SECONDS_TO_ANSWER,
    patience: float = SECONDS_WITHOUT_WORKER,
) -> Iterator["DaskCluster"]:
    """The cluster whose scheduler at `address` answers within so many seconds; see DaskCluster for `patience`.

    Raises BadInputError for an address that is not safe or without `distributed`, and RunFailedError where no scheduler
    answers, or a worker has another version of this program, of a library or of Python.
    """
    require_safe(address, allow_unencrypted=settings.allow_unencrypted)
    distributed = _distributed()
    try:
        client = distributed.Client(
            address, timeout=seconds, security=_security(distributed, settings, address), set_as_default=False
        )
    except (OSError, ValueError, TypeError) as error:  # not there; not the same protocol; no certificate
        text = f"no Dask scheduler answers at {address} ({type(error).__name__}: {error}). Is it started, and are the "
        raise RunFailedError(
            f"{text}certificates of [cluster] those of the cluster? docs/sweep.md says how."
        ) from error
    with _unlogged(), client:
        yield DaskCluster(client, address, _same_workers(client, address), patience)


@contextmanager
def _unlogged() -> Iterator[None]:
    """Dask logs a lost connection with tracebacks; who uses it raises an error that says it once, with the remedy."""
    before = {logger: logger.level for logger in map(logging.getLogger, LOGGERS)}
    try:
        for logger in before:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def _distributed() -> Any:  # noqa: ANN401 - it is not always installed
    try:
        return import_module("distributed")
    except ModuleNotFoundError as error:
        text = "needs distributed: install it here and on each worker with `pip install 'rebalancer[cluster]'`"
        raise BadInputError.of("--dask", text) from error


def _security(distributed: Any, settings: ClusterSettings, address: str) -> Any:  # noqa: ANN401
    """For tls://: the files of the spec, and for those that it does not name Dask's own settings."""
    if not address.startswith("tls:"):
        return None
    files = {"tls_ca_file": settings.ca, "tls_client_cert": settings.certificate, "tls_client_key": settings.key}
    named = {name: str(path) for name, path in files.items() if path}
    return distributed.Security(require_encryption=True, **named)


def _same_workers(client: Any, address: str) -> int:  # noqa: ANN401
    """How many workers there are. Raises RunFailedError for one that would compute something else, by its name."""
    found = client.run(facts, on_error="return")
    if not found:
        raise RunFailedError(f"the scheduler at {address} has no workers: start some, as docs/sweep.md says.")
    strangers = [f"{worker} ({why})" for worker, there in sorted(found.items()) if (why := _otherwise(there))]
    if strangers:
        raise RunFailedError(
            f"{counted(len(strangers), 'worker')} would compute something else: {listed(strangers, '; ')}. Install the "
            "same versions there as here, and start them anew."
        )
    return len(found)


@cache
def facts() -> dict[str, str]:
    """The versions on which a result depends where this runs, as plain values, which any version can read."""
    return {**asdict(fingerprint()), **{name: version(name) for name in LIBRARIES}}


def _otherwise(there: object) -> str:
    """In what a worker differs; "" where it does not."""
    if not isinstance(there, dict):
        return f"it can't run this program, {type(there).__name__}: {there}"
    if {*there} != {*facts()}:
        return "it has another version of rebalancer"
    return _differences(there, facts())


def _differences(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Such as "numpy 2.3.1 there and 2.4.6 here"."""
    return " and ".join(f"{name} {there[name]} there and {of} here" for name, of in here.items() if there[name] != of)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What every worker gets once. Not a tuple: Dask takes one that begins with a function for a call of it."""

    work: Callable[[Closes, Any], Any]
    closes: Closes


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """`client` is connected to `address`; there are `workers`. `patience` is how many seconds it may have none."""

    client: Any
    address: str
    workers: int
    patience: float

    def results(
        self, work: Callable[[Closes, Part], Result], closes: Closes, parts: Sequence[Part]
    ) -> Generator[tuple[int, Result | LostPart], None, None]:
        """As `Executor.results`. What is lost with its worker is sent out once more, each part alone, so that one that
        ends workers takes no other with it; one that is lost then is a LostPart.

        Raises RunFailedError where the scheduler is lost, or no worker joins for `patience` seconds.
        """
        left: list[int] = []
        for number, found in self._sent_out(work, closes, parts, range(len(parts))):
            if found is None:
                left.append(number)
            else:
                yield number, found[0]
        for number in sorted(left):
            for _, found in self._sent_out(work, closes, parts, [number]):
                yield number, LostPart("its worker was lost with it") if found is None else found[0]

    def _sent_out(
        self, work: Callable[[Closes, Any], Any], closes: Closes, parts: Sequence[Any], numbers: Sequence[int]
    ) -> Iterator[tuple[int, tuple[Any] | None]]:
        """Each part's number and result, None where it was lost together with the prices that it needs."""
        if not numbers:
            return
        self._require_worker()
        with self._readable_errors():
            shared = self.client.scatter(_Shared(work, closes), broadcast=True, hash=False)
            some = [parts[each] for each in numbers]
            sent = self.client.map(_answer, some, shared=shared, expected=facts(), pure=False)
        by_key = dict(zip((each.key for each in sent), numbers, strict=True))
        try:
            for future, found in self._completed(sent):
                yield by_key[future.key], _outcome(future, found)
                future.release()
        finally:
            if self.client.status == "running":
                self.client.cancel([each for each in sent if not each.done()])

    def _completed(self, sent: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Each future with its result, as they are done; from time to time it is asked whether there is a worker."""
        distributed, left = _distributed(), set(sent)
        while left:
            waiting = distributed.as_completed(
                left, loop=self.client.loop, with_results=True, raise_errors=False, timeout=self.patience / 3
            )
            with suppress(TimeoutError):
                for future, found in waiting:
                    left.discard(future)
                    yield future, found
            if left:
                self._require_worker()

    def _require_worker(self) -> None:
        with self._readable_errors():
            if self.client.status in {"closing", "closed"}:
                raise ConnectionError(self.client.status)
            if not self.client.nthreads():
                self.client.wait_for_workers(1, timeout=self.patience)

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        """Why the cluster does not answer, as a RunFailedError with the remedy."""
        try:
            yield
        except OSError as error:  # a lost connection, or no worker in time
            lost = f"the scheduler at {self.address} was lost"
            none = f"the scheduler at {self.address} had no worker for {self.patience:g} seconds"
            raise RunFailedError(
                f"{none if isinstance(error, TimeoutError) else lost}. Start what is missing, as docs/sweep.md says, "
                "and repeat the command: what was finished is kept, and it goes on from there."
            ) from error


def _outcome(future: Any, found: Any) -> tuple[Any] | None:  # noqa: ANN401
    """The result; None where it was lost with its workers, or the prices were. Raises what work itself raised."""
    if isinstance(found, CancelledError):
        return None
    if future.status != "error":
        return (found,)
    _, error, traceback = found
    if isinstance(error, _distributed().KilledWorker):
        return None
    raise error.with_traceback(traceback)


def _answer(part: Any, shared: _Shared, expected: dict[str, str]) -> Any:  # noqa: ANN401
    """On a worker, which may have joined since the others were asked who they are."""
    if facts() != expected:
        worker, differing = _distributed().get_worker().address, _differences(facts(), expected)
        raise RunFailedError(
            f"worker {worker} joined with another program: {differing}. Install the same versions there and repeat the "
            "command: what was finished is kept, and it goes on from there."
        )
    return shared.work(shared.closes, part)
