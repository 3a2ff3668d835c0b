"""New lines of the journal as server-sent events, for who follows a run without asking again and again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from rebalancer.journal import follow
from rebalancer.report.answers import to_json_line
from rebalancer.web.endpoints import refused
from rebalancer.web.refusals import refusal_of
from rebalancer.web.site import Site

EVENTS = "/api/v1/events"
LOOK_SECONDS = 0.5
LOOKS_BETWEEN_SIGNS = 30
"""After so many looks without news a comment is sent, so that a connection that is gone is found out."""
MOST_AT_ONCE = 200


def events(site: Site) -> Callable[[Request], Awaitable[Response]]:
    """From the line in Last-Event-ID on, which a browser sends when it connects again; else from now on."""

    async def answered(request: Request) -> Response:
        try:
            journal = (await run_in_threadpool(site.load)).journal()
            given = request.headers.get("last-event-id", "")
            known = int(given) if given.isascii() and given.isdigit() and len(given) <= 15 else None
            since = await run_in_threadpool(follow.last_line, journal) if known is None else known
        except Exception as error:  # noqa: BLE001 - as in the endpoints
            return refused(site, request.scope, refusal_of(error))
        return StreamingResponse(_stream(site, journal, since), media_type="text/event-stream")

    return answered


async def _stream(site: Site, journal: Path, since: int) -> AsyncIterator[str]:
    """Ends with the server: it would wait for ever for a stream that does not."""
    yield f": from line {since}\n\n"
    looks = 0
    while not site.ending.is_set():
        lines = await run_in_threadpool(follow.lines_after, journal, since, MOST_AT_ONCE)
        for line in lines:
            since, looks = line.seq, 0
            yield f"id: {line.seq}\ndata: {to_json_line(line)}\n\n"
        looks += 1
        if looks % LOOKS_BETWEEN_SIGNS == 0:
            yield ": nothing new\n\n"
        await asyncio.sleep(LOOK_SECONDS)
