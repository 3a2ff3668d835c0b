"""The settings in force, and where each value comes from."""

import json

from configs import FOLDER, SMALLEST

from rebalancer import config
from rebalancer.config import AccountConfig, SimSettings
from rebalancer.config.effective import Setting, effective_settings, observer_settings, shortened, snapshot
from rebalancer.config.keys import keys_of
from rebalancer.model import Limits, Trading

TEXT = f"""\
[trading]
drift_percent = 2
limit_percent = 0.5
paired_tickers = [["SPY", "SH"]]
{SMALLEST}
[accounts.demo.trading]
limit_percent = 0.25
"""


def settings(text: str, **environ: str) -> dict[str, Setting]:
    found = config.parse(text.encode(), FOLDER / "config.toml", environ)
    return {setting.key: setting for setting in effective_settings(found, found.accounts[0])}


def test_a_value_comes_from_the_account_else_from_trading_else_it_is_the_default() -> None:
    found = settings(TEXT)
    here = "accounts.demo.trading"
    assert found[f"{here}.limit_percent"] == Setting(f"{here}.limit_percent", "0.25", f"line 13, {here}.limit_percent")
    assert found[f"{here}.drift_percent"] == Setting(f"{here}.drift_percent", "2", "line 2, trading.drift_percent")
    assert found[f"{here}.manage"] == Setting(f"{here}.manage", "own", "default")


def test_every_setting_is_in_the_list() -> None:
    keys = settings(TEXT).keys()
    assert {f"accounts.demo.trading.{key}" for key in keys_of(Trading)} <= keys
    assert {f"accounts.demo.limits.{key}" for key in keys_of(Limits)} <= keys
    assert {f"accounts.demo.sim.{key}" for key in keys_of(SimSettings)} <= keys
    assert {f"accounts.demo.{key}" for key in keys_of(AccountConfig)} <= keys
    assert {"state_dir", "data.source", "accounts.demo.cash_reserve.amount"} <= keys


def test_an_investment_goes_by_the_name_of_its_bot() -> None:
    assert settings(TEXT)['accounts.demo.investments."trend".amount'].value == "6000"


def test_values_are_shown_as_a_person_would_write_them() -> None:
    found = settings(TEXT.replace("drift_percent = 2", 'fallback_ticker = "CASH"'))
    here = "accounts.demo.trading"
    assert [found[f"{here}.{key}"].value for key in ("fallback_ticker", "paired_tickers", "protected")] == [
        "CASH",
        "SPY/SH",
        "none",
    ]


def test_two_spellings_of_a_class_share_are_the_same_setting() -> None:
    kept = {
        written: settings(
            f'[trading]\nprotected = ["{written}"]\npaired_tickers = [["{written}", "SH"]]\n{SMALLEST}'
            f'[accounts.demo.trading]\nfallback_ticker = "{written.replace("K", "G")}"\n',
        )
        for written in ("BRK/B", "BRK-B", "BRK B", "BRK.B")
    }
    here = "accounts.demo.trading"
    assert {
        tuple(found[f"{here}.{key}"].value for key in ("protected", "paired_tickers", "fallback_ticker"))
        for found in kept.values()
    } == {("BRK.B", "BRK.B/SH", "BRG.B")}


def test_a_value_from_a_variable_names_it_and_is_shown_unless_it_is_free_text() -> None:
    mode = settings(SMALLEST.replace("[[", 'mode = "${MODE}"\n[[', 1), MODE="paper")["accounts.demo.mode"]
    assert (mode.value, mode.origin) == ("paper", "environment MODE, by line 4, accounts.demo.mode")


def test_free_text_from_a_variable_is_never_shown_in_full() -> None:
    found = settings(f'on_result = "tell-me ${{TOKEN}}"\n{SMALLEST}', TOKEN="hunter2-is-my-secret")  # noqa: S106
    setting = found["accounts.demo.on_result"]
    assert "hunter2" not in str(found)
    assert setting.origin == "environment TOKEN, by line 1, on_result"


def test_a_short_secret_is_not_given_away_by_its_first_letters() -> None:
    assert [shortened("abc"), shortened("abcdefgh"), shortened("a" * 100)] == [
        "... (3 characters)",
        "ab... (8 characters)",
        "aaaa... (100 characters)",
    ]


def test_the_snapshot_for_the_journal_has_every_setting_and_no_secret() -> None:
    text = f'on_result = "tell-me ${{TOKEN}}"\n{SMALLEST}'
    found = config.parse(text.encode(), FOLDER / "config.toml", {"TOKEN": "hunter2-is-my-secret"})
    kept = snapshot(found, found.accounts[0])
    assert json.loads(kept).keys() == settings(text, TOKEN="x").keys()  # noqa: S106
    assert b"hunter2" not in kept


def test_the_settings_of_observers_are_shown_with_where_addresses_are_and_kept_in_no_snapshot() -> None:
    tables = '[ping]\nurl = "${URL}"\n[metrics]\ntextfile = "${PLACE}/x.prom"\n[[notify]]\non = ["failed", "digest"]\n'
    environ = {"URL": "hunter2", "PLACE": "/hunter2"}
    found = config.parse((tables + SMALLEST).encode(), FOLDER / "config.toml", environ)
    shown = {each.key: each.value for each in observer_settings(found)}
    assert shown == {
        "ping.url": "${URL}",
        "ping.url_file": "none",
        "metrics.textfile": "/hu... (15 characters)",
        "notify[0].name": "notify",
        "notify[0].url": "none",
        "notify[0].url_file": "none",
        "notify[0].on": "digest, failed",
        "notify[0].quiet_hours": "none",
    }
    kept = json.loads(snapshot(found, found.accounts[0]))
    assert not any(key.startswith(("ping", "metrics", "notify")) for key in kept)
