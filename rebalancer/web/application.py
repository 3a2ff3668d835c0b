"""Puts the server together: pages, API and static files behind the guard."""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from rebalancer.app.gauges import gauges
from rebalancer.notify.metrics import rendered
from rebalancer.notify.observer_state import load_state
from rebalancer.report.chart_svg import RULES
from rebalancer.report.style import CHARTS, THEMES
from rebalancer.web.api import CALLS
from rebalancer.web.endpoints import call_endpoint, page_endpoint, refused
from rebalancer.web.pages import PAGES
from rebalancer.web.refusals import Refusal, refusal_of
from rebalancer.web.security import Guard
from rebalancer.web.site import Site
from rebalancer.web.stream import EVENTS, events

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
STATIC = Path(__file__).with_name("static")
OPENAPI = Path(__file__).with_name("openapi.json")


def application(site: Site) -> ASGIApp:
    routes = [
        *(Route(page.path, page_endpoint(site, page), methods=[page.method]) for page in PAGES),
        *(Route(_of_any_name(call.path), call_endpoint(site, call), methods=[call.method]) for call in CALLS),
        Route("/api/openapi.json", lambda _: Response(OPENAPI.read_bytes(), media_type="application/json")),
        Route("/static/{name}", static_files(STATIC, {"charts.css": f"{THEMES}{CHARTS}{RULES}".encode()})),
        Route("/health", lambda _: JSONResponse({"status": "ok"})),
        Route("/metrics", partial(_metrics, site)),
        Route(EVENTS, events(site)),
    ]

    async def not_found(request: Request, error: Exception) -> Response:
        status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
        told = "There is nothing at this address."
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            told = f"This address takes no {request.method}."
        return refused(site, request.scope, Refusal(status, status.name.lower(), told))

    app = Starlette(routes=routes, exception_handlers={HTTPException: not_found})
    return Guard(app, site.door, HOSTS, partial(refused, site))


def _of_any_name(path: str) -> str:
    """A bot's name may have a slash in it."""
    return path.replace("{bot}", "{bot:path}")


def _metrics(site: Site, request: Request) -> Response:
    """The figures of [metrics], for a Prometheus that asks itself."""
    try:
        config = site.load()
        text = rendered(gauges(config, load_state(config.state_dir)))
    except Exception as error:  # noqa: BLE001 - as in the endpoints
        return refused(site, request.scope, refusal_of(error))
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def static_files(folder: Path, made: Mapping[str, bytes]) -> Callable[[Request], Response]:
    """The files of `folder`, read once, and those `made` here: no path of a request ever reaches the disk."""
    files = {**made, **{file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}}
    tags = {name: f'"{sha256(content).hexdigest()[:32]}"' for name, content in files.items()}

    def answered(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise HTTPException(404)
        headers = {"etag": tags[name], "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tags[name]:
            return Response(status_code=304, headers=headers)
        return Response(files[name], media_type=guess_type(name)[0], headers=headers)

    return answered
