"""Market data requests for many symbols: split by URL length, all pages, without symbols that Alpaca rejects."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rebalancer.errors import SourceError
from rebalancer.model import Symbol
from rebalancer.venues.alpaca.client import AlpacaClient, NoReply, Reply

MOST_CHARACTERS = 6_000
"""Of the symbols in one URL. Servers commonly accept 8,192 for the whole URL."""

COMMA = len("%2C")
INVALID = re.compile(r"invalid symbol: *(\S+)", re.ASCII)


class Bulk:
    """Counts its `requests`; retries of one request count once."""

    def __init__(self, client: AlpacaClient) -> None:
        self._client = client
        self.requests = 0

    def pages(
        self, path: str, symbols: Sequence[Symbol], params: Mapping[str, str], version: str = "v2"
    ) -> Iterator[dict[str, Any]]:
        """Each page for each part of `symbols`. A symbol that Alpaca calls invalid is left out, and the rest retried.

        Raises SourceError.
        """
        for part in parts(symbols):
            yield from self._pages(path, part, params, version)

    def _pages(
        self, path: str, symbols: list[Symbol], params: Mapping[str, str], version: str
    ) -> Iterator[dict[str, Any]]:
        tokens: list[str] = []
        while symbols:
            asked = {**params, "symbols": ",".join(symbols), **({"page_token": tokens[-1]} if tokens else {})}
            self.requests += 1
            answer = self._client.ask(path, asked, data=True, version=version)
            if (invalid := _invalid(answer)) in symbols:
                symbols = [symbol for symbol in symbols if symbol != invalid]
                continue
            page = self._client.body(answer, path)
            if not isinstance(page, dict):
                raise SourceError(f"Alpaca's answer to {path} is no table of symbols: run again later.")
            yield page
            token = page.get("next_page_token")
            if not token:
                return
            if not isinstance(token, str) or token in tokens:
                raise SourceError(f"Alpaca's answer to {path} goes round in circles: run again later.")
            tokens.append(token)


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
    match answer:
        case Reply(400, {"message": str(message)}) if found := INVALID.search(message):
            return found[1]
    return None
