"""What a person changes on the pages: shown first, done once, journalled with who did it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from local_alpaca import LocalAlpaca, Tape
from local_site import BY, LocalSite, Person, Reply, local_site

from rebalancer import config
from rebalancer.app import controls
from rebalancer.journal import read
from rebalancer.journal.setting_history import changes


@pytest.fixture
def someone(site: LocalSite) -> Person:
    return site.enter()


def sent(person: Person, page: str, form: str, **fields: str) -> Reply:
    """The form `form` of `page`, with these fields."""
    assert person.get(page).status == 200
    return then(person, person.post(form, fields))


def then(person: Person, shown: Reply) -> Reply:
    """The hidden fields of the page that a form was answered with are those of the next form."""
    person.hidden.update(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    return shown


def settings(site: LocalSite) -> config.Config:
    return config.load(site.config)


def test_a_halt_is_one_button_and_is_lifted_with_a_reason(someone: Person, site: LocalSite):
    assert sent(someone, "/", "/halt").status == 303
    (halted,) = read.halts(settings(site).journal(), "demo")
    assert (halted.account, halted.by, halted.reason) == ("", BY, "halted on the web page")
    for path in ("/", "/tonight", "/settings"):
        assert "Halted, all accounts: halted on the web page" in someone.get(path).text
    refused = sent(someone, "/", "/resume", reason=" ")
    assert (refused.status, "say why orders may be sent again" in refused.text) == (400, True)
    assert 'action="/resume"' in refused.text
    assert sent(someone, "/", "/resume", reason="looked at it").status == 303
    assert read.halts(settings(site).journal(), "demo") == ()


def test_the_amount_of_a_bot_is_changed(someone: Person, site: LocalSite):
    fields = {"account": "demo", "bot": "Dual momentum", "amount": "12.5", "unit": "percent"}
    answer = sent(someone, "/bots", "/bots/amount", **fields)
    assert "12.5" in answer.text
    assert 'href="/tonight?account=demo"' in answer.text
    assert "was that already" in sent(someone, "/bots", "/bots/amount", **fields).text
    assert 'amount = 12.5\nweight_mode = "percent"' in site.config.read_text("utf-8")
    keys = {change.key for change in changes(settings(site).journal())}
    assert 'accounts.demo.investments."Dual momentum".amount' in keys


@pytest.mark.parametrize(("amount", "unit"), [("-1", "dollars"), ("nan", "dollars"), ("101", "percent"), ("5", "euro")])
def test_an_amount_that_is_none_is_refused_and_changes_nothing(
    someone: Person, site: LocalSite, amount: str, unit: str
):
    before = site.config.read_bytes()
    fields = {"account": "demo", "bot": "Dual momentum", "amount": amount, "unit": unit}
    refused = sent(someone, "/bots", "/bots/amount", **fields)
    assert (refused.status, "Nothing was changed" in refused.text) == (400, True)
    assert f'name="amount" inputmode="decimal" value="{amount}"' in refused.text
    assert refused.text.count("<details open>") == 1
    assert site.config.read_bytes() == before


def test_a_form_that_names_no_account_changes_none(someone: Person, site: LocalSite):
    before = site.config.read_bytes()
    fields = {"account": "", "bot": "Dual momentum", "amount": "12.5", "unit": "percent"}
    answer = sent(someone, "/bots", "/bots/amount", **fields)
    assert answer.status == 400
    assert "there is no account" in answer.text
    assert site.config.read_bytes() == before


def test_a_bot_is_removed_after_its_shares_are_shown(someone: Person, site: LocalSite):
    page = "/bots/remove?account=demo&bot=Dual%20momentum"
    assert re.search(r"It has \d+ SPY, \d+ TBILL. What becomes of them", someone.get(page).text)
    assert sent(someone, page, "/bots/remove", account="demo", bot="Dual momentum", to="owner").status == 200
    assert "Dual momentum" not in settings(site).accounts[0].bots


def test_a_bot_that_can_not_be_removed_is_asked_about_again_with_what_was_chosen(someone: Person, site: LocalSite):
    text = site.config.read_text("utf-8")
    site.config.write_text(text.replace("[trading]", '[trading]\nmanage = "account"', 1), "utf-8")
    before = site.config.read_bytes()
    page = "/bots/remove?account=demo&bot=Dual%20momentum"
    refused = sent(someone, page, "/bots/remove", account="demo", bot="Dual momentum", to="owner")
    assert (refused.status, "Nothing was changed" in refused.text) == (400, True)
    assert "add them to <code>protected</code> first" in refused.text
    assert 'value="owner" checked' in refused.text
    assert site.config.read_bytes() == before
    assert then(someone, refused).text.count('action="/bots/remove"') == 1
    assert someone.post("/bots/remove", {"to": "market"}).status == 200


def test_money_is_moved_of_a_bot_that_keeps_its_gains_alone(someone: Person):
    fields = {"account": "demo", "bot": "Dual momentum", "amount": "5", "way": "in"}
    answer = sent(someone, "/bots", "/bots/move", **fields)
    assert (answer.status, "rollover" in answer.text) == (400, True)


def test_a_setting_is_shown_as_a_difference_then_saved(someone: Person, site: LocalSite):
    before = site.config.read_bytes()
    typed = {"account": "demo", "trading.rounding": "closest", "pair-0-one": "SPY", "pair-0-other": "SPYINV"}
    more = {"pair-1-one": "IEF", "pair-1-other": "TBILL"}
    shown = sent(someone, "/settings", "/settings/change", **typed)
    assert "rounding = &#34;closest&#34;" in shown.text
    assert "paired_tickers" not in shown.text
    refused = sent(someone, "/settings", "/settings/change", **typed, **more)
    assert (refused.status, "fallback" in refused.text, 'value="IEF"' in refused.text) == (400, True, True)
    assert site.config.read_bytes() == before
    someone.get("/settings")
    shown = then(someone, someone.post("/settings/change", typed))
    hidden = {"account": "demo", "trading.rounding": "closest", "base": base_of(shown)}
    assert "are saved" in someone.post("/settings/save", hidden).text
    assert settings(site).accounts[0].trading.rounding == "closest"
    assert site.config.read_text("utf-8").count("#") == before.decode().count("#")


def test_what_was_shown_for_another_file_is_not_saved(someone: Person, site: LocalSite):
    shown = sent(someone, "/settings", "/settings/change", **{"account": "demo", "trading.rounding": "closest"})
    site.config.write_text(f"{site.config.read_text('utf-8')}\n# by hand\n", "utf-8")
    answer = someone.post("/settings/save", {"account": "demo", "trading.rounding": "closest", "base": base_of(shown)})
    assert (answer.status, "look at the change again" in answer.text) == (400, True)
    assert settings(site).accounts[0].trading.rounding == "floor"


@pytest.mark.parametrize("key", ["on_result", "mode", "broker", "state_dir", "trading.nothing"])
def test_what_the_form_has_not_is_refused(someone: Person, site: LocalSite, key: str):
    before = site.config.read_bytes()
    assert sent(someone, "/settings", "/settings/change", **{"account": "demo", key: "live"}).status == 400
    assert site.config.read_bytes() == before


def base_of(shown: Reply) -> str:
    return shown.text.partition('name="base" value="')[2].partition('"')[0]


CHART = {"format": "rebalancer/bot", "version": 1, "name": "Sent", "chart": {"asset": "SPY"}}


def upload(person: Person, name: str, content: bytes) -> Reply:
    """As a browser sends a file."""
    person.get("/buy")
    fields = {**person.hidden, "account": "demo"}
    parts = [f'--cut\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in fields.items()]
    head = f'--cut\r\nContent-Disposition: form-data; name="chart"; filename="{name}"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + content + b"\r\n--cut--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=cut", "origin": person.site.url}
    return person.site.ask("POST", "/buy/upload", body, {**headers, "cookie": person.cookie})


def test_an_uploaded_chart_is_shown_before_anything_is_saved_then_bought(someone: Person, site: LocalSite):
    bots = site.config.parent / "bots"
    before = sorted(bots.iterdir())
    answer = upload(someone, "../../Sent.json", json.dumps(CHART).encode())
    assert answer.status == 303
    page = answer.headers["location"]
    shown = someone.get(page)
    assert shown.status == 200, shown.text
    for words in ("Nothing is saved yet", "SPY 100.00 %", "Back-test", "Cash that no bot has"):
        assert words in shown.text
    assert sorted(bots.iterdir()) == before
    fields = {"account": "demo", "bot": page.partition("bot=")[2], "amount": "500", "unit": "dollars"}
    done = someone.post("/buy", {**fields, "name": "Sent", "capital": "rollover"})
    assert done.status == 200, done.text
    (new,) = {*bots.iterdir()} - {*before}
    assert new.name == "sent.json"
    (bought,) = [each for each in settings(site).accounts[0].investments if each.bot == "Sent"]
    assert (str(bought.amount), bought.capital) == ("500", "rollover")


def test_an_amount_that_is_refused_leaves_no_file_of_the_upload_behind(someone: Person, site: LocalSite):
    bots = site.config.parent / "bots"
    before = sorted(bots.iterdir())
    page = upload(someone, "Sent.json", json.dumps(CHART).encode()).headers["location"]
    someone.get(page)
    fields = {"account": "demo", "bot": page.partition("bot=")[2], "amount": "0", "unit": "dollars"}
    refused = someone.post("/buy", {**fields, "name": "Mine", "capital": "rollover"})
    assert (refused.status, "Nothing was changed" in refused.text) == (400, True)
    for kept in ('name="amount" value="0"', 'name="name" value="Mine"', 'value="rollover" checked'):
        assert kept in refused.text
    assert sorted(bots.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.py", b"def weights(closes):\n    return {}\n"),
        ("MINE.PY", b"LOOKBACK = 1\n"),
        ("mine.json", b"import os\n"),
        ("mine.json", b"{}"),
        ("mine.json", b""),
        ("mine.json", b"\x00" * 1000),
    ],
)
def test_a_program_and_what_is_no_chart_is_not_taken(someone: Person, site: LocalSite, name: str, content: bytes):
    answer = upload(someone, name, content)
    assert (answer.status, "Nothing was changed" in answer.text) == (400, True)
    assert 'action="/buy/upload"' in answer.text
    assert not list(Path(settings(site).state_dir / "uploads").glob("*"))


def test_a_dry_run_shows_the_plan_and_what_keeps_it_from_being_executed(someone: Person):
    shown = sent(someone, "/tonight", "/tonight", account="demo")
    assert shown.status == 200, shown.text
    for words in ("nothing was sent", "flips if SPY falls", "already at its target", "is done (run 1"):
        assert words in shown.text
    refused = sent(someone, "/tonight", "/tonight/execute", account="demo", plan="0" * 64)
    assert (refused.status, "Nothing was sent" in refused.text) == (400, True)
    assert "Dry run now" in refused.text


# ------------------------------------------------------------------------------------ at the hours of a real broker

AT_ALPACA = """
state_dir = "state"
[data]
since = 2026-09-01
[trading]
fallback_ticker = "SGOV"
[accounts.paper]
broker = "alpaca"
mode = "{mode}"
key_id = "${{KEY_ID}}"
secret = "${{SECRET}}"
base_url = "{url}"
data_url = "{url}"
{number}
[[accounts.paper.investments]]
bot = "sent.json"
amount = 100
weight_mode = "percent"
"""
NOON = datetime(2026, 11, 20, 12, 52, tzinfo=ZoneInfo("America/New_York"))


@contextmanager
def at_alpaca(folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str, number: str = "") -> Iterator[Person]:
    """A person at an account at the local Alpaca, at noon of a Friday."""
    with LocalAlpaca(NOON, market=Tape.sample()) as venue:
        monkeypatch.setenv("KEY_ID", venue.key_id)
        monkeypatch.setenv("SECRET", venue.secret)
        pinned = f'account_number = "{number}"' if number else ""
        if number:
            venue.account["account_number"] = number
        (folder / "config.toml").write_text(AT_ALPACA.format(mode=mode, url=venue.url, number=pinned))
        (folder / "sent.json").write_text(json.dumps(CHART))
        with local_site(folder / "config.toml") as running:
            yield running.enter()
        assert venue.audit().posts == 0


def test_before_the_window_a_person_has_to_tick_what_the_terminal_asks(tmp_path, monkeypatch):
    with at_alpaca(tmp_path, monkeypatch, "paper") as person:
        shown = then(person, sent(person, "/tonight", "/tonight", account="paper"))
        assert "belongs between 15:50" in shown.text
        assert "would be filled" in shown.text
        assert 'name="confirmed" value="yes" required' in shown.text
        plan = person.hidden["plan"]
        answer = person.post("/tonight/execute", {"account": "paper", "plan": plan})
        assert (answer.status, "belongs between 15:50" in answer.text) == (400, True)
        assert f'name="plan" value="{plan}"' in answer.text
        assert 'name="confirmed" value="yes" required>' in answer.text


def test_real_money_has_to_be_ticked_and_armed_on_the_terminal(tmp_path, monkeypatch):
    with at_alpaca(tmp_path, monkeypatch, "live", "123") as person:
        person.get("/tonight")
        answer = person.post("/tonight/execute", {"account": "paper", "plan": "0" * 64})
        assert (answer.status, "tick that you want that" in answer.text) == (400, True)
        assert sent(person, "/", "/halt").status == 303
        refused = sent(person, "/", "/resume", reason="looked at it")
        assert (refused.status, "rebalance resume" in refused.text) == (400, True)
        assert "Lift the halt" not in person.get("/").text


def test_consent_is_given_anew_where_a_tick_was_missing(tmp_path, monkeypatch):
    with at_alpaca(tmp_path, monkeypatch, "live", "123") as person:
        arm(settings(person.site))
        then(person, sent(person, "/tonight", "/tonight", account="paper"))
        plan = person.hidden["plan"]
        answer = person.post("/tonight/execute", {"account": "paper", "plan": plan, "confirmed": "yes"})
        assert (answer.status, "tick that you want that" in answer.text) == (400, True)
        assert f'name="plan" value="{plan}"' in answer.text
        assert 'name="confirmed" value="yes" required>' in answer.text
        assert 'name="real_money" value="yes" required>' in answer.text


def arm(found: config.Config) -> None:
    most, until = Decimal(100_000), date(2026, 12, 18)
    controls.arm(found, controls.propose_arming(found, None, most, until, BY, first_order_only=False))
