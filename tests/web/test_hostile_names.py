"""What others named is shown and never obeyed, and what is secret is never shown."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from jinja2 import DictLoader
from local_alpaca import LocalAlpaca, Tape
from local_alpaca.config import paper_config
from local_site import LocalSite, local_site, write_demo_account

from rebalancer.web.api import CALLS
from rebalancer.web.pages import PAGES
from rebalancer.web.rendering import environment

HOSTILE = "<img src=x onerror=alert(1)>'\\\"{{7*7}}"
SHOWN = "&lt;img src=x onerror=alert(1)&gt;"
FRIDAY = datetime(2026, 11, 20, 15, 52, tzinfo=ZoneInfo("America/New_York"))
PLAIN_PAGES = [page.path for page in PAGES if page.method == "GET" and "{" not in page.path]
PLAIN_CALLS = [call.path for call in CALLS if call.method == "GET" and "{" not in call.path]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    def renamed(text: str) -> str:
        return text.replace("Ten-month average", HOSTILE)

    with local_site(write_demo_account(tmp_path_factory.mktemp("hostile"), renamed)) as running:
        yield running


def answers(site: LocalSite, paths: list[str]) -> dict[str, str]:
    person = site.enter()
    return {path: person.get(path).text for path in paths}


def test_a_bot_with_the_name_of_a_script_is_text_on_every_page(hostile):
    found = answers(hostile, PLAIN_PAGES)
    assert {path for path, text in found.items() if "<img src=x" in text} == set()
    shown = {path for path, text in found.items() if SHOWN in text}
    assert {"/bots", "/tonight"} & shown
    assert {path for path in shown if "{{7*7}}" not in found[path]} == set()


@pytest.mark.parametrize("kind", ["html", "svg", "txt"])
def test_every_template_is_escaped_whatever_its_kind(kind):
    templates = environment()
    templates.loader = DictLoader({f"any.{kind}": "<title>{{ name }}</title>"})
    shown = templates.get_template(f"any.{kind}").render(name=HOSTILE)
    assert SHOWN in shown
    assert "<img" not in shown


def test_a_bot_with_the_name_of_a_script_is_json_and_nothing_else_in_the_api(hostile):
    person = hostile.enter()
    for path in PLAIN_CALLS:
        answer = person.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_address_that_is_a_script_is_text_in_the_error(hostile):
    person = hostile.enter()
    for path in (f"/{'%3Cimg%20src=x%3E'}", "/runs/%3Cimg%20src=x%3E", "/bots/%3Cimg%20src=x%3E"):
        assert "<img src=x" not in person.get(path).text


def test_no_page_and_no_call_shows_a_key_or_the_token(tmp_path, monkeypatch):
    with LocalAlpaca(FRIDAY, market=Tape.sample()) as venue:
        (tmp_path / "config.toml").write_text(paper_config(venue.url))
        bot = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}
        (tmp_path / "hold.json").write_text(json.dumps(bot))
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        with local_site(tmp_path / "config.toml") as site:
            found = answers(site, [*PLAIN_PAGES, *PLAIN_CALLS, "/metrics", "/api/openapi.json", "/nothing"])
            dry = site.api("POST", "/api/admin/trading/execute", "{}", **{"idempotency-key": "the-dry-run"})
            assert dry.status == 200, dry.text
            found["a dry run"] = dry.text
            secrets = (venue.key_id, venue.secret, site.token)
    assert {path for path, text in found.items() if any(secret in text for secret in secrets)} == set()
    assert "${SECRET}" not in found["/api/admin/trading/settings"]
