"""A setting is changed in its line of the file, seen before it is saved, and nothing else changes."""

import json
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

import pytest

from rebalancer.app.setting_change import editable, propose, save
from rebalancer.config import SimSettings, load
from rebalancer.errors import BadInputError
from rebalancer.events import Armed
from rebalancer.journal import read
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, Limits, Trading

CONFIG = """# mine
state_dir = "state"
[trading]
fallback_ticker = "TBILL"
[accounts.main]
broker = "sim"
[[accounts.main.investments]]
bot = "hold.json"
amount = 100
weight_mode = "percent"
# how it trades
[accounts.main.trading]
order_type = "limit"  # not market
[accounts.other]
broker = "sim"
[[accounts.other.investments]]
bot = "hold.json"
amount = 5000
"""


@pytest.fixture
def opened(tmp_path):
    def load_again():
        config = load(tmp_path / "config.toml")
        return config, config.accounts[0]

    (tmp_path / "config.toml").write_text(CONFIG)
    bot = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}
    (tmp_path / "hold.json").write_text(json.dumps(bot))
    return load_again


def test_every_key_of_trading_and_of_limits_can_be_changed_with_its_help_range_and_default(opened):
    found = {each.key: each for each in editable(*opened())}
    wanted = {f"trading.{field.name}" for field in fields(Trading)} | {
        f"limits.{field.name}" for field in fields(Limits)
    }
    wanted |= {f"sim.{field.name}" for field in fields(SimSettings)}
    assert wanted | {"enabled", "cash_reserve.mode", "cash_reserve.amount"} == found.keys()
    minutes = found["trading.minutes_before_close"]
    assert (minutes.value, minutes.default, minutes.schema["maximum"]) == ("10", "10", 390)
    assert all(each.meaning or each.key == "cash_reserve.amount" for each in found.values())


def test_a_change_is_one_line_of_the_file_and_its_comment_stays(opened):
    config, account = opened()
    seen = propose(config, account, {"trading.order_type": "market"}, "ann")
    assert [line for line in seen.diff if line[0] in "+-"][2:] == [
        '-order_type = "limit"  # not market',
        '+order_type = "market"  # not market',
    ]
    saved = save(config, account, seen, seen.file_hash, "ann")
    assert [(each.key, each.old, each.new) for each in saved.changes] == [
        ("accounts.main.trading.order_type", "limit", "market")
    ]
    assert opened()[0].accounts[0].trading.order_type == "market"
    assert opened()[0].accounts[1].trading.order_type == "limit"


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("trading.minutes_before_close", "15", "15"),
        ("trading.drift_percent", "0.5", "0.5"),
        ("trading.drift_percent", Decimal("0.5"), "0.5"),
        ("trading.paired_tickers", "SPY/SH, TLT/TBT", '[["SPY", "SH"], ["TLT", "TBT"]]'),
        ("trading.paired_tickers", [["SPY", "SH"]], '[["SPY", "SH"]]'),
        ("trading.protected", "SPY\nTLT", '["SPY", "TLT"]'),
        ("trading.protected", "", "[]"),
        ("limits.max_order_dollars", "1000.50", "1000.50"),
        ("cash_reserve.amount", "250", "250"),
        ("enabled", "true", "true"),
        ("enabled", True, "true"),
    ],
)
def test_a_value_is_written_as_a_person_would(opened, key, value, written):
    config, account = opened()
    seen = propose(config, account, {key: value}, "ann")
    assert f"+{key.rpartition('.')[2]} = {written}" in seen.diff
    save(config, account, seen, seen.file_hash, "ann")


def test_a_line_that_is_taken_out_brings_the_default_back(opened):
    config, account = opened()
    seen = propose(config, account, {"trading.order_type": "market"}, "ann")
    save(config, account, seen, seen.file_hash, "ann")
    config, account = opened()
    seen = propose(config, account, {"trading.order_type": None}, "ann")
    assert seen.changes[0].new == "limit"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trading.minutes_before_close", "soon"),
        ("trading.minutes_before_close", "391"),
        ("limits.max_run_dollars", "NaN"),
        ("limits.max_run_dollars", "1e999999999"),
        ("limits.max_run_dollars", Decimal("Infinity")),
        ("trading.order_type", "foo"),
        ("trading.protected", {"a": 1}),
        ("trading.protected", [1]),
        ("enabled", "yes"),
        ("mode", "live"),
        ("on_result", "rm -rf /"),
        ("broker", "sim"),
        ("base_url", "http://evil.example"),
        ("investments", []),
    ],
)
def test_what_is_not_allowed_changes_nothing(opened, tmp_path, key, value):
    config, account = opened()
    with pytest.raises(BadInputError):
        propose(config, account, {key: value}, "ann")
    assert (tmp_path / "config.toml").read_text() == CONFIG


def test_a_file_that_changed_since_it_was_seen_is_not_written(opened, tmp_path):
    config, account = opened()
    seen = propose(config, account, {"enabled": "true"}, "ann")
    (tmp_path / "config.toml").write_text(f"{CONFIG}# more\n")
    config, account = opened()
    with pytest.raises(BadInputError, match="has changed since"):
        save(config, account, propose(config, account, {"enabled": "true"}, "ann"), seen.file_hash, "ann")
    assert "enabled" not in (tmp_path / "config.toml").read_text()


def test_what_it_disarms_is_said_before_and_done_after(opened):
    config, account = opened()
    now = SystemClock().now()
    with SqliteJournal.open(config.journal()) as journal:
        journal.record(
            NO_RUN, Armed(now, "main", "123", Decimal(10), now + timedelta(days=1), {}, first_order_only=True, by="ann")
        )
    seen = propose(config, account, {"trading.order_type": "market"}, "ann")
    assert "this disarms it" in seen.disarms[0]
    assert read.trading_status(config.journal(), "main").armed is not None
    assert save(config, account, seen, seen.file_hash, "ann").disarmed == seen.disarms
    assert read.trading_status(config.journal(), "main").armed is None


def test_several_are_changed_together_and_every_problem_is_told(opened):
    config, account = opened()
    seen = propose(config, account, {"trading.rounding": "closest", "trading.minutes_before_close": "15"}, "ann")
    assert {change.new for change in seen.changes} == {"closest", "15"}
    with pytest.raises(BadInputError) as refused:
        propose(config, account, {"trading.drift_percent": "much", "mode": "live", "enabled": "true"}, "ann")
    assert len(refused.value.problems) == 2
