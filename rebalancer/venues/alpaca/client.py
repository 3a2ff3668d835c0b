"""Alpaca's REST API for one account: reads are retried and paged, orders are sent once, and the rate limit is kept."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import NEW_YORK, Mode, Symbol
from rebalancer.model.keys import Keys
from rebalancer.model.text import time_to_the_second
from rebalancer.ports import KEYS_REFUSED, Clock, Progress
from rebalancer.venues.alpaca.transport import TOO_MANY_REQUESTS, Json, NoReply, Reply, Transport
from rebalancer.venues.alpaca.venue import DATA, TRADING

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
MOST_REQUESTS = 180  # Alpaca's limit is 200 a minute
MINUTE = timedelta(seconds=60)
MOST_CHARACTERS = 6_000
"""The longest list of symbols in a URL. Servers commonly accept URLs of 8,192 characters."""

MOST_PAGES = 1_000
"""Of one list: ten million bars, or a hundred thousand executions."""
MOST_SHOWN = 500
COMMA = len("%2C")
FAILURES = {
    401: (KEYS_REFUSED, "Check key_id and secret; a paper key opens no live account."),
    403: ("does not permit this", "Look at the account's rights and at its market data plan."),
    404: ("has nothing of that name", "Check the symbol, or the base URL if you set one."),
    429: ("got too many requests", "Let other programs that use this account rest for a minute."),
    500: ("is out of order", "Look at its status page, then run again."),
}
"""What went wrong and the remedy, by status; 500 stands for every status from 500 on."""
NOT_ACCEPTED = ("did not accept the request", "Please report it with this text.")
INVALID = re.compile(r"invalid symbol: *(\S+)", re.ASCII)


class AlpacaClient:
    """Paths are without the API version, such as "/account".

    One attempt ends within `seconds` of real time. A read is retried for `patience` seconds, by the clock and in real
    time; one beyond Alpaca's limit for a minute longer, and calls `waiting` meanwhile. Raises RunFailedError for a
    trading host other than that of `mode`, for a data host other than Alpaca's (both may be on this machine), and for
    keys that can't stand in an HTTP header. `pages_requested` counts the requests of `pages`; retries of one request
    count once.
    """

    def __init__(
        self,
        keys: Keys,
        clock: Clock,
        *,
        mode: Mode = "paper",
        trading_url: str | None = None,
        data_url: str = DATA,
        seconds: float = 10.0,
        patience: float = 30.0,
        waiting: Progress | None = None,
    ) -> None:
        if not keys.well_formed:
            raise RunFailedError(
                "the key_id or the secret holds a space or another character no key has: copy them again"
            )
        self._clock = clock
        self._patience = patience
        self._waiting = waiting
        self.mode = mode
        self._trading = _RateLimited(keys, trading_url or TRADING[mode], TRADING[mode], seconds, clock)
        self._data = _RateLimited(keys, data_url, DATA, seconds, clock)
        self.pages_requested = 0

    def read(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """The JSON of a GET. Raises SourceError, with the remedy, for anything but a 2xx response with a body."""
        return self.body(self.ask(path, params), path)

    def body(self, answer: Reply | NoReply, path: str) -> Json:
        """The JSON of an `answer` to `path`. Raises SourceError as `read` does."""
        match answer:
            case Reply(status, body) if 200 <= status < 300 and body is not None:
                return body
            case Reply(status, body):
                raise SourceError(f"{_failure(status, message(body))} Asked for: {path}.")
            case NoReply(reason):
                raise SourceError(
                    f"Alpaca did not answer {path} for {self._patience:g} seconds: {reason}. Look at the network "
                    "and at Alpaca's status page, then run again."
                )

    def ask(
        self, path: str, params: Mapping[str, str] | None = None, *, data: bool = False, version: str = "v2"
    ) -> Reply | NoReply:
        """The response to a GET, whatever its status; retried after no response, 429 and 5xx. Never raises."""
        host = self._data if data else self._trading
        return self._retried(partial(host.once, "GET", path, params, version), _is_settled)

    def _retried(
        self, once: Callable[[], Reply | NoReply], is_settled: Callable[[Reply | NoReply], bool]
    ) -> Reply | NoReply:
        wait, start, real_start = FIRST_WAIT, self._clock.now(), time.monotonic()
        while not is_settled(answer := once()):
            patience = self._patience_after(answer, start)
            late = (self._clock.now() - start).total_seconds() + wait >= patience
            # Real time too: setting the clock back must not prolong the retries without end.
            if late or time.monotonic() - real_start >= patience:
                break
            self._clock.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        return answer

    def _patience_after(self, answer: Reply | NoReply, start: datetime) -> float:
        if self._waiting is None or not _is_beyond_limit(answer):
            return self._patience
        longest = self._patience + MINUTE.total_seconds()
        self._waiting(
            f"Waiting since {time_to_the_second(start, NEW_YORK)}, {longest:g} s at most: "
            "Alpaca takes no more requests in this minute"
        )
        return longest

    def pages(
        self, path: str, symbols: Sequence[Symbol], params: Mapping[str, str], version: str = "v2"
    ) -> Iterator[dict[str, Any]]:
        """Every page of market data of `symbols`, which are split into parts that fit one URL. Raises SourceError.

        A symbol that Alpaca calls invalid is left out, and the request is sent again without it.
        """
        for part in parts(symbols):
            yield from self._pages(path, part, params, version)

    def _pages(
        self, path: str, symbols: list[Symbol], params: Mapping[str, str], version: str
    ) -> Iterator[dict[str, Any]]:
        tokens: list[str] = []
        while symbols:
            asked = {**params, "symbols": ",".join(symbols), **({"page_token": tokens[-1]} if tokens else {})}
            self.pages_requested += 1
            answer = self.ask(path, asked, data=True, version=version)
            if (invalid := _invalid(answer)) in symbols:
                symbols = [symbol for symbol in symbols if symbol != invalid]
                continue
            page = self.body(answer, path)
            if not isinstance(page, dict):
                raise SourceError(f"Alpaca's answer to {path} is not a JSON object: run again later.")
            yield page
            token = page.get("next_page_token")
            if not token:
                return
            if not isinstance(token, str) or token in tokens or len(tokens) == MOST_PAGES:
                raise SourceError(f"Alpaca's answer to {path} does not come to an end: run again later.")
            tokens.append(token)

    def send(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Reply | NoReply:
        """Exactly one network attempt of a POST. A DELETE beyond the limit is sent again where that is waited for.

        Never raises.
        """
        if method == "DELETE" and self._waiting:
            once = partial(self._trading.once, method, path, body, "v2")
            return self._retried(once, lambda answer: not _is_beyond_limit(answer))
        return self._trading.once(method, path, body, "v2")

    def close(self) -> None:
        self._trading.close()
        self._data.close()


class _RateLimited(Transport):
    """Sends at most MOST_REQUESTS in any minute of the clock."""

    def __init__(self, keys: Keys, url: str, allowed: str, seconds: float, clock: Clock) -> None:
        super().__init__(keys, url, allowed, seconds)
        self._clock = clock
        self._sent: deque[datetime] = deque(maxlen=MOST_REQUESTS)

    def once(self, method: str, path: str, fields: Mapping[str, str] | None, version: str) -> Reply | NoReply:
        if len(self._sent) == MOST_REQUESTS and (pause := self._sent[0] + MINUTE - self._clock.now()) > timedelta(0):
            self._clock.sleep(min(pause, MINUTE).total_seconds())
        self._sent.append(self._clock.now())
        return super().once(method, path, fields, version)


def _is_settled(answer: Reply | NoReply) -> bool:
    return isinstance(answer, Reply) and not _is_beyond_limit(answer) and answer.status < 500


def _is_beyond_limit(answer: Reply | NoReply) -> bool:
    return isinstance(answer, Reply) and answer.status == TOO_MANY_REQUESTS


def message(body: Json) -> str:
    """Alpaca's message in the body of an error, as a line of at most MOST_SHOWN characters; "" where there is none."""
    text = body.get("message") if isinstance(body, dict) else None
    return re.sub(r"[^ -~]+", " ", text[:MOST_SHOWN]) if isinstance(text, str) else ""


def _failure(status: int, text: str) -> str:
    what, remedy = FAILURES.get(min(status, 500), NOT_ACCEPTED)
    return f"Alpaca {what} ({status}: {text}). {remedy}" if text else f"Alpaca {what} ({status}). {remedy}"


def parts(symbols: Sequence[Symbol]) -> Iterator[list[Symbol]]:
    """`symbols` in their order, in parts that fit one URL."""
    part: list[Symbol] = []
    length = 0
    for symbol in symbols:
        length += len(symbol) + COMMA
        if part and length > MOST_CHARACTERS:
            yield part
            part, length = [], len(symbol) + COMMA
        part.append(symbol)
    if part:
        yield part


def _invalid(answer: Reply | NoReply) -> str | None:
    """The symbol that an error response calls invalid."""
    found = INVALID.search(message(answer.body)) if isinstance(answer, Reply) and answer.status == 400 else None
    return found[1] if found else None
