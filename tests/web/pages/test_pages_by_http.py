"""Every page as it is answered, without a browser: what it shows, what it refuses, how large it is."""

import html
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from addresses import READ, address
from local_site import LocalSite, Person, local_site

MORE = (
    *("/bot?name=Dual%20momentum&live=1", "/bot?name=Dual%20momentum&backtest=1", "/runs?dry=1", "/run?id=1&dry=1"),
    *("/run?id=1&replay=1", "/performance?bot=Dual%20momentum", "/journal"),
)
LARGEST = 150_000


@pytest.mark.parametrize("path", [*READ, *MORE])
def test_a_page_is_answered_is_small_and_has_no_script_or_style_of_its_own(person: Person, path: str):
    answer = person.get(address(path, person.site.site.load()))
    assert answer.status == 200, answer.text
    assert len(answer.body) < LARGEST
    assert not re.search(r"<style| style=|<script(?! src=)|\son\w+=|javascript:", answer.text)
    assert "<h1" in answer.text


def test_the_first_page_with_all_that_it_loads_is_below_150_kilobytes(person: Person, shared: LocalSite):
    found = person.get("/").text
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+)"', found)
    sizes = {path: len(shared.ask("GET", path).body) for path in loaded}
    assert {"/static/charts.css", "/static/style.css", "/static/site.js", "/static/icon.svg"} == sizes.keys()
    assert sum(sizes.values()) + len(found) < LARGEST


def test_home_says_what_there_is_and_that_nothing_needs_a_person(person: Person):
    found = text_of(person.get("/").text)
    for words in ("Nothing needs you", "USD", "Run 1 of 2016-07-01", "no real money", "Halt trading now"):
        assert words in found


def test_a_run_shows_what_the_terminal_shows(person: Person, rebalance, shared: LocalSite):
    found = text_of(person.get("/run?id=1").text)
    told = json.loads(rebalance("history", "1", "--json", "--config", str(shared.config)).out)["record"]
    for trade in told["plan"]["trades"]:
        assert trade["why"] in found
    for order in told["orders"]:
        assert f"{order['side']} {order['quantity']} {order['symbol']}" in found
    assert "flips if SPY falls 1.07 % to 207.67" in found
    assert told["head"]["hash"] in found
    assert "comes out the same, byte for byte" in text_of(person.get("/run?id=1&replay=1").text)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?account=nobody", 200),
        ("/bots?account=nobody", 400),
        ("/run?id=9", 404),
        ("/bot?name=Dual%20momentum&account=nobody", 400),
        ("/bot?name=Dual%20momentum&drawing=0", 400),
        ("/performance?from=20160704", 400),
        ("/run?id=0", 400),
        ("/run?id=1e3", 400),
        ("/run?id=99999999999999999999", 400),
        ("/runs?limit=-1", 400),
        ("/bot?name=nobody", 404),
        ("/performance?from=yesterday", 400),
        ("/performance?benchmark=<b>", 400),
        ("/bots/remove?bot=nobody", 400),
        ("/buy/check?bot=upload:../../config", 400),
        (f"/buy/check?bot=upload:{'0' * 64}", 400),
        ("/tonight/execution?id=..", 404),
        ("/nothing", 404),
    ],
)
def test_what_is_not_there_is_refused_on_a_page_that_says_so(person: Person, path: str, status: int):
    answer = person.get(path)
    assert answer.status == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("page", ["/bot?name=", "/buy/check?bot=", "/bots/remove?bot="])
def test_a_path_in_the_place_of_a_name_opens_no_file(person: Person, shared: LocalSite, page: str):
    for path in (shared.config.parent / "bots/dual_momentum.json", shared.config, Path("/etc/passwd")):
        answer = person.get(page + quote(str(path)))
        assert answer.status in {400, 404}
        assert "root:" not in answer.text


def test_a_name_that_looks_like_markup_or_turns_the_text_around_is_shown_as_it_is(site: LocalSite):
    evil = "<img src=x onerror=alert(1)>\u202e"
    text = site.config.read_text("utf-8")
    site.config.write_text(text.replace('name = "Dual momentum"', 'name = "<img src=x onerror=alert(1)>"'), "utf-8")
    bot = site.config.parent / "bots/dual_momentum.json"
    document = json.loads(bot.read_text("utf-8"))
    bot.write_text(json.dumps({**document, "name": evil}), "utf-8")
    person = site.enter()
    name = quote("<img src=x onerror=alert(1)>")
    for path in ("/", "/bots", f"/bot?name={name}&backtest=1", "/performance", f"/bots/remove?bot={name}", "/settings"):
        answer = person.get(path)
        assert answer.status == 200, answer.text
        assert "<img" not in answer.text
        assert "\u202e" not in answer.text


def test_without_a_run_each_page_says_how_to_begin(tmp_path: Path, rebalance):
    assert rebalance("init").code == 0
    with local_site(tmp_path / "config.toml") as running:
        person = running.enter()
        for path in ("/", "/tonight", "/bots", "/buy", "/runs", "/orders", "/performance", "/settings", "/journal"):
            answer = person.get(path)
            assert answer.status == 200, answer.text
        assert "No run yet" in person.get("/").text
        assert "No order yet" in person.get("/orders").text


def gates(depth: int, place: int = 1) -> dict:
    """A chart of 2**depth - 1 gates, no two of them the same, and the way leads through all their first branches."""
    if depth == 0:
        return {"asset": "SPY"}
    rose = {"cumulative-return": {"of": "SPY", "window": 5}}
    then, other = gates(depth - 1, 2 * place), gates(depth - 1, 2 * place + 1)
    return {"if": {"left": rose, "is": "gt", "right": -100 - place}, "then": then, "else": other}


def test_of_a_chart_of_a_thousand_gates_the_page_draws_the_way_taken_and_links_the_rest(site: LocalSite):
    chart = {"format": "rebalancer/bot", "version": 1, "name": "Large", "chart": gates(10)}
    (site.config.parent / "bots" / "large.json").write_text(json.dumps(chart))
    person = site.enter()
    first = person.get("/bot?name=large").text
    (drawn,) = re.findall(r'<svg class="rebalance-chart".*?</svg>', first, re.DOTALL)
    assert len(drawn) < LARGEST
    assert drawn.count('<g class="taken">') == 10
    link, *_ = re.findall(r'<a href="([^"]*drawing=\d+#chart)">', drawn)
    below = person.get(html.unescape(link).removesuffix("#chart")).text
    assert "back to the drawing above this one" in below
    assert person.get("/bot?name=large&drawing=999999").text.count("back to the drawing") == 0


def test_of_two_bots_of_one_name_the_page_shows_that_of_the_account(site: LocalSite):
    bots = site.config.parent / "bots"
    (bots / "other.json").write_text(
        json.dumps({"format": "rebalancer/bot", "version": 1, "name": "x", "chart": {"asset": "IEF"}})
    )
    site.config.write_text(
        site.config.read_text("utf-8")
        + '\n[accounts.second]\nbroker = "sim"\n[[accounts.second.investments]]\n'
        + 'name = "Dual momentum"\nbot = "bots/other.json"\namount = 100\n',
        "utf-8",
    )
    person = site.enter()
    pages = {name: person.get(f"/bot?name=Dual%20momentum&account={name}").text for name in ("demo", "second")}
    assert "bots/dual_momentum.json" in pages["demo"]
    assert ("bots/other.json" in pages["second"], "IEF 100.00 %" in pages["second"]) == (True, True)
    for name, shown in pages.items():
        assert f'href="/bot?name=Dual%20momentum&amp;account={name}"' in person.get(f"/bots?account={name}").text
        assert f"account={name}&amp;backtest=1" in shown


def test_an_unusable_config_is_told_with_its_problems(site: LocalSite):
    person = site.enter()
    site.config.write_text(site.config.read_text("utf-8").replace('mode = "paper"', 'mode = "real"'), "utf-8")
    answer = person.get("/")
    assert answer.status == 400
    assert "accounts.demo.mode" in answer.text


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


def test_a_bot_that_is_a_link_to_itself_hides_no_other(site: LocalSite):
    (site.config.parent / "bots" / "loop.json").symlink_to("loop.json")
    person = site.enter()
    assert person.get("/bot?name=Dual%20momentum").status == 200
    assert "loop" in person.get("/buy").text
    answer = person.get("/buy/check?account=demo&bot=loop")
    assert answer.status == 400
    assert "can&#39;t be read" in answer.text
