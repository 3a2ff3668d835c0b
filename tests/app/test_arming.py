"""Orders with real money need an arming: of one account number and its files, until a day, up to a sum."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rebalancer import config
from rebalancer.app.arming import after_first_run, end_of_day, file_hashes, refused_day
from rebalancer.app.doctor import arming_check
from rebalancer.app.evening import evening
from rebalancer.app.status import blocked_by
from rebalancer.config import AccountConfig
from rebalancer.events import Armed, Halted
from rebalancer.model import NEW_YORK
from rebalancer.ports import TradingStatus
from rebalancer.trading.halts import FIRST_LIVE_RUN, end_of_day_text, unarmed_reason

NUMBER = "123456789"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 20, 50, tzinfo=UTC)
LAST_DAY = date(2026, 12, 31)
FILES = {"config": "aa", "bot Trend": "bb"}
ARMED = Armed(
    at=NOW,
    account="live1",
    number=NUMBER,
    max_dollars=Decimal(25_000),
    until=end_of_day(LAST_DAY, NEW_YORK),
    files=FILES,
    first_order_only=True,
    by="ann@desk",
)


def why(armed: Armed | None = ARMED, **other: object) -> str | None:
    asked: dict[str, object] = {"pinned": NUMBER, "files": FILES, "now": NOW, "zone": NEW_YORK} | other
    return unarmed_reason("live1", armed, **asked)


# --------------------------------------------------------------------------------------------- is it armed?


def test_an_account_is_armed_until_the_end_of_the_day_in_new_york() -> None:
    over = datetime(2027, 1, 1, 5, 0, tzinfo=UTC)
    assert why() is None
    assert why(now=over - timedelta(microseconds=1)) is None
    assert "was armed until the end of 2026-12-31 New York time, which is over" in (why(now=over) or "")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({**FILES, "config": "ac"}, "config has changed since"),
        ({**FILES, "bot Trend": ""}, "bot Trend has changed since"),
        ({**FILES, "bot New": "cc"}, "bot New has changed since"),
        ({"config": "ac"}, "bot Trend, config have changed since"),
    ],
)
def test_a_changed_config_or_bot_disarms_the_account_and_is_named(files: dict[str, str], says: str) -> None:
    assert says in (why(files=files) or "")


@pytest.mark.parametrize("pinned", ["987654321", None, ""])
def test_another_account_number_is_not_armed(pinned: str | None) -> None:
    assert f"armed for the account number {NUMBER}" in (why(pinned=pinned) or "")


@pytest.mark.parametrize("refused", [why(None), why(pinned="1"), why(files={}), why(now=NOW + timedelta(days=100))])
def test_every_reason_names_the_command_that_arms(refused: str | None) -> None:
    assert "rebalance live arm --account live1 --max-dollars" in (refused or "")


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        (date(2026, 11, 19), False),
        (date(2026, 11, 20), True),
        (date(2027, 2, 18), True),
        (date(2027, 2, 19), False),
        (date.max, False),
    ],
)
def test_an_account_is_armed_for_ninety_days_at_most(day: date, allowed: bool) -> None:  # noqa: FBT001
    assert (refused_day(day, NOW, NEW_YORK) is None) == allowed


@pytest.mark.parametrize("day", [date(2026, 3, 7), date(2026, 3, 8), date(2026, 11, 1), date(2026, 12, 31)])
def test_the_end_of_a_day_is_shown_as_that_day_also_when_clocks_change(day: date) -> None:
    for zone in (NEW_YORK, BERLIN):
        assert str(day) in end_of_day_text(end_of_day(day, zone), zone)
        assert str(day) in end_of_day_text(end_of_day(day, zone).astimezone(UTC), zone)


def test_a_day_ends_and_begins_at_midnight_of_the_exchange() -> None:
    """At 00:30 in Berlin it is still the day before in New York."""
    after_midnight = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert end_of_day(LAST_DAY, BERLIN) == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    assert refused_day(date(2026, 11, 20), after_midnight, NEW_YORK) is None
    assert refused_day(date(2026, 11, 20), after_midnight, BERLIN) is not None
    ended = why(replace(ARMED, until=end_of_day(LAST_DAY, BERLIN)), zone=BERLIN, now=ARMED.until)
    assert "was armed until the end of 2026-12-31 Berlin time, which is over" in (ended or "")


# --------------------------------------------------------------------------------------------- who says so


def test_status_reports_an_unarmed_live_account_but_no_paper_account() -> None:
    live = AccountConfig("live1", mode="live", account_number=NUMBER)
    assert list(blocked_by(live, TradingStatus(armed=ARMED), FILES, NOW)) == []
    assert "is not armed" in "".join(blocked_by(live, TradingStatus(), FILES, NOW))
    assert list(blocked_by(AccountConfig("paper"), TradingStatus(), FILES, NOW)) == []
    halted = TradingStatus(halt=Halted(NOW, "", "ann@desk", "a week off"), armed=None)
    assert len(list(blocked_by(live, halted, FILES, NOW))) == 2


@pytest.mark.parametrize(
    ("armed", "now", "verdict"),
    [
        (ARMED, NOW, "pass"),
        (ARMED, ARMED.until - timedelta(days=7), "warn"),
        (ARMED, ARMED.until, "fail"),
        (None, NOW, "fail"),
    ],
)
def test_the_arming_check_warns_a_week_before_the_arming_ends(armed: Armed | None, now: datetime, verdict: str) -> None:
    live = AccountConfig("live1", mode="live", account_number=NUMBER)
    assert arming_check(live, armed, FILES, now).verdict == verdict


# --------------------------------------------------------------------------------------------- the first run


def test_lifting_the_halt_of_the_first_live_run_removes_its_limit_to_one_order() -> None:
    later = NOW + timedelta(hours=1)
    looked = after_first_run(ARMED, [Halted(NOW, "live1", "rebalance", FIRST_LIVE_RUN)], later, "bob@desk")
    assert looked == replace(ARMED, at=later, by="bob@desk", first_order_only=False)


@pytest.mark.parametrize(
    ("armed", "halts"),
    [
        (None, [FIRST_LIVE_RUN]),
        (ARMED, []),
        (ARMED, ["an order was filled twice"]),
        (replace(ARMED, first_order_only=False), [FIRST_LIVE_RUN]),
        (replace(ARMED, at=NOW + timedelta(hours=2)), [FIRST_LIVE_RUN]),
    ],
)
def test_no_other_halt_removes_the_limit_to_one_order(armed: Armed | None, halts: list[str]) -> None:
    lifted = [Halted(NOW, "live1", "rebalance", reason) for reason in halts]
    assert after_first_run(armed, lifted, NOW, "bob@desk") is None


# --------------------------------------------------------------------------------------------- at a run


def test_the_file_hashes_are_those_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "hold.json").write_text(
        '{"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}'
    )
    (tmp_path / "config.toml").write_text(
        'state_dir = "state"\n[trading]\nfallback_ticker = "TBILL"\n[accounts.main]\nbroker = "sim"\n'
        '[[accounts.main.investments]]\nbot = "hold.json"\namount = 5\n'
    )
    settings = config.load(tmp_path / "config.toml")
    (account,) = settings.accounts
    with evening(settings, account) as tonight:
        assert tonight.context.files == file_hashes(settings, account)
    (tmp_path / "hold.json").unlink()
    assert file_hashes(settings, account)["bot hold"] == ""
