"""Puts the server together: pages, API and static files behind the guard."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from hashlib import sha256
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from rebalancer.report.chart_svg import RULES
from rebalancer.report.style import CHARTS, THEMES
from rebalancer.web.door import same_secret
from rebalancer.web.forms import Form, body_of, parsed
from rebalancer.web.pages import PAGES
from rebalancer.web.refusals import Refusal, RefusedError, is_api, refusal_of
from rebalancer.web.security import Guard
from rebalancer.web.site import Page, Site, Visit

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
STATIC = Path(__file__).with_name("static")


def application(site: Site) -> ASGIApp:
    routes = [
        *(Route(page.path, _endpoint(site, page), methods=[page.method]) for page in PAGES),
        Route("/static/{name}", static_files(STATIC, {"charts.css": f"{THEMES}{CHARTS}{RULES}".encode()})),
        Route("/health", lambda _: JSONResponse({"status": "ok"})),
    ]
    refused = _refusing(site)

    async def not_found(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return refused(request.scope, Refusal(status, HTTPStatus(status).name.lower(), f"{HTTPStatus(status).phrase}."))

    app = Starlette(routes=routes, exception_handlers={HTTPException: not_found})
    return Guard(app, site.door, HOSTS, refused)


def _endpoint(site: Site, page: Page) -> Callable[[Request], object]:
    async def answered(request: Request) -> Response:
        try:
            form = Form()
            if page.method == "POST":
                body = await body_of(request, page.most_bytes)
                form = parsed(request.headers.get("content-type", ""), body)
            visit = Visit(site, request, form)
            _require_own_form(visit)
            return await run_in_threadpool(page.answer, visit)
        except Exception as error:  # noqa: BLE001 - whatever it is, its own text is never shown
            return _refusing(site)(request.scope, refusal_of(error))

    return answered


def _require_own_form(visit: Visit) -> None:
    """Each form has the token of its session; only that of the login has none yet."""
    if visit.request.method != "POST" or (visit.entry.session is None and not visit.entry.bearer):
        return
    if not same_secret(visit.form.get("form_token"), visit.form_token):
        raise RefusedError(403, "no_form_token", "This form is of an earlier session. Reload the page.")


def _refusing(site: Site) -> Callable[[Scope, Refusal], Response]:
    """JSON for programs; a page for people, or the way to the login."""

    def answer(scope: Scope, refusal: Refusal) -> Response:
        if is_api(scope["path"]):
            error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
            if refusal.problems:
                error["problems"] = [asdict(problem) for problem in refusal.problems]
            return JSONResponse({"error": error}, refusal.status)
        if refusal.code == "no_token":
            return RedirectResponse("/login", status_code=303)
        phrase = HTTPStatus(refusal.status).phrase
        values = {"title": phrase, "message": refusal.message, "problems": refusal.problems}
        return site.rendered("error.html", refusal.status, **values)

    return answer


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
