"""Windows of Debian's Chromium, for tests of pages."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from local_site import LocalSite

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ALONE = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-quic"),
)
"""It runs as root in CI, and asks nothing of the world by itself."""
PHONE, DESKTOP = 390, 1280
PATIENCE = 300_000.0
"""Milliseconds that a page may take on a busy machine."""
REFUSED = re.compile(r"the server responded with a status of 4\d\d \([\w ]+\)$")
Theme = Literal["light", "dark"]
Look = Callable[..., AbstractContextManager["Page"]]


def windows_of(chromium: "Browser", sent: set[str]) -> Look:
    """`with look(site) as page`: a window of a person who has entered, at the page `at`.

    The paths of the forms that are sent are added to `sent`. Whatever the console says fails the test, but for so many
    requests that are to be `refused`.
    """

    @contextmanager
    def look(
        site: LocalSite,
        *,
        width: int = DESKTOP,
        theme: Theme = "light",
        script: bool = True,
        at: str = "/",
        refused: int = 0,
    ) -> Iterator["Page"]:
        told: list[str] = []
        cookie = site.enter().cookie.partition("=")[2]
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, java_script_enabled=script
        )
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": "rb_session", "value": cookie, "url": site.url}])
        page = context.new_page()
        page.on("console", lambda message: told.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: told.append(f"{page.url}: {error}"))
        page.on("request", lambda request: sent.add(urlsplit(request.url).path) if request.method == "POST" else None)
        page.goto(site.url + at)
        yield page
        context.close()
        assert len([message for message in told if REFUSED.search(message)]) == refused
        assert [message for message in told if not REFUSED.search(message)] == []

    return look
