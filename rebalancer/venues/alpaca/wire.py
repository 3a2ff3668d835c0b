"""One attempt on the wire, through alpaca-py's own client with its loose ends tied."""

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
from rebalancer.venues.alpaca.http_adapter import Attempt, Punctual
from rebalancer.venues.alpaca.pause import HEADERS

Fields = dict[str, str]
Json = Any
"""What a parsed document is: anything at all until it has been looked at."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `body` is its JSON; None where it has none (204) or where an error came without JSON.

    `headers` are those that tell how long to wait.
    """

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer that means anything: the request may or may not have arrived."""

    reason: str


class Line:
    """To one host. A call is one network attempt and ends within `seconds` of real time, whatever the network does.

    Raises RunFailedError for a host that is refused, and where alpaca-py is no longer built as this file expects.
    """

    def __init__(self, keys: Keys, url: str, allowed: str, seconds: float) -> None:
        self._keys = keys
        self._url = url.rstrip("/")
        self._allowed = allowed
        self._seconds = seconds
        self._client = self._fresh()

    def once(self, method: str, path: str, fields: Fields | None, version: str) -> Reply | NoReply:
        """Never raises. `fields` are the query of a GET or DELETE, the JSON body of a POST."""
        client, answers = self._client, SimpleQueue[Reply | NoReply]()
        # The timeouts of sockets start again with every byte, and looking up a name has none: only another thread can
        # be left behind.
        attempt = Attempt(lambda: answers.put(client.attempt(method, path, fields, version)))
        attempt.start()
        try:
            return answers.get(timeout=self._seconds)
        except Empty:
            attempt.given_up = True
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
        self._retry = 0  # alpaca-py would send an order up to four times
        self._status = 0
        self._headers: dict[str, str] = {}
        self._session.trust_env = not is_loopback(url)  # a proxy is for the way out, never for this machine
        self._session.auth = lambda request: request  # or a password in ~/.netrc would be sent along
        self._session.mount("https://", Punctual(seconds))
        self._session.mount("http://", Punctual(seconds))
        self._session.hooks["response"].append(self._note_head)

    @property
    def host(self) -> str:
        """The base address that requests really go to."""
        return str(self._base_url)

    def attempt(self, method: str, path: str, fields: Fields | None, version: str) -> Reply | NoReply:
        try:
            body = self._call(method, path, fields, version)
        except APIError as error:
            return Reply(self._status, _json(self._keys.hidden_in(str(error))), self._headers)
        except Timeout:
            return NoReply("the connection timed out")
        except (RequestException, HTTPError, HTTPException, OSError, ValueError, RecursionError) as error:
            # Only its kind is told: the text of an error about a header quotes the header.
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
