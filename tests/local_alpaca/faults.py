"""Faults of HTTP answers, by method, path and number of the call."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["answer", "silence", "reset", "drip", "drip headers"]
Change = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """One broken answer. `commits`: the venue carries out the request before the answer breaks.

    `way` is how the answer reaches the client, if at all. `status`, `raw` and `headers` replace the
    venue's own; `change` is applied to the JSON body. `late`: there is no answer, and the request arrives so many
    seconds later. `then` is called after the answer: what somebody else does between this request and the next.
    """

    way: Way = "answer"
    commits: bool = True
    status: int | None = None
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    change: Change | None = None
    cut: bool = False
    late: float | None = None
    then: Callable[[], object] | None = None


def _response(status: int, text: str, *, commits: bool = False, **headers: str) -> BadAnswer:
    raw = json.dumps({"message": text}).encode()
    return BadAnswer(
        commits=commits, status=status, raw=raw, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


PAGE = b"<html><head><title>500 Internal Server Error</title></head><body>nginx</body></html>"

SILENCE = BadAnswer("silence", commits=False)
SILENCE_AFTER = BadAnswer("silence")
RESET = BadAnswer("reset", commits=False)
RESET_AFTER = BadAnswer("reset")
DRIP = BadAnswer("drip")
DRIP_HEADERS = BadAnswer("drip headers")
TOO_MANY = _response(429, "too many requests.", X_RateLimit_Limit="200", X_RateLimit_Remaining="0", Retry_After="1")
TOO_MANY_BARE = BadAnswer(commits=False, status=429, raw=b"")
UNAVAILABLE = _response(503, "service unavailable")
TIMEOUT_AFTER = _response(504, "upstream request timeout", commits=True)
INTERNAL = BadAnswer(commits=False, status=500, raw=b'{"code": 50010000, "message": "internal server error occurred"}')
HTML = BadAnswer(commits=False, status=500, raw=PAGE, headers={"Content-Type": "text/html"})
HTML_AFTER = BadAnswer(status=500, raw=PAGE, headers={"Content-Type": "text/html"})
EMPTY = BadAnswer(status=200, raw=b"")
TRUNCATED = BadAnswer(cut=True)
REDIRECT = BadAnswer(commits=False, status=302, raw=b"", headers={"Location": "/v2/elsewhere"})
UNAUTHORIZED = _response(401, "unauthorized.")
FORBIDDEN = BadAnswer(commits=False, status=403, raw=b'{"code": 40310000, "message": "forbidden."}')


def late(seconds: float) -> BadAnswer:
    """The connection breaks, and the request arrives `seconds` later."""
    return BadAnswer("reset", commits=False, late=seconds)


def followed_by(act: Callable[[], object]) -> BadAnswer:
    """An ordinary answer, after which `act` is called: the owner trades by hand, the market moves."""
    return BadAnswer(then=act)


def edited(**fields: object) -> BadAnswer:
    """Each object of the body gets these `fields`: another symbol, an unknown status, a new field."""
    return BadAnswer(change=lambda body: _each(body, lambda entry: {**entry, **fields}))


def without(*names: str) -> BadAnswer:
    """Each object of the body lacks the fields `names`."""
    return BadAnswer(change=lambda body: _each(body, lambda entry: {k: v for k, v in entry.items() if k not in names}))


def answering(body: object, status: int = 200) -> BadAnswer:
    """This body instead of the venue's own."""
    return BadAnswer(status=status, raw=json.dumps(body).encode())


def refusing(status: int, code: int, message: str, **extras: str) -> BadAnswer:
    """A refusal with the venue's message; the request is not carried out."""
    raw = json.dumps({"code": code, "message": message, **extras}).encode()
    return BadAnswer(commits=False, status=status, raw=raw)


def _each(body: object, change: Callable[[dict[str, object]], dict[str, object]]) -> object:
    if isinstance(body, list):
        return [_each(entry, change) for entry in body]
    return change(body) if isinstance(body, dict) else body


@dataclass(slots=True)
class _Ordered:
    method: str
    path: str
    fault: BadAnswer
    skip: int
    times: int | None

    def meets(self, method: str, path: str) -> bool:
        whole = path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path
        return whole and method == self.method and self.times != 0


class Faults:
    def __init__(self) -> None:
        self._ordered: list[_Ordered] = []

    def on(self, method: str, path: str, nth: int = 1, *, fault: BadAnswer, times: int | None = 1) -> None:
        """Break the `nth` call from now on, and those after it, `times` in all (None: for ever).

        `path` matches exactly, "/v2/orders", or with a star at its end as a prefix, "/v2/orders*".
        """
        self._ordered.append(_Ordered(method, path, fault, nth - 1, times))

    def clear(self) -> None:
        self._ordered.clear()

    def next(self, method: str, path: str) -> BadAnswer | None:
        """The fault of this call. Each rule counts every call that it matches, also one that another rule breaks."""
        due = None
        for ordered in self._ordered:
            if not ordered.meets(method, path):
                continue
            if ordered.skip:
                ordered.skip -= 1
            elif due is None:
                due = ordered
        if due and due.times is not None:
            due.times -= 1
        return due.fault if due else None
