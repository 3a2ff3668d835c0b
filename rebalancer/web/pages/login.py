"""Entering with the token, and leaving."""

from starlette.responses import Response

from rebalancer.web.door import LONGEST_SESSION
from rebalancer.web.security import COOKIE
from rebalancer.web.site import Visit


def login(visit: Visit) -> Response:
    return visit.show("login.html", refused="")


def enter(visit: Visit) -> Response:
    """The token comes in a form, never in an address, which would be kept by the browser's history.

    The form is shown again after a wrong one, without it: no secret is ever written into a page.
    """
    door = visit.site.door
    if not door.admits(visit.form["token"].strip()):
        if door.too_many_failures():
            return visit.show("login.html", 429, refused="Too many wrong tokens. Try again in a minute.")
        text = "This is not the token of this server. Copy the whole line of the file."
        return visit.show("login.html", 401, refused=text)
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
