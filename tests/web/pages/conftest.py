"""One Chromium for all tests of pages; they are skipped, with the reason, where it or Playwright is missing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from windows import ALONE, CHROMIUM, PATIENCE, Look, windows_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_itemcollected(item: pytest.Item) -> None:
    if "look" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: extra dev")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ALONE, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: "Browser", request: pytest.FixtureRequest) -> Iterator[Look]:
    """Has sent what the test's mark `sends` names."""
    sent: set[str] = set()
    yield windows_of(chromium, sent)
    for mark in request.node.iter_markers("sends"):
        assert set(mark.args) <= sent
