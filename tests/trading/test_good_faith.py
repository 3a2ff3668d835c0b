"""Sells of shares bought with unsettled money: a cash account is warned, and they are sent all the same."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from scripted_sim import ScriptedSimBroker
from stage import DAYS, SPY, TLT, Stage, mix, percent


@dataclass
class MarginAccountBroker:
    """The sim broker with an account that may invest `multiplier` times its equity."""

    inner: ScriptedSimBroker
    multiplier: Decimal | None

    def __getattr__(self, name: str):
        return getattr(self.inner, name)

    def account(self):
        return replace(self.inner.account(), multiplier=self.multiplier)


def stage_of(folder: Path, multiplier: int | None) -> Stage:
    stage = Stage(folder, {"A": (mix(SPY=90), percent("A", 100))})
    stage.broker_proxy = lambda broker: MarginAccountBroker(broker, None if multiplier is None else Decimal(multiplier))
    return stage


def want(stage: Stage, **percents: int) -> None:
    stage.bots = {"A": (mix(**percents), percent("A", 100))}


def warnings(stage: Stage) -> list[str]:
    return [remark.text for remark in stage.record().remarks if "good-faith violation" in remark.text]


def switched_twice(stage: Stage) -> Stage:
    """SPY is sold for TLT, which a second run of the same session sells again."""
    stage.run()
    stage.on(DAYS[2])
    want(stage, TLT=90)
    stage.run()
    assert warnings(stage) == []
    want(stage, SPY=90)
    return stage


def test_a_cash_account_is_warned_before_it_sells_shares_bought_with_unsettled_money(tmp_path):
    stage = switched_twice(stage_of(tmp_path, 1))
    stage.run(force=True)
    (warning,) = warnings(stage)
    assert warning.startswith(f"TLT: it was bought after a sale whose money is settled on {DAYS[3]} only.")
    assert "It is sold all the same" in warning
    assert set(stage.shares()) == {SPY}


def test_the_next_evening_has_nothing_to_warn_of(tmp_path):
    stage = switched_twice(stage_of(tmp_path, 1)).on(DAYS[3])
    stage.run()
    assert warnings(stage) == []
    assert set(stage.shares()) == {SPY}


@pytest.mark.parametrize("multiplier", [2, 4, None])
def test_a_margin_account_or_an_unknown_one_is_not_warned(tmp_path, multiplier):
    stage = switched_twice(stage_of(tmp_path, multiplier))
    stage.run(force=True)
    assert warnings(stage) == []
    assert TLT not in stage.shares()
