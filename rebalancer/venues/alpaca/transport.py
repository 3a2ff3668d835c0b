"""One HTTP request through alpaca-py's client: retries switched off, a total deadline, nothing sent once abandoned."""

import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from math import isfinite
from queue import Empty, SimpleQueue
from threading import Thread, current_thread
from typing import Any, cast

from alpaca.common.rest import RESTClient
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException, Timeout
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from rebalancer.errors import RunFailedError
from rebalancer.model.keys import Keys
from rebalancer.venues.plugin import address_refusal, is_loopback

TOO_MANY_REQUESTS = 429
MOST_BYTES = 10_000_000
"""Of an answer, unpacked. The longest is the list of all assets, about 6 MB."""
MOST_VALUES = 400_000
"""Of an answer, counted before it is parsed: 10 MB of empty lists would take 250 MB. That list has about 250,000."""
MOST_WIDE_BYTES = 4_000_000
WIDE = re.compile(rb"[\xf0-\xff]")
"""A single emoji makes every character of a text four bytes long."""
PIECE = 2**16
DEFAULT_SECONDS = 5.0
LONGEST_SECONDS = 60.0
"""The longest pause after a 429: Alpaca limits the requests of a minute."""
HEADERS = ("Retry-After", "X-RateLimit-Reset")
NEEDED = ("_session", "_retry", "_base_url", "_one_request")
"""What is set or replaced in alpaca-py's client."""
Fields = Mapping[str, str]
Json = Any
"""A parsed document that has not been validated yet."""


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds, by the header Retry-After (seconds) or X-RateLimit-Reset (Unix time), else DEFAULT_SECONDS."""
    after, reset = (_number(headers.get(name)) for name in HEADERS)
    seconds = after if after is not None else None if reset is None else reset - now.timestamp()
    return min(max(DEFAULT_SECONDS if seconds is None else seconds, 0.0), LONGEST_SECONDS)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None


class RequestThread(Thread):
    """One request in a daemon thread.

    Once `abandoned`, it never sends its request: a name lookup or a connection may hang for minutes, and by the time it
    returns the order has long been journalled as never sent.
    """

    abandoned = False

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(target=work, daemon=True)


class DeadlineAdapter(HTTPAdapter):
    """Waits at most `seconds` for a connection and for each byte. alpaca-py sets no timeout."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__(max_retries=0)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def send(self, request: PreparedRequest, *settings: Any, **more: Any) -> Response:  # noqa: ANN401
        return super().send(request, *settings, **{**more, "timeout": self._seconds})

    def proxy_manager_for(self, *place: Any, **more: Any) -> PoolManager:  # noqa: ANN401
        manager: PoolManager = super().proxy_manager_for(*place, **more)
        manager.pool_classes_by_scheme = POOLS
        return manager


class _AbandonableConnection(HTTPConnection):
    def send(self, data: Any) -> None:  # noqa: ANN401
        if self.sock is None:
            self.connect()
        if getattr(current_thread(), "abandoned", False):
            raise ConnectionAbortedError("abandoned before it was sent")
        super().send(data)


class _AbandonableTLSConnection(_AbandonableConnection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _AbandonableConnection


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _AbandonableTLSConnection


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _PoolTLS}


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete response. `body` is its JSON; None for status 204 and for an error without JSON.

    `headers` are those of rate limits.
    """

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No usable response: the request may or may not have arrived."""

    reason: str


class Transport:
    """Requests to one host. A call makes one network attempt and returns within `seconds` of real time.

    Raises RunFailedError for a host that is refused, and for an alpaca-py without the attributes that are set here.
    """

    def __init__(self, keys: Keys, url: str, allowed: str, seconds: float) -> None:
        self._keys = keys
        self._url = url.rstrip("/")
        self._allowed = allowed
        self._seconds = seconds
        self._client = self._fresh()

    def once(self, method: str, path: str, fields: Fields | None, version: str) -> Reply | NoReply:
        """Send one request; never raises. `fields` are the query of a GET or DELETE, the JSON body of a POST."""
        client, answers = self._client, SimpleQueue[Reply | NoReply]()
        # Socket timeouts restart with every byte, and a name lookup has none: only a thread can be abandoned in time.
        request = RequestThread(lambda: answers.put(client.attempt(method, path, fields, version)))
        request.start()
        try:
            return answers.get(timeout=self._seconds)
        except Empty:
            request.abandoned = True
            self._client = self._fresh()
            return NoReply(f"no complete answer within {self._seconds:g} seconds")

    def close(self) -> None:
        self._client.close()

    def _fresh(self) -> "_Client":
        return _Client(self._keys, self._url, self._allowed, self._seconds)


class _RefusedAnswerError(RequestException):
    """An answer that is not parsed; its text says why."""


class _Client(RESTClient):
    def __init__(self, keys: Keys, url: str, allowed: str, seconds: float) -> None:
        super().__init__(base_url=url, api_key=keys.key_id, secret_key=keys.secret, raw_data=True)
        if missing := [name for name in NEEDED if name not in {*vars(self), *vars(RESTClient)}]:
            raise RunFailedError(
                f"the installed alpaca-py has no {', '.join(missing)}: its retries and timeouts can't be set, so "
                "nothing is sent through it. Install the version that pyproject.toml asks for."
            )
        if (refused := address_refusal(str(self._base_url), allowed)) is not None:  # what alpaca-py made of `url`
            raise RunFailedError(refused)
        self._keys = keys
        self._retry = 0  # by default alpaca-py sends an order up to four times
        self._session.trust_env = not is_loopback(url)  # no proxy between this program and this machine
        self._session.auth = lambda request: request  # keeps requests from sending a password of ~/.netrc
        self._session.headers["Accept-Encoding"] = "gzip"
        self._session.mount("https://", DeadlineAdapter(seconds))
        self._session.mount("http://", DeadlineAdapter(seconds))

    def attempt(self, method: str, path: str, fields: Fields | None, version: str) -> Reply | NoReply:
        try:
            reply = self._call(method, path, fields, version)
        except Timeout:
            return NoReply("the connection timed out")
        except _RefusedAnswerError as error:
            return NoReply(str(error))
        except (RequestException, HTTPError, HTTPException, OSError, zlib.error, ValueError, RecursionError) as error:
            # Only the class: the text of an error about a header quotes the header, which may hold a key.
            return NoReply(f"the connection or its answer was broken ({type(error).__name__})")
        if 300 <= reply.status < 400:
            return NoReply(f"a redirect, which is never followed (status {reply.status})")
        if reply.body is None and 200 <= reply.status < 300 and reply.status != 204:
            return NoReply(f"an empty answer (status {reply.status})")
        return reply

    def close(self) -> None:
        self._session.close()

    def _call(self, method: str, path: str, fields: Fields | None, version: str) -> Reply:
        sent = None if fields is None else dict(fields)
        answer: Any
        if method == "GET":
            answer = self.get(path, sent, api_version=version)
        else:
            answer = self.delete(path, sent) if method == "DELETE" else self.post(path, sent)
        return cast("Reply", answer)

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Reply:  # type: ignore[override]  # noqa: ARG002
        """In place of alpaca-py's, which reads and parses an answer of any size, and shows a key that it quotes."""
        with self._session.request(method, url, **opts, stream=True) as response:
            status, content = response.status_code, unpacked(response)
            headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
        try:
            body = self._keys.redacted_json(parsed(content)) if content else None
        except (ValueError, RecursionError):
            if 200 <= status < 300:
                raise
            body = None
        return Reply(status, body, headers)


def unpacked(response: Response) -> bytearray:
    """The content of an answer that was not read yet. Raises _RefusedAnswerError beyond MOST_BYTES.

    No piece is unpacked further than that: a megabyte of gzip may hold a gigabyte.
    """
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip"}:
        raise _RefusedAnswerError("an answer packed in a way that was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if coding == "gzip" else None
    found, received = bytearray(), 0
    while piece := response.raw.read(PIECE, decode_content=False):
        received += len(piece)
        found += unpacker.decompress(piece, MOST_BYTES + 1 - len(found)) if unpacker else piece
        if max(received, len(found)) > MOST_BYTES:
            raise _RefusedAnswerError(f"an answer of more than {MOST_BYTES:,} bytes, which is not read")
    if unpacker and received and (unpacker.unused_data or not unpacker.eof):
        raise _RefusedAnswerError("an answer that was not packed whole")
    return found


def parsed(content: bytearray) -> Json:
    """Raises ValueError or RecursionError for what is no JSON, _RefusedAnswerError beyond MOST_VALUES values."""
    if (values := sum(map(content.count, (b",", b"[", b"{")))) > MOST_VALUES:
        raise _RefusedAnswerError(f"an answer of {values:,} values; up to {MOST_VALUES:,} are read")
    if len(content) > MOST_WIDE_BYTES and WIDE.search(content):
        raise _RefusedAnswerError(f"an answer of more than {MOST_WIDE_BYTES:,} bytes with emoji, which is not read")
    return json.loads(content.decode("utf-8"))
