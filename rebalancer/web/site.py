"""The server's parts, and one visit of a page: what it asks for, and the ways to answer it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Literal

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from rebalancer.config import Config
from rebalancer.ports import Clock
from rebalancer.web.door import Door, new_secret
from rebalancer.web.forms import MOST_BYTES, Form
from rebalancer.web.rendering import environment
from rebalancer.web.security import Entry


@dataclass(frozen=True, slots=True)
class Site:
    """`load` reads the config as it is now, and raises BadInputError. `by` is journalled with all that is done here.

    `ending` is set when the server ends.
    """

    load: Callable[[], Config]
    clock: Clock
    by: str
    door: Door
    templates: Environment
    ending: Event = field(default_factory=Event)

    def rendered(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        return HTMLResponse(self.templates.get_template(template).render(**values), status)


def site_of(load: Callable[[], Config], clock: Clock, by: str, token: str) -> Site:
    return Site(load, clock, by, Door(token, clock), environment())


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of a person who has entered, or who is at the login."""

    site: Site
    request: Request
    form: Form = field(default_factory=Form)

    @property
    def entry(self) -> Entry:
        found: Entry = self.request.scope["entry"]
        return found

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def path(self) -> Mapping[str, str]:
        """The parts of the path that stand in braces in its page."""
        return self.request.path_params

    @property
    def form_token(self) -> str:
        return self.entry.session.form_token if self.entry.session else ""

    def form_fields(self) -> Markup:
        """The hidden fields of every form: without them it is refused, and sent twice it is done once."""
        field = Markup('<input type="hidden" name="{}" value="{}">')
        return field.format("form_token", self.form_token) + field.format("request_id", new_secret())

    def show(self, template: str, status: int = 200, **values: object) -> Response:
        common = {"form_fields": self.form_fields, "entered": self.entry.session is not None}
        return self.site.rendered(template, status, **common, here=self.request.url.path, **values)

    def go(self, path: str) -> Response:
        """To another page of this server, after a form."""
        return RedirectResponse(path, status_code=303)


@dataclass(frozen=True, slots=True)
class Page:
    """`answer` runs in a thread of its own. A form (POST) of up to `most_bytes` is checked before it is asked.

    Only a form with `files` is read as one: reading that takes long where somebody wants it to. `stops`: it stops all
    orders, and so waits for nothing that it does not need.
    """

    path: str
    answer: Callable[[Visit], Response]
    method: Literal["GET", "POST"] = "GET"
    most_bytes: int = MOST_BYTES
    files: bool = False
    stops: bool = False
