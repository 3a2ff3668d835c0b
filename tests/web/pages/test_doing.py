"""What a person does on the pages, in Debian's Chromium: each form, also without a script, and a whole evening."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from addresses import FORMS
from local_alpaca import LocalAlpaca, Tape
from local_alpaca.config import paper_config
from local_site import LocalSite, local_site, write_demo_account
from windows import PHONE, Look

from rebalancer import config
from rebalancer.journal import read

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: extra dev").expect
CHART = {"format": "rebalancer/bot", "version": 1, "name": "Sent by hand", "chart": {"asset": "SPY"}}


def settings(site: LocalSite) -> config.Config:
    return config.load(site.config)


@pytest.mark.sends("/leave", "/login")
def test_a_person_enters_with_the_token_and_leaves(look: Look, shared: LocalSite):
    with look(shared) as page:
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        page.get_by_label("Token").fill(shared.token)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="demo")).to_be_visible()


@pytest.mark.sends("/halt", "/resume")
@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without one"])
def test_halt_is_one_button_and_the_halt_stands_on_every_page(look: Look, site: LocalSite, *, script: bool):
    with look(site, width=PHONE, script=script) as page:
        page.get_by_role("button", name="Halt trading now").click(click_count=2 if script else 1)
        expect(page.get_by_role("alert")).to_contain_text("Halted, all accounts")
        assert len(read.halts(settings(site).journal(), "demo")) == 1
        page.get_by_role("link", name="Runs", exact=True).click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_role("link", name="Lift it").click()
        page.get_by_label("Why orders may be sent again").fill("a drill")
        page.get_by_role("button", name="Lift the halt").click()
        expect(page.get_by_role("alert")).to_have_count(0)
    assert read.halts(settings(site).journal(), "demo") == ()


@pytest.mark.sends("/settings/change", "/settings/save")
def test_a_setting_is_changed_after_its_difference_was_seen(look: Look, site: LocalSite):
    with look(site, at="/settings", refused=1) as page:
        page.get_by_label("trading.rounding").select_option("closest")
        page.get_by_label("trading.minutes_before_close").fill("0")
        page.get_by_role("button", name="Show what would change").click()
        expect(page.get_by_role("alert")).to_contain_text("from 1 to 390")
        wrong = page.get_by_label("trading.minutes_before_close")
        expect(wrong).to_have_accessible_description(re.compile("Default: 10. ✕ 0 is not allowed"))
        expect(wrong).to_have_attribute("aria-invalid", "true")
        expect(page.locator("input[aria-invalid], select[aria-invalid]")).to_have_count(1)
        assert page.get_by_label("trading.rounding").input_value() == "closest"
        page.get_by_label("trading.minutes_before_close").fill("15")
        page.get_by_label("Pair 2, one side").fill("QQQ")
        page.get_by_label("Pair 2, other side").fill("PSQ")
        page.get_by_role("button", name="Show what would change").click()
        expect(page.get_by_label("Difference of the file")).to_contain_text('+rounding = "closest"')
        page.get_by_role("button", name="Save it").click()
        expect(page.get_by_role("heading", name="The settings are saved")).to_be_visible()
    trading = settings(site).accounts[0].trading
    assert (trading.rounding, trading.minutes_before_close) == ("closest", 15)
    assert trading.paired_tickers == (("SPY", "SPYINV"), ("QQQ", "PSQ"))


@pytest.mark.sends("/bots/amount", "/bots/remove")
def test_a_bot_gets_another_amount_and_another_is_removed(look: Look, site: LocalSite):
    with look(site, at="/bots") as page:
        card = page.get_by_role("region", name="Dual momentum")
        card.get_by_text("Change or remove").click()
        card.get_by_label("Amount").fill("25000")
        card.get_by_role("button", name="Change").click()
        expect(page.get_by_role("heading", name="The amount of Dual momentum is changed")).to_be_visible()
        page.goto(site.url + "/bots")
        page.get_by_role("region", name="Ten-month average").get_by_text("Change or remove").click()
        page.get_by_role("link", name="Remove Ten-month average").click()
        page.get_by_label("The next run sells them").check()
        page.get_by_role("button", name="Remove Ten-month average").click()
        expect(page.get_by_role("heading", name="Ten-month average is removed")).to_be_visible()
    (account,) = settings(site).accounts
    assert "Ten-month average" not in account.bots
    assert str(next(each.amount for each in account.investments if each.bot == "Dual momentum")) == "25000"


def keeping_its_gains(text: str) -> str:
    return text.replace("amount = 30000", 'amount = 30000\ncapital = "rollover"')


@pytest.mark.sends("/bots/move")
def test_money_is_given_to_a_bot_that_keeps_its_gains(look: Look, tmp_path: Path):
    with (
        local_site(write_demo_account(tmp_path / "mine", keeping_its_gains)) as site,
        look(site, width=PHONE, at="/bots") as page,
    ):
        card = page.get_by_role("region", name="Dual momentum")
        card.get_by_text("Change or remove").click()
        card.get_by_label("take it from this bot").check()
        card.get_by_label("USD").fill("250")
        card.get_by_role("button", name="Move").click()
        expect(page.get_by_role("heading", name="250.00 USD taken from Dual momentum")).to_be_visible()


@pytest.mark.sends("/buy/upload", "/buy")
def test_a_chart_is_sent_looked_at_and_bought(look: Look, site: LocalSite):
    with look(site, at="/buy") as page:
        file = {"name": "mine.json", "mimeType": "application/json", "buffer": json.dumps(CHART).encode()}
        page.get_by_label("File").set_input_files(file)
        page.get_by_role("region", name="A chart from elsewhere").get_by_role("button", name="Look at it").click()
        expect(page.locator("main")).to_contain_text("Nothing is saved yet")
        page.get_by_label("Amount", exact=True).fill("1500")
        page.get_by_role("button", name="Buy it").click()
        expect(page.get_by_role("heading", name="Sent by hand is bought")).to_be_visible()
        page.goto(site.url + "/buy")
        expect(page.locator("main")).to_contain_text("Every bot file beside your settings is invested in already")
    assert "Sent by hand" in settings(site).accounts[0].bots


def test_each_form_that_there_is_is_sent_by_a_person_in_one_of_these_tests():
    marks = (mark for test in globals().values() for mark in getattr(test, "pytestmark", ()))
    assert {form for mark in marks if mark.name == "sends" for form in mark.args} == FORMS


# ------------------------------------------------------------------------------------------- at the local Alpaca

BEFORE_THE_CLOSE = datetime(2026, 11, 20, 15, 52, tzinfo=ZoneInfo("America/New_York"))


@pytest.fixture
def venue() -> Iterator[LocalAlpaca]:
    with LocalAlpaca(BEFORE_THE_CLOSE, market=Tape.sample(), running=True) as running:
        yield running


@pytest.fixture
def at_alpaca(venue: LocalAlpaca, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSite]:
    monkeypatch.setenv("KEY_ID", venue.key_id)
    monkeypatch.setenv("SECRET", venue.secret)
    (tmp_path / "config.toml").write_text(paper_config(venue.url, enabled=True))
    (tmp_path / "hold.json").write_text(json.dumps(CHART))
    with local_site(tmp_path / "config.toml") as running:
        yield running


@pytest.mark.sends("/tonight", "/tonight/execute")
def test_an_evening_is_seen_first_executed_and_told_from_the_page(look: Look, at_alpaca: LocalSite, venue: LocalAlpaca):
    with look(at_alpaca, width=PHONE, theme="dark", at="/tonight") as page:
        page.get_by_role("button", name="Dry run now").click()
        expect(page.locator("main")).to_contain_text("nothing was sent")
        assert venue.audit().posts == 0
        page.get_by_role("button", name="Execute this plan").click()
        page.get_by_role("status").wait_for()
        page.get_by_role("link", name=re.compile("in full")).click()  # the page shows it once the run has ended
        expect(page.locator(".badge").first).to_have_text("✓ success")
        page.get_by_role("link", name="Orders", exact=True).click()
        expect(page.get_by_role("rowheader", name=re.compile("buy .* SPY"))).to_be_visible()
        page.get_by_role("link", name="Home", exact=True).click()
        expect(page.locator("main")).to_contain_text("Run 1 of 2026-11-20")
    assert venue.audit().posts == 1
    assert venue.audit().repeated == ()


def test_an_account_with_real_money_is_unmistakable_and_is_not_armed_from_here(
    look: Look, at_alpaca: LocalSite, venue: LocalAlpaca
):
    text = at_alpaca.config.read_text().replace(
        "enabled = true", 'enabled = true\nmode = "live"\naccount_number = "123"'
    )
    at_alpaca.config.write_text(text)
    with look(at_alpaca) as page:
        for path in ("/", "/tonight", "/bots", "/buy", "/runs", "/settings", "/journal"):
            page.goto(at_alpaca.url + path)
            strip = page.locator(".strip.live")
            assert strip.inner_text().startswith("Real money: paper.")
            assert strip.evaluate("(each) => getComputedStyle(each).backgroundColor") == "rgb(163, 0, 95)"
        page.goto(at_alpaca.url + "/")
        assert "is not armed" in page.get_by_role("region", name="Needs you").inner_text()
        assert page.get_by_role("button", name=re.compile("arm", re.IGNORECASE)).count() == 0
    assert venue.audit().posts == 0


def test_the_page_counts_down_to_the_next_run(look: Look, at_alpaca: LocalSite):
    with look(at_alpaca) as page:
        shown = page.locator("[data-until]").first
        starts = datetime.fromisoformat(str(shown.get_attribute("data-until")))
        page.clock.install(time=starts.timestamp() - 3 * 3600 - 300)
        page.reload()
        assert shown.inner_text() == "in 3 h 05 min"
        page.clock.run_for(5 * 60_000)
        assert shown.inner_text() == "in 3 h 00 min"
        page.clock.run_for(3 * 60 * 60_000)
        assert shown.inner_text() == "now"
