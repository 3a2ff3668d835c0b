"""Canary keys appear in no output, log, file or error, whatever their source."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from keyrings import MemoryKeyring, in_use
from local_alpaca import LocalAlpaca, Tape, faults

from rebalancer import config
from rebalancer.app.runs import RunResult, run_account

ID, SECRET = "PKCANARY000000000001", "canary/of+forty+characters/in+all/000001"
CANARIES = ID, SECRET, "CANARY", "canary"
EVENING = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)
BOT = {
    "format": "rebalancer/bot",
    "version": 1,
    "name": "Half",
    "chart": {"equal": [{"asset": "SPY"}, {"asset": "TLT"}]},
}
CONFIG = """
state_dir = "state"
[accounts.paper]
broker = "alpaca"
base_url = "{url}"
data_url = "{url}"
{keys}
[[accounts.paper.investments]]
bot = "half.json"
amount = 60000
"""
WAYS = {
    "variables": 'key_id = "${MY_KEY}"\nsecret = "${MY_SECRET}"',
    "file": 'credentials_file = "alpaca.toml"',
    "keyring": "",
}


class Home(NamedTuple):
    """A person's folder, whose account at the local Alpaca has the canary for keys."""

    folder: Path
    venue: LocalAlpaca

    def write_config(self, keys: str) -> None:
        (self.folder / "config.toml").write_text(CONFIG.format(url=self.venue.url, keys=keys))

    def evening(self) -> RunResult:
        settings = config.load(self.folder / "config.toml")
        return run_account(settings, settings.accounts[0], clock=self.venue.clock)

    def files(self) -> dict[str, str]:
        """The bytes of all that stands in the folder, but for the file in which the person keeps the keys."""
        found = [path for path in self.folder.rglob("*") if path.is_file() and path.name != "alpaca.toml"]
        return {path.name: path.read_bytes().decode("latin-1") for path in found}


@pytest.fixture
def venue() -> Iterator[LocalAlpaca]:
    with LocalAlpaca(EVENING, market=Tape.sample()) as venue:
        venue.key_id, venue.secret = ID, SECRET
        yield venue


@pytest.fixture(params=WAYS)
def home(request, tmp_path, venue, monkeypatch) -> Iterator[Home]:
    monkeypatch.setenv("MY_KEY", ID)
    monkeypatch.setenv("MY_SECRET", SECRET)
    (tmp_path / "half.json").write_text(json.dumps(BOT))
    (tmp_path / "alpaca.toml").write_text(f'key_id = "{ID}"\nsecret = "{SECRET}"\n')
    (tmp_path / "alpaca.toml").chmod(0o600)
    home = Home(tmp_path, venue)
    home.write_config(WAYS[request.param])
    memory = MemoryKeyring()
    memory.kept["rebalancer", "paper"] = f"{ID}\n{SECRET}"
    with in_use(memory):
        yield home


@pytest.fixture
def log(caplog) -> pytest.LogCaptureFixture:
    """Everything that any library logs."""
    caplog.set_level(logging.DEBUG)
    return caplog


def leaked_canaries(*texts: object) -> list[str]:
    """The canaries that are in any of `texts`."""
    return [canary for canary in CANARIES for text in texts if canary in f"{text} {text!r}"]


def test_an_evening_leaves_no_trace_of_the_keys(rebalance, home, log):
    result = home.evening()
    assert result.exit_code == 0, result.message
    assert {(order.symbol, order.state) for order in result.run.orders} == {("SPY", "filled"), ("TLT", "filled")}

    said = [rebalance(*words.split()) for words in ("history 1", "history 1 --json", "orders --json", "config changes")]
    files = home.files()
    assert "half.json" in files["journal.sqlite"]
    assert any("/v2/orders" in message for message in log.messages)
    assert leaked_canaries(result, said, log.text, files) == []


def test_a_bundle_for_a_bug_report_has_no_key_and_no_account_number(rebalance, home):
    """Also where the owner wrote them into the bot."""
    number = "PA3LOCAL0001"
    bot = {**BOT, "name": f"Half of {number}", "chart": {"equal": [{"asset": "SPY"}, {"asset": "TLT"}]}}
    (home.folder / "half.json").write_text(json.dumps(bot))
    assert home.evening().exit_code == 0
    assert rebalance("replay", 1, "--bundle", "run.json").code == 0
    text = (home.folder / "run.json").read_text()
    assert [secret for secret in (*CANARIES, number) if secret in text] == []
    assert "Half of [removed]" in text
    assert rebalance("replay", "run.json").code == 0


@pytest.mark.parametrize(
    "words",
    ["config check", "config show", "config show --json", "config schema", "run --dry-run", "run --dry-run --json"],
)
def test_no_screen_shows_the_keys(rebalance, home, log, words):
    said = rebalance(*words.split())
    assert said.code == 0, said.err
    assert leaked_canaries(said, log.text, home.files()) == []


@pytest.mark.parametrize("words", ["doctor", "doctor --json"])
def test_the_doctor_uses_the_keys_and_does_not_show_them(rebalance, home, log, words):
    said = rebalance(*words.split())
    assert said.code in {0, 4}
    assert ("GET", "/v2/account") in {(request.method, request.path) for request in home.venue.requests}
    assert leaked_canaries(said, log.text) == []


@pytest.mark.parametrize(
    "fault",
    [
        faults.answering({"message": f"no such key: {ID}, {SECRET}"}, status=401),
        faults.answering({"message": f"what do you mean by {ID}, {SECRET}?"}, status=400),
        faults.edited(status=f"blocked for {SECRET}", currency=ID),
        faults.edited(equity=f"{ID} {SECRET}"),
    ],
)
def test_an_answer_that_quotes_keys_is_reported_without_them(rebalance, home, log, fault):
    home.venue.faults.on("GET", "/v2/account", fault=fault, times=None)
    said = rebalance("run", "--dry-run", "--json")
    assert said.code == 4
    debugged = rebalance("run", "--dry-run", "--debug")
    assert "Traceback" in debugged.err
    assert leaked_canaries(said, debugged, log.text) == []


def test_a_dropped_connection_is_reported_without_keys(home, log):
    home.venue.faults.on("GET", "/v2/account", fault=faults.RESET, times=None)
    result = home.evening()
    assert result.exit_code == 4
    assert leaked_canaries(result, log.text, home.files()) == []


def test_what_variables_hold_is_on_no_screen_and_in_no_file_after_an_evening(rebalance, home, log, monkeypatch):
    monkeypatch.setenv("TOKEN", "canary-of-a-web-hook")
    bot = home.folder / "canary" / "half.json"
    bot.parent.mkdir()
    bot.write_text(json.dumps(BOT))
    monkeypatch.setenv("FOLDER", str(bot.parent))
    settings = CONFIG.replace('"half.json"', '"${{FOLDER}}/half.json"').replace(
        '"state"', '"state"\non_result = "sh -c false ${{TOKEN}}"'
    )
    (home.folder / "config.toml").write_text(settings.format(url=home.venue.url, keys=WAYS["variables"]))
    home.evening()
    words = (
        "config show",
        "config show --json",
        "history 1",
        "history --json",
        "status",
        "bots list",
        "config changes --json",
    )
    said = [rebalance(*each.split()) for each in words]
    assert all(each.code in {0, 6} for each in said), said
    files = {name: text for name, text in home.files().items() if name != "half.json"}
    assert "canary-of" not in f"{said} {files} {log.text}"


@pytest.mark.parametrize("debug", [[], ["--debug"], ["--json"]])
def test_keys_in_the_config_are_refused_and_not_quoted(rebalance, home, log, debug):
    home.write_config(f'key_id = "{ID}"\nsecret = "{SECRET}"')
    said = rebalance("run", *debug)
    assert said.code == 2
    assert ("Traceback" in said.err) == (debug == ["--debug"])
    assert leaked_canaries(said, log.text) == []
    assert not (home.folder / "state").exists()
