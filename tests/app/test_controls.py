"""Halts, the kill switch and arming as a web page would call them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sim_account import main_account, write

from rebalancer.app import arming, controls
from rebalancer.app.runs import run_by_hand
from rebalancer.errors import BadInputError
from rebalancer.events import Halted

ANN = "ann@desk"


def agree(question: str) -> None:
    """Confirms every question."""


def test_a_halted_account_does_not_run_until_it_is_resumed(tmp_path: Path) -> None:
    config = write(tmp_path)
    halted = controls.halt(config, "main", "odd prices", ANN)
    assert run_by_hand(config, main_account(config), agree).status == "failed"
    resumed = controls.resume(config, None, "checked", ANN)
    assert (resumed.lifted, resumed.whole_runs) == ((halted,), ())
    assert run_by_hand(config, main_account(config), agree, force=True).status == "success"


def test_resuming_an_account_without_a_halt_journals_nothing(tmp_path: Path) -> None:
    config = write(tmp_path)
    assert controls.resume(config, None, "checked", ANN).lifted == ()
    assert not config.journal().exists()


def test_an_unknown_account_is_refused_before_anything_is_journalled(tmp_path: Path) -> None:
    config = write(tmp_path)
    with pytest.raises(BadInputError, match="there are: main"):
        controls.halt(config, "other", "odd prices", ANN)
    assert not config.journal().exists()


def test_the_kill_switch_halts_first_and_then_answers_for_each_account(tmp_path: Path) -> None:
    config, seen = write(tmp_path), list[Halted]()
    killed = controls.kill(config, None, "by hand", ANN, on_halted=seen.append)
    assert (killed.exit_code, [killed.halted]) == (0, seen)
    assert [(each.account, each.left, each.trouble) for each in killed.accounts] == [("main", (), "")]


def test_an_account_without_real_money_can_not_be_armed(tmp_path: Path) -> None:
    config = write(tmp_path)
    with pytest.raises(BadInputError, match="nothing has to be armed"):
        controls.propose_arming(config, "main", Decimal(1000), date(2016, 7, 1), ANN, first_order_only=True)
    assert arming.live_accounts(config, None) == []
    assert controls.disarm(config, main_account(config), "by hand", ANN) is None
