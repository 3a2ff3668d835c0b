"""One HTTP request through alpaca-py's client, with its retries switched off and a deadline added."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from queue import Empty, SimpleQueue
from typing import Any

from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient
from requests import Response
from requests.exceptions import RequestException, Timeout
from urllib3.exceptions import HTTPError

from rebalancer.errors import RunFailedError
from rebalancer.model.keys import Keys
from rebalancer.venues.addresses import is_loopback, refusal
from rebalancer.venues.alpaca.http_adapter import DeadlineAdapter, RequestThread
from rebalancer.venues.alpaca.rate_limit import HEADERS

Fields = dict[str, str]
Json = Any
"""A parsed document that has not been validated yet."""


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
        client = _Client(self._keys, self._url, self._seconds)
        if (refused := refusal(client.host, self._allowed)) is not None:
            raise RunFailedError(refused)
        return client


class _Client(RESTClient):
    def __init__(self, keys: Keys, url: str, seconds: float) -> None:
        super().__init__(base_url=url, api_key=keys.key_id, secret_key=keys.secret, raw_data=True)
        if missing := [name for name in ("_session", "_retry", "_base_url") if not hasattr(self, name)]:
            raise RunFailedError(
                f"the installed alpaca-py has no {', '.join(missing)}: its retries and timeouts can't be set, so "
                "nothing is sent through it. Install the version that pyproject.toml asks for."
            )
        self._keys = keys
        self._retry = 0  # by default alpaca-py sends an order up to four times
        self._status = 0
        self._headers: dict[str, str] = {}
        self._session.trust_env = not is_loopback(url)  # no proxy between this program and this machine
        self._session.auth = lambda request: request  # keeps requests from sending a password of ~/.netrc
        self._session.mount("https://", DeadlineAdapter(seconds))
        self._session.mount("http://", DeadlineAdapter(seconds))
        self._session.hooks["response"].append(self._note_head)

    @property
    def host(self) -> str:
        """The base URL that alpaca-py sends to."""
        return str(self._base_url)

    def attempt(self, method: str, path: str, fields: Fields | None, version: str) -> Reply | NoReply:
        try:
            body = self._call(method, path, fields, version)
        except APIError as error:
            return Reply(self._status, _json(self._keys.hidden_in(str(error))), self._headers)
        except Timeout:
            return NoReply("the connection timed out")
        except (RequestException, HTTPError, HTTPException, OSError, ValueError, RecursionError) as error:
            # Only the class: the text of an error about a header quotes the header, which may hold a key.
            return NoReply(f"the connection or its answer was broken ({type(error).__name__})")
        if not 200 <= self._status < 300:
            return NoReply(f"a redirect, which is never followed (status {self._status})")
        if body is None and self._status != 204:
            return NoReply(f"an empty answer (status {self._status})")
        return Reply(self._status, body)

    def close(self) -> None:
        self._session.close()

    def _call(self, method: str, path: str, fields: Fields | None, version: str) -> Json:
        match method:
            case "GET":
                return self.get(path, fields, api_version=version)
            case "DELETE":
                return self.delete(path, fields)
            case _:
                return self.post(path, fields)

    def _note_head(self, response: Response, **_: object) -> None:
        self._status = response.status_code
        self._headers = {name: response.headers[name] for name in HEADERS if name in response.headers}


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
