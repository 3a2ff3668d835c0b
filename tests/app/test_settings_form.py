"""A form shows every key with what it means, and a change before it is made."""

import json
from dataclasses import fields

import pytest

from rebalancer import config
from rebalancer.app.settings_form import propose, save, setting_fields
from rebalancer.errors import BadInputError
from rebalancer.model import Limits, Trading


@pytest.fixture
def settings(rebalance, tmp_path):
    assert rebalance("init").code == 0
    return config.load(tmp_path / "config.toml")


def test_every_key_has_its_meaning_its_range_or_choices_and_its_default(settings):
    found = {field.key: field for field in setting_fields(settings, settings.accounts[0])}
    for name, table in (("trading", Trading), ("limits", Limits)):
        assert {f"{name}.{field.name}" for field in fields(table)} <= found.keys()
    assert all(field.meaning.endswith(".") for field in found.values())
    assert found["trading.minutes_before_close"].allowed == "from 1 to 390"
    assert found["trading.max_allocation_percent"].allowed == "above 0, up to 99"
    assert found["trading.rounding"].choices == ("floor", "closest")
    assert (found["trading.paired_tickers"].value, found["trading.protected"].value) == ("SPY/SPYINV", "")
    assert (found["enabled"].kind, found["cash_reserve.amount"].kind) == ("switch", "number")


def test_what_starts_a_program_or_reaches_a_broker_is_no_field_and_is_refused(settings):
    account = settings.accounts[0]
    for key in ("on_result", "broker", "mode", "base_url", "credentials_file", "account_number", "investments"):
        assert key not in {field.key for field in setting_fields(settings, account)}
        with pytest.raises(BadInputError, match="change it in the file"):
            propose(settings, account, {key: "x"})


def test_a_change_is_shown_then_made_and_journalled(settings, rebalance):
    account = settings.accounts[0]
    typed = {"trading.rounding": "closest", "trading.minutes_before_close": "15"}
    proposed = propose(settings, account, typed)
    assert [line for line in proposed.diff if line[0] in "+-"]
    assert settings.path.read_bytes() == settings.content
    save(settings, account, typed, proposed.base, "ann@desk")
    assert settings.path.read_bytes() == proposed.content
    told = json.loads(rebalance("config", "changes", "--json").out)["changes"]
    assert {(each["key"], each["new"]) for each in told if "trading" in each["key"]} == {
        ("accounts.main.trading.rounding", "closest"),
        ("accounts.main.trading.minutes_before_close", "15"),
    }


def test_a_change_that_was_shown_for_another_file_is_not_made(settings):
    account, typed = settings.accounts[0], {"trading.rounding": "closest"}
    proposed = propose(settings, account, typed)
    settings.path.write_bytes(settings.content + b"\n# edited by hand\n")
    with pytest.raises(BadInputError, match="look at it again"):
        save(config.load(settings.path), account, typed, proposed.base, "ann@desk")
    assert settings.path.read_bytes() == settings.content + b"\n# edited by hand\n"


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("trading.minutes_before_close", "0"),
        ("trading.max_allocation_percent", "NaN"),
        ("trading.rounding", "up"),
        ("trading.paired_tickers", "SPY/SPY"),
        ("trading.order_type", "moc"),
        ("limits.allowed", "spy"),
    ],
)
def test_a_value_that_the_file_would_refuse_is_refused_with_its_key(settings, key, typed):
    with pytest.raises(BadInputError, match=key.rpartition(".")[2]):
        propose(settings, settings.accounts[0], {key: typed})


def test_nothing_changed_is_said(settings):
    account = settings.accounts[0]
    same = {field.key: field.value for field in setting_fields(settings, account)}
    with pytest.raises(BadInputError, match="nothing differs"):
        propose(settings, account, same)
