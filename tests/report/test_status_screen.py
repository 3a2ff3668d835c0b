"""The one screen in every state, and shown anew and anew: a terminal and a clock of the test, no waiting."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text
from terminal import Terminal

from rebalancer.app.status_views import AccountStatus, StatusReport
from rebalancer.events import Armed
from rebalancer.journal.read import RunSummary
from rebalancer.report.status import status_screen, watch

NOW = datetime(2026, 11, 20, 22, tzinfo=UTC)
RUN = RunSummary(
    id=7,
    account="main",
    broker="sim",
    mode="paper",
    session=date(2026, 11, 20),
    number=1,
    dry_run=False,
    forced=False,
    version="1",
    started=NOW - timedelta(minutes=70),
    ended=NOW - timedelta(minutes=68),
    status="success",
    reason="3 of 3 orders done",
    orders=3,
    equity=Decimal(101_000),
    gain=Decimal(1_000),
)
ACCOUNT = AccountStatus("main", "America/New_York", "USD", enabled=True, last=RUN, upcoming=None, troubles=())
ARMED = Armed(NOW, "main", "1", Decimal(25_000), datetime(2026, 12, 21, 5, tzinfo=UTC), {}, False, "ann@desk")  # noqa: FBT003


def shown(*accounts: AccountStatus) -> str:
    out = StringIO()
    console = Console(file=out, width=260)
    for part in status_screen(StatusReport(NOW, accounts, ())):
        console.print(part)
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"last": None}, "none yet"),
        ({}, "7, session 2026-11-20, 1 h 10 min ago: success, 3 of 3 orders done"),
        ({"last": replace(RUN, orders=0)}, "success, no order was needed"),
        ({"last": replace(RUN, status="partial", reason="2 of 3 orders done")}, "partial, 2 of 3 orders done"),
        ({"last": replace(RUN, status="failed", reason="no prices")}, "1 h 10 min ago: failed "),
        ({"last": replace(RUN, status="running"), "under_way": True}, "1 h 10 min ago: under way"),
        ({"last": replace(RUN, status="running")}, "1 h 10 min ago: interrupted"),
        ({"simulated": True, "enabled": False}, "7, session 2026-11-20: success"),
        ({"last_valued": RUN}, "101,000.00 USD  +1,000.00 (+1.00 %)  7, session"),
        ({"last_valued": replace(RUN, id=6, session=date(2026, 11, 19))}, "101,000.00 USD on 2026-11-19 "),
        ({"simulated": True}, "main     simulated "),
        ({}, "main     paper "),
        ({"real_money": True}, "real, not armed"),
        ({"real_money": True, "armed": ARMED}, "real, armed until 2026-12-21 00:00 EST for 25,000.00 USD a run "),
        (
            {"real_money": True, "armed": replace(ARMED, first_order_only=True)},
            "USD a run; its first one sends one order",
        ),
    ],
)
def test_a_row_says_whose_money_it_is_what_it_is_worth_and_how_the_last_run_ended(
    change: dict[str, Any], said: str
) -> None:
    assert said in shown(replace(ACCOUNT, **change))


def test_what_is_the_matter_with_all_accounts_is_said_once() -> None:
    both = "every account is halted"
    text = shown(
        replace(ACCOUNT, troubles=(both,)),
        replace(ACCOUNT, account="other", troubles=(both, "the session of 2026-11-19 was missed")),
    )
    assert "main, other: every account is halted\nother: the session of 2026-11-19 was missed\n" in text
    assert "No account needs you." in shown(ACCOUNT)


class Waits:
    """In the place of a wait: how long each should have been, and the end after so many."""

    def __init__(self, looks: int) -> None:
        self.seconds: list[float] = []
        self._looks = looks

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == self._looks


def test_each_look_takes_the_place_of_the_one_before_until_the_end_is_asked_for() -> None:
    waits = Waits(3)
    looks = iter(["first look", "second look", "third look"])
    screen = Terminal()
    watch(lambda: [Text(next(looks))], Console(file=screen, force_terminal=True, width=80), waits, 10)
    shown = screen.getvalue()
    places = [shown.index(f"{word} look") for word in ("first", "second", "third")]
    assert places == sorted(places)
    assert waits.seconds == [10, 10, 10]
    assert shown.index("\x1b[2K") > shown.index("first look"), "the first look is erased before the second is drawn"


def test_a_screen_that_is_higher_than_the_window_is_not_cut() -> None:
    rows = [Text(f"row {number}") for number in range(40)]
    screen = Terminal()
    watch(lambda: rows, Console(file=screen, force_terminal=True, width=80, height=10), Waits(1), 1)
    assert all(row.plain in screen.getvalue() for row in rows)
    assert "\N{HORIZONTAL ELLIPSIS}" not in screen.getvalue()
