"""A setting as a field of a form says what it means, what is allowed and what it is without it."""

import pytest

from rebalancer import config
from rebalancer.app.setting_change import editable
from rebalancer.errors import BadInputError
from rebalancer.web.forms import Form
from rebalancer.web.pages.setting_fields import changed, fields_of, pairs_of, typed_of


@pytest.fixture
def fields(rebalance, tmp_path):
    assert rebalance("init").code == 0
    found = config.load(tmp_path / "config.toml")
    return {field.key: field for field in fields_of(editable(found, found.accounts[0]))}


def test_each_field_has_its_range_or_its_choices_in_words(fields):
    assert fields["trading.minutes_before_close"].allowed == "From 1 to 390."
    assert fields["trading.max_allocation_percent"].allowed == "Above 0, up to 99."
    assert fields["trading.rounding"].choices == {"floor": "floor", "closest": "closest"}
    assert fields["enabled"].choices == {"true": "yes", "false": "no"}
    assert fields["trading.protected"].allowed == "Tickers such as SPY, TLT."
    assert (fields["trading.paired_tickers"].value, fields["trading.protected"].value) == ("SPY/SPYINV", "")
    assert (fields["limits.max_orders"].is_number, fields["limits.allowed"].is_number) == (True, False)


def test_only_what_is_typed_otherwise_is_a_change_and_nothing_is_said(fields):
    same = {key: field.value for key, field in fields.items()}
    assert changed([*fields.values()], {**same, "trading.rounding": "closest"}) == {"trading.rounding": "closest"}
    with pytest.raises(BadInputError, match="nothing differs"):
        changed([*fields.values()], same)


def test_pairs_are_typed_side_by_side():
    form = Form({"pair-0-one": "SPY", "pair-0-other": " SH ", "pair-1-one": "", "pair-1-other": "", "account": "demo"})
    assert typed_of(form) == {"trading.paired_tickers": "SPY/SH"}
    assert [*pairs_of("SPY/SH, QQQ/PSQ")] == [("SPY", "SH"), ("QQQ", "PSQ")]
    assert [*pairs_of("")] == []
