"""Each page in Debian's Chromium: on a phone and a desk, light and dark, with nothing in the console."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from local_site import LocalSite
from windows import DESKTOP, PHONE, Look, Theme

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = {
    "home": "/",
    "tonight": "/tonight",
    "bots": "/bots",
    "remove": "/bots/remove?bot=Dual%20momentum",
    "bot": "/bot?name=Dual%20momentum",
    "buy": "/buy",
    "check": "/buy/check?bot=Dual%20momentum",
    "runs": "/runs",
    "run": "/run?id=1",
    "orders": "/orders",
    "performance": "/performance",
    "settings": "/settings",
    "journal": "/journal?verify=1",
    "error": "/run?id=9",
}
SNAPSHOTS = Path(__file__).with_name("snapshots")
GOLDEN = ("home", "tonight", "bots", "remove", "bot", "buy", "run", "orders")
LEAST_CONTRAST, LEAST_OF_LARGE = 4.5, 3.0
"""WCAG 2.2, AA."""
LOW_CONTRAST = """([least, leastOfLarge]) => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = color; paint.fillRect(0, 0, 1, 1);
    return paint.getImageData(0, 0, 1, 1).data; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgba(getComputedStyle(each).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba("white");
  };
  const found = [];
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(rgba(style.color)), light(behind(element))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (one + 0.05) / (other + 0.05);
    if (!(ratio >= (large ? leastOfLarge : least))) found.push(`${ratio.toFixed(2)} ${element.textContent.trim()}`);
  }
  return found;
}"""
TOO_WIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""
UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter((each) => !each.labels.length && !each.ariaLabel).map((each) => each.outerHTML)"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_every_page_fits_can_be_read_and_names_its_fields(look: Look, shared: LocalSite, width: int, theme: Theme):
    with look(shared, width=width, theme=theme) as page:
        for name, path in PAGES.items():
            if name == "error":
                continue  # its status is told in the console
            page.goto(shared.url + path)
            assert page.evaluate(TOO_WIDE) <= 0, name
            assert page.evaluate(LOW_CONTRAST, [LEAST_CONTRAST, LEAST_OF_LARGE]) == [], name
            assert page.evaluate(UNNAMED) == [], name


def test_the_themes_differ_and_follow_the_system(look: Look, shared: LocalSite):
    found = []
    for theme in ("light", "dark"):
        with look(shared, theme=theme) as page:
            found.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert found == ["rgb(255, 255, 255)", "rgb(21, 24, 29)"]


def test_a_screen_reader_is_told_what_stands_in_the_snapshots(look: Look, shared: LocalSite):
    """WRITE_SNAPSHOTS=1 writes them anew, to be read before they are committed."""
    with look(shared) as page:
        for name in GOLDEN:
            page.goto(shared.url + PAGES[name])
            told, file = steady(page, shared), SNAPSHOTS / f"{name}.txt"
            if os.environ.get("WRITE_SNAPSHOTS"):
                file.write_text(told, "utf-8")
            assert told == file.read_text("utf-8"), name


def steady(page: "Page", site: LocalSite) -> str:
    """Without what differs from one machine to the next: the folder of the test, and hashes."""
    told = page.locator("main").aria_snapshot().replace(str(site.config.parent), "FOLDER")
    return re.sub(r"\b[0-9a-f]{64}\b", "HASH", told) + "\n"


def test_the_keyboard_reaches_the_content_first_and_focus_is_seen(look: Look, shared: LocalSite):
    with look(shared) as page:
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.inner_text() == "To the content"
        assert focused.evaluate("(each) => getComputedStyle(each).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        page.wait_for_url("**#main")
        page.keyboard.press("Tab")
        page.locator("main :focus").wait_for()


def test_a_gain_and_a_status_are_told_without_colour(look: Look, shared: LocalSite):
    with look(shared, at="/run?id=1") as page:
        assert page.locator(".badge.good").first.inner_text() == "✓ success"
        page.goto(shared.url + "/")
        assert re.match(r"[+-]?\d", page.locator(".card .up, .card .down, .card .soft").first.inner_text())


def test_what_is_not_found_is_told_on_a_page_with_a_way_home(shared: LocalSite, look: Look):
    with look(shared) as page:
        answer = page.request.get(shared.url + PAGES["error"])
        assert (answer.status, 'href="/"' in answer.text()) == (400, True)
