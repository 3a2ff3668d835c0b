"""Edits of investments: each is checked with the whole config and journalled, or refused."""

import json
from pathlib import Path

import pytest
from sim_account import BOT, main_account, write

from rebalancer.app.removal import remove
from rebalancer.app.settings import change_amount, invest
from rebalancer.app.views import InvestmentsEdited
from rebalancer.config import Config, load
from rebalancer.errors import BadInputError
from rebalancer.journal import setting_history

ANN = "ann@desk"


def add(config: Config, folder: Path, amount: str = "25") -> InvestmentsEdited:
    (folder / "other.json").write_text(json.dumps({**BOT, "name": "Other"}))
    account = main_account(config)
    return invest(config, account, Path("other.json"), amount, percent=True, name=None, by=ANN)


def test_a_bot_that_is_added_is_in_the_config_and_in_the_journal(tmp_path: Path) -> None:
    config = write(tmp_path)
    edited = add(config, tmp_path)
    assert [(bot.bot, str(bot.amount)) for bot in edited.investments] == [("hold", "50"), ("other", "25")]
    assert [each.bot for each in main_account(load(config.path)).investments] == ["hold", "other"]
    assert set(setting_history.changes(config.journal())) == set(edited.changes)


def test_an_amount_that_breaks_a_rule_of_the_config_changes_nothing(tmp_path: Path) -> None:
    config = write(tmp_path)
    before = config.path.read_bytes()
    for amount in ("-1", "many", "nan"):
        with pytest.raises(BadInputError):
            add(config, tmp_path, amount)
    assert config.path.read_bytes() == before
    assert not config.journal().exists()


def test_a_changed_amount_keeps_its_unit_unless_another_is_named(tmp_path: Path) -> None:
    config = write(tmp_path)
    edited = change_amount(config, main_account(config), "hold", "40", percent=None, by=ANN)
    assert [(str(bot.amount), bot.weight_mode) for bot in edited.investments] == [("40", "percent")]


def test_the_only_bot_can_not_be_removed_and_an_unknown_one_is_named_with_those_there_are(tmp_path: Path) -> None:
    config = write(tmp_path)
    with pytest.raises(BadInputError, match="add another one first"):
        remove(config, main_account(config), "hold", "market", ANN)
    with pytest.raises(BadInputError, match="there are: hold"):
        remove(config, main_account(config), "other", "market", ANN)
