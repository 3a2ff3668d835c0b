"""What messages say, in words: of runs that stop or whose keys fail, and of what a person did."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from rebalancer.app import messages
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig
from rebalancer.events import Armed, Disarmed, Halted, HaltLifted, Noted
from rebalancer.journal.read import RunRecord, RunSummary
from rebalancer.model import RunStatus
from rebalancer.ports import KEYS_REFUSED
from rebalancer.trading.recovery import TURNED_UP

AT = datetime(2026, 11, 27, 17, 50, tzinfo=UTC)
MAIN = AccountConfig("main")


def result(status: RunStatus, reason: str, exit_code: int = 0, *warnings: str) -> RunResult:
    run = RunSummary(7, "main", "sim", "paper", date(2026, 11, 27), 1, False, False, "0", AT, AT, status, reason, 0)  # noqa: FBT003
    remarks = tuple(Noted(AT, "warning", text) for text in warnings)
    record = RunRecord(run, AT, {}, (), (), (), (), None, None, (), remarks, (), None)
    return RunResult("main", exit_code, "", record, status, "America/New_York")


@pytest.mark.parametrize(
    ("found", "kind", "to_do"),
    [
        (result("success", "2 of 2 orders done"), "success", "2 of 2 orders done."),
        (result("success", "done", 0, "SPY moved"), "warnings", "`rebalance history 7` has the whole run"),
        (result("failed", "no prices", 4), "failed", "`rebalance doctor --account main` checks what a run needs"),
        (result("partial", "the ledger differs", 5), "halt", "`rebalance resume --account main --reason TEXT` lifts"),
        (result("partial", f"buy 1 SPY {TURNED_UP[0]}", 5), "order", "Look at the account's orders at the broker"),
        (result("failed", f"Alpaca {KEYS_REFUSED}", 4), "keys", "`rebalance login main` stores new ones"),
    ],
)
def test_a_run_is_told_by_what_a_person_has_to_do(found, kind, to_do):
    told = messages.of_run(MAIN, found, 0)
    assert told.kind == kind
    assert to_do in told.body.split("\n")[-1]


def test_keys_that_can_not_be_read_are_told_as_that():
    none = RunResult("main", 2, "account main has no keys yet", None, "failed", "America/New_York")
    assert messages.of_run(MAIN, none, 0, keys_readable=False).kind == "keys"
    assert messages.of_run(MAIN, none, 0).kind == "failed"


def test_many_warnings_are_counted():
    found = result("success", "done", 0, *(f"warning {number}" for number in range(8)))
    body = messages.of_run(MAIN, found, 0).body.split("\n")
    assert body[1:7] == [*(f"- warning {number}." for number in range(5)), "- and 3 more warnings"]


@pytest.mark.parametrize(
    ("event", "kind", "said"),
    [
        (Halted(AT, "main", "ann@desk", "the news"), "halt", "account main was halted by ann@desk: the news.\n"),
        (Halted(AT, "", "ann@desk", "storm"), "halt", "every account was halted by ann@desk: storm.\n"),
        (
            HaltLifted(AT, "main", "ann@desk", "over"),
            "resume",
            "the halt of account main was lifted by ann@desk: over.",
        ),
        (
            Armed(AT, "main", "123456789", Decimal(25000), AT, {}, False, "ann@desk"),  # noqa: FBT003
            "arming",
            "(account 123456789) may trade real money, by ann@desk: up to 25,000.00 USD a run, until the end of 20",
        ),
        (
            Disarmed(AT, "main", "ann@desk", "the config was edited"),
            "arming",
            "account main may trade real money no more, by ann@desk: the config was edited.\n",
        ),
    ],
)
def test_what_a_person_did_is_told_with_who_and_why(event, kind, said):
    told = messages.of_event(event, MAIN)
    assert told.kind == kind
    assert said in told.body
    assert told.body.startswith("2026-11-27 12:50 EST: ")


def test_what_keeps_an_account_from_trading_and_what_fails_outside_of_runs_is_told():
    unarmed = messages.of_blocked("main: account main is not armed any more: config has changed since")
    assert (unarmed.kind, unarmed.title) == ("arming", "rebalance main: no orders are sent")
    assert messages.of_blocked("main: the journal is damaged").kind == "failed"
    failed = messages.of_failure(ValueError("the journal can't be read"))
    assert failed.body.startswith("the journal can't be read.\nNo run starts until this is mended")
