"""Entering with the token, and leaving."""

from starlette.responses import Response

from rebalancer.web.door import LONGEST_SESSION
from rebalancer.web.refusals import RefusedError
from rebalancer.web.security import COOKIE
from rebalancer.web.site import Visit


def login(visit: Visit) -> Response:
    return visit.show("login.html", wrong=False)


def enter(visit: Visit) -> Response:
    """The token comes in a form, never in an address, which would be kept by the browser's history."""
    door = visit.site.door
    if not door.admits(visit.form["token"].strip()):
        if door.too_many_failures():
            raise RefusedError(429, "too_many_failures", "Too many wrong tokens. Try again in a minute.")
        return visit.show("login.html", 401, wrong=True)
    name, _ = door.begin()
    answer = visit.go("/")
    # Plain http over loopback: `Secure` would keep the cookie from being sent at all.
    answer.set_cookie(COOKIE, name, max_age=int(LONGEST_SESSION), path="/", httponly=True, samesite="strict")
    return answer


def leave(visit: Visit) -> Response:
    visit.site.door.end(visit.entry.name)
    answer = visit.go("/login")
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer
