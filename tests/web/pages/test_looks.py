"""Each page in Debian's Chromium: on a phone and a desk, light and dark, with nothing in the console."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from addresses import READ, address
from local_site import LocalSite
from windows import DESKTOP, PHONE, Look, Theme

if TYPE_CHECKING:
    from playwright.sync_api import Page

SNAPSHOTS = Path(__file__).with_name("snapshots")
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
        for path in READ:
            page.goto(shared.url + address(path, shared.site.load()))
            require_readable(page, path)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_what_a_form_is_answered_with_fits_and_can_be_read(look: Look, site: LocalSite, width: int, theme: Theme):
    """A dry run, a setting that is refused, one that is shown and saved, a halt, and what is not there."""
    with look(site, width=width, theme=theme, refused=2, at="/tonight") as page:
        page.get_by_role("button", name="Dry run now").click()
        require_readable(page, "a dry run")
        page.goto(f"{site.url}/settings")
        page.get_by_label("trading.minutes_before_close").fill("0")
        page.get_by_role("button", name="Show what would change").click()
        require_readable(page, "a refused setting")
        page.get_by_label("trading.minutes_before_close").fill("15")
        page.get_by_role("button", name="Show what would change").click()
        require_readable(page, "a difference")
        page.get_by_role("button", name="Save it").click()
        require_readable(page, "a saved setting")
        page.goto(site.url)
        page.get_by_role("button", name="Halt trading now").click()
        require_readable(page, "a halt")
        page.goto(f"{site.url}/run?id=9")
        require_readable(page, "an error")


def require_readable(page: "Page", name: str) -> None:
    page.wait_for_load_state()  # a click waits for the page alone, not for its style
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
        for path in READ:
            page.goto(shared.url + address(path, shared.site.load()))
            told, file = steady(page, shared), SNAPSHOTS / f"{path.strip('/').replace('/', '_') or 'home'}.txt"
            if os.environ.get("WRITE_SNAPSHOTS"):
                file.write_text(told, "utf-8")
            assert told == file.read_text("utf-8"), path


def steady(page: "Page", site: LocalSite) -> str:
    """Without what differs from one machine, or moment, to the next: the test's folder, hashes and times."""
    told = page.locator("main").aria_snapshot().replace(str(site.config.parent), "FOLDER")
    told = re.sub(r"\b\d{8}T\d{6}\.\d+-[0-9a-f]{8}\b", "ID", told)
    told = re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b", "HASH", told)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d E[DS]T", "TIME", told) + "\n"


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
        answer = page.request.get(f"{shared.url}/run?id=9")
        assert (answer.status, 'href="/"' in answer.text()) == (404, True)
