"""What is decided before a page or the API is asked, as pure functions, and the one place that asks them all.

docs/web.md has each attack with its answer. Default: nothing is answered without a session or the token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebalancer.web.door import Door, Session, same_secret
from rebalancer.web.refusals import Refusal, Refuse, is_api

COOKIE = "rb_session"
OPEN_TO_ALL = ("/login", "/health")
OPEN_FOLDER = "/static/"
SAFE_METHODS = ("GET", "HEAD")
HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with "no-referrer" browsers send "Origin: null" with our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """How a request came in: with the bearer token, by a session with this name, or open to all (neither)."""

    bearer: bool = False
    name: str = ""
    session: Session | None = None


class Guard:
    """ASGI middleware. `hosts` are the names by which this server is asked; ports are not compared, so that an SSH
    tunnel to it works. `refuse` answers a refusal. Refuses websockets.
    """

    def __init__(self, app: ASGIApp, door: Door, hosts: frozenset[str], refuse: Refuse) -> None:
        self.app = app
        self.door = door
        self.hosts = hosts
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"only http is served, not {scope['type']}")
        found = self.decide(scope["method"], scope["path"], Headers(scope=scope))
        if isinstance(found, Refusal):
            await self.refuse(scope, found)(scope, receive, with_headers(send))
            return
        scope["entry"] = found
        await self.app(scope, receive, with_headers(send))

    def decide(self, method: str, path: str, headers: Headers) -> Entry | Refusal:
        """Whether the request may be answered, and as whose."""
        refusal = wrong_host(headers, self.hosts) or from_elsewhere(method, headers)
        if refusal is not None:
            return refusal
        entered = self._entered(headers)
        if isinstance(entered, Refusal):
            return entered
        if not entered.bearer and entered.session is None and not is_open(path):
            return Refusal(401, "no_token", "Enter with the token first: the API wants it as `Authorization: Bearer`.")
        return forged(method, path, headers, entered) or entered

    def _entered(self, headers: Headers) -> Entry | Refusal:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if self.door.admits(token.strip()):
                return Entry(bearer=True)
            if self.door.too_many_failures():
                return Refusal(429, "too_many_failures", "Too many wrong tokens. Try again in a minute.")
            return Refusal(401, "wrong_token", "This is not the token of this server.")
        name = cookie(headers)
        return Entry(name=name, session=self.door.session(name))


def is_open(path: str) -> bool:
    return path in OPEN_TO_ALL or path.startswith(OPEN_FOLDER)


def wrong_host(headers: Headers, hosts: frozenset[str]) -> Refusal | None:
    """Against DNS rebinding: another site's name may lead a browser to this server, with that name in Host."""
    given = headers.getlist("host")
    if len(given) == 1 and host_name(given[0]) in hosts:
        return None
    return Refusal(400, "wrong_host", f"This server is asked as {', '.join(sorted(hosts))} only.")


def host_name(host: str) -> str:
    """Without its port. An IPv6 address keeps its brackets."""
    name, _, port = host.rpartition(":")
    return name.lower() if name and port.isdigit() else host.lower()


def from_elsewhere(method: str, headers: Headers) -> Refusal | None:
    """Against forged requests: what changes anything comes from a page of this server, or from no browser."""
    if method in SAFE_METHODS:
        return None
    sites, origins = headers.getlist("sec-fetch-site"), headers.getlist("origin")
    same = f"http://{headers.get('host', '')}"
    if sites in ([], ["same-origin"]) and origins in ([], [same]):
        return None
    return Refusal(403, "other_origin", "This request came from another site. Nothing was done.")


def forged(method: str, path: str, headers: Headers, entry: Entry) -> Refusal | None:
    """A session's own request to the API carries its form token; a page's form is checked when it is read.

    Each browser says where a request that changes something comes from; one that does not say is refused a session.
    """
    if method in SAFE_METHODS or entry.bearer or entry.session is None:
        return None
    if "origin" not in headers and "sec-fetch-site" not in headers:
        return Refusal(403, "no_origin", "This browser does not say which site a request comes from. Nothing was done.")
    if is_api(path) and not same_secret(headers.get("x-form-token", ""), entry.session.form_token):
        return Refusal(403, "no_form_token", "The form token is missing or of another session. Reload the page.")
    return None


def cookie(headers: Headers) -> str:
    """The name of the session; "" where there is none. Of several the last counts.

    Cookies of other programs of this machine come along, whatever is in them. `http.cookies` stops at one that it can't
    read, and needs seconds to take the quotes from a long one.
    """
    pairs = (pair.partition("=") for pair in headers.get("cookie", "").split(";"))
    values = [value.strip() for name, _, value in pairs if name.strip() == COOKIE]
    return values[-1] if values else ""


def with_headers(send: Send) -> Send:
    """Adds HEADERS to every answer. What is no static file is never kept by a browser."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending
