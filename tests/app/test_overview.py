"""Accounts and bots at a glance come from the journal alone."""

import shutil
from datetime import date
from decimal import Decimal

import pytest

from rebalancer import config, demo
from rebalancer.app.controls import halt
from rebalancer.app.overview import overview, overviews
from rebalancer.app.runs import run_by_hand
from rebalancer.app.status import status_report
from rebalancer.config import Config
from rebalancer.market.clock import SystemClock


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Config:
    """The demo after two evenings."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(demo.config_path().with_name("bots"), folder / "bots")
    (folder / "config.toml").write_text('state_dir = "state"\n' + demo.config_path().read_text("utf-8"), "utf-8")
    found = config.load(folder / "config.toml")
    for day in (date(2016, 6, 30), date(2016, 7, 1)):
        run_by_hand(found, found.accounts[0], confirm=print, as_of=day)
    return found


def test_an_account_has_a_point_for_each_session_and_its_gain(settings):
    found = overview(settings, settings.accounts[0], SystemClock())
    assert found.track is not None
    assert found.track.sessions == (date(2016, 6, 30), date(2016, 7, 1))
    assert found.track.gain == found.track.value - 100_000
    assert found.status.last is not None
    assert found.track.value == found.status.last.equity
    assert (found.real_money, found.name, len(found.bots)) == (False, "demo", 4)


def test_the_bots_and_what_no_bot_has_are_the_whole_account(settings):
    found = overview(settings, settings.accounts[0], SystemClock())
    tracks = [bot.track for bot in found.bots if bot.track]
    assert len(tracks) == len(found.bots)
    assert found.track is not None
    assert found.free_cash is not None
    unassigned = found.track.value - sum((track.value for track in tracks), Decimal(0))
    assert abs(unassigned - found.free_cash) <= Decimal("0.05")


def test_before_the_first_run_nothing_is_known(settings, tmp_path):
    text = settings.path.read_text("utf-8").replace('"state"', f'"{tmp_path}"')
    fresh = config.parse(text.encode(), settings.path)
    (found,) = overviews(fresh, status_report(fresh, fresh.accounts, SystemClock()))
    assert (found.track, found.cash, found.free_cash) == (None, None, None)
    assert all(bot.track is None for bot in found.bots)
    halt(fresh, None, "a test", "ann")
    assert [each.reason for each in overview(fresh, fresh.accounts[0], SystemClock()).halts] == ["a test"]
