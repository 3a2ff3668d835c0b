"""From a request to the function of its page or call, and from what that gives or raises to an answer."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from decimal import Decimal
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from rebalancer.errors import RunFailedError
from rebalancer.report.answers import to_json_line
from rebalancer.web.calls import Asked, Call, checked
from rebalancer.web.door import same_secret
from rebalancer.web.forms import MOST_BYTES, body_of, parsed
from rebalancer.web.kept_answers import KeptAnswer, KeptAnswers
from rebalancer.web.refusals import HEADINGS, Refusal, RefusedError, is_api, refusal_of
from rebalancer.web.site import Page, Site, Visit

Endpoint = Callable[[Request], Awaitable[Response]]
JSON = "application/json"


def page_endpoint(site: Site, page: Page) -> Endpoint:
    async def answered(request: Request) -> Response:
        try:
            if page.method == "GET":
                return await run_in_threadpool(page.answer, Visit(site, request))
            body = await body_of(request, page.most_bytes)
            return await run_in_threadpool(_form_answer, page, Visit(site, request), body)
        except Exception as error:  # noqa: BLE001 - whatever it is, its own text is never shown
            return refused(site, request.scope, refusal_of(error))

    return answered


def _form_answer(page: Page, visit: Visit, body: bytes) -> Response:
    """Each form has the token of its session, and is done once; only that of the login has no session yet."""
    form = parsed(visit.request.headers.get("content-type", ""), body, files=page.files)
    visit = replace(visit, form=form)
    if visit.entry.session is None:
        if not visit.entry.bearer:
            return page.answer(visit)
        raise RefusedError(403, "no_session", "A form needs a session. Programs use the API.")
    if not same_secret(visit.form.get("form_token"), visit.form_token):
        raise RefusedError(403, "no_form_token", "This form is of an earlier session. Reload the page.")
    return once(visit, f"form {visit.form['request_id']}", body, lambda: page.answer(visit), stops=page.stops)


def call_endpoint(site: Site, call: Call) -> Endpoint:
    async def answered(request: Request) -> Response:
        try:
            body = b"" if call.method == "GET" else await body_of(request, MOST_BYTES)
            return await run_in_threadpool(_call_answer, call, Visit(site, request), body)
        except Exception as error:  # noqa: BLE001 - whatever it is, its own text is never shown
            return refused(site, request.scope, refusal_of(error))

    return answered


def _call_answer(call: Call, visit: Visit, body: bytes) -> Response:
    known = {each.name for each in call.parameters}
    if unknown := sorted(set(visit.query) - known):
        raise RefusedError(400, "bad_parameter", f"{', '.join(unknown)} is unknown here; known: {', '.join(known)}.")
    asked = Asked(visit, visit.site.load(), _fields(call, visit, body))
    answer = partial(_given, call, asked)
    if call.method == "GET":
        return _unless_unchanged(visit, answer())
    key = visit.request.headers.get("idempotency-key", "")
    if not key and call.method == "DELETE":
        return answer()
    if not 8 <= len(key) <= 200:
        text = "The header Idempotency-Key is missing: 8 to 200 characters, new for each new request."
        raise RefusedError(400, "no_idempotency_key", text)
    return once(visit, f"api {key}", body, answer, stops=call.stops)


def _fields(call: Call, visit: Visit, body: bytes) -> Mapping[str, Any]:
    if call.method != "POST":
        return {}
    if visit.request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise RefusedError(415, "no_json", f"The body has to be {JSON}.")
    try:
        found = json.loads(body or b"{}", parse_float=Decimal, parse_constant=_no_number)
        json.dumps(found, ensure_ascii=False, default=str).encode()  # half a character (a lone surrogate) is no text
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "bad_body", "The body is no valid JSON.") from error
    return checked(call.body, found)


def _no_number(word: str) -> object:
    raise ValueError(word)


def _given(call: Call, asked: Asked) -> Response:
    return Response(to_json_line(call.answer(asked)), call.status, media_type=JSON)


def _unless_unchanged(visit: Visit, answer: Response) -> Response:
    """304 where the asker has this very answer."""
    tag = f'"{sha256(bytes(answer.body)).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if visit.request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer


def once(visit: Visit, key: str, body: bytes, answer: Callable[[], Response], *, stops: bool = False) -> Response:
    """The answer to a request that changes something; the first one where it was sent before with this `key`.

    A refusal is kept as well: another try needs another key. What `stops` is done again where the first was refused or
    is not answered yet, and where what was sent before can't be read.
    """
    request, site = visit.request, visit.site
    store = KeptAnswers(site.load().state_dir / "web.sqlite", site.clock)
    what = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    try:
        kept = store.begin(key, sha256(what).hexdigest())
    except (RunFailedError, RefusedError) as error:
        if not stops or refusal_of(error).code == "key_reused":
            raise
        return answer()
    if kept and stops and kept.status >= HTTPStatus.BAD_REQUEST:
        return answer()
    if kept is None:
        try:
            given = answer()
        except Exception as error:  # noqa: BLE001 - as in the endpoints; kept, since it may have happened after all
            given = refused(site, request.scope, refusal_of(error))
        kept = KeptAnswer(given.status_code, given.headers.get("location"), bytes(given.body))
        with suppress(RunFailedError):  # it is done all the same; sent again, it is refused as of unknown outcome
            store.keep(key, kept)
        return given
    kind = JSON if is_api(request.url.path) else "text/html"
    location = {"location": kept.location} if kept.location else {}
    return Response(kept.body, kept.status, location, kind)


def refused(site: Site, scope: Scope, refusal: Refusal) -> Response:
    """JSON for programs; a page for people, or the way to the login."""
    if is_api(scope["path"]):
        error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
        if refusal.problems:
            error["problems"] = [asdict(problem) for problem in refusal.problems]
        return JSONResponse({"error": error}, refusal.status)
    if refusal.code == "no_token":
        return RedirectResponse("/login", status_code=303)
    told = {"title": HEADINGS[refusal.status], "message": refusal.message, "problems": refusal.problems}
    if "entry" in scope:
        return Visit(site, Request(scope)).show("error.html", refusal.status, **told)
    return site.rendered("error.html", refusal.status, **told)
