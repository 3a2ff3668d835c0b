"""What a reading of the account leaves in the journal and says, at the start of a run and later."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from gate_run import GateRun, RealMoneyBroker, order, scripted
from scripted_sim import ScriptedFault
from stage import DAYS, GLD, SPY, TLT, session_of

from rebalancer.errors import RunFailedError
from rebalancer.events import Holding, HoldingsRead, OrderIntended
from rebalancer.journal import read
from rebalancer.model import Account, CorporateAction, Limits, Position, Reserve, Symbol
from rebalancer.ports import TradingStatus
from rebalancer.trading.context import RunLog
from rebalancer.trading.snapshot import AccountSnapshot, Phase, record_account, require_same_account

AT = datetime(2024, 3, 5, 20, 50, tzinfo=UTC)
LATER: list[Phase] = ["again", "after_sells", "end"]
BTC = Symbol("BTC/USD")


def held(symbol: Symbol, shares: int, value: int, **more: Any) -> Position:
    return Position(symbol, Decimal(shares), Decimal(value), **more)


ACCOUNT = Account("sim", Decimal(100_000), Decimal(40_000), Decimal(40_000), AT)
OURS = (held(SPY, 100, 50_000), held(TLT, 100, 10_000))
DOUBLED = (held(SPY, 200, 50_000), held(TLT, 100, 10_000))
SPLIT = CorporateAction(SPY, DAYS[1], "split", ratio=Decimal(2), words="2 for 1 split")


def log_of(gate_run: GateRun) -> RunLog:
    return RunLog(gate_run.context, gate_run.run, session_of(DAYS[1]))


def recorded(
    gate_run: GateRun, *positions: Position, phase: Phase = "start", account: Account = ACCOUNT
) -> AccountSnapshot:
    return record_account(gate_run.context, log_of(gate_run), phase, account, positions)


def record(gate_run: GateRun) -> HoldingsRead:
    """The last one in the journal."""
    return read.run(gate_run.stage.journal_file, gate_run.run).holdings[-1]


def rows(gate_run: GateRun) -> dict[Symbol, Holding]:
    return {row.symbol: row for row in record(gate_run).holdings}


def remarks(gate_run: GateRun) -> list[str]:
    return [f"{each.level}: {each.text}" for each in read.run(gate_run.stage.journal_file, gate_run.run).remarks]


# --------------------------------------------------------------------------------------------- money


def test_the_reserve_and_what_others_hold_are_not_investable(gate_run: GateRun) -> None:
    saving = replace(gate_run, context=replace(gate_run.context, reserve=Reserve("percent", Decimal(2))))
    snapshot = recorded(saving, *OURS, held(GLD, 5, 1_000))
    written = record(saving)
    assert (written.reserve, written.others_value, written.investable) == (2_000, 1_000, 97_000)
    assert (snapshot.reserve, snapshot.holdings.others_value, snapshot.investable) == (2_000, 1_000, 97_000)
    assert (written.phase, written.account) == ("start", ACCOUNT)


def test_the_long_value_leaves_out_what_is_held_short_or_no_longer_held(gate_run: GateRun) -> None:
    assert recorded(gate_run, *OURS, held(GLD, -5, -1_000)).long_value == 60_000
    assert recorded(gate_run, *OURS, held(GLD, 1, 200)).long_value == 60_200
    assert recorded(gate_run, *OURS, held(GLD, 0, 7)).long_value == 60_000
    assert recorded(gate_run).long_value == 0


def test_a_loss_beyond_the_limit_of_the_day_is_journalled(gate_run: GateRun) -> None:
    limited = replace(gate_run, context=replace(gate_run.context, limits=Limits(max_daily_loss_percent=Decimal(5))))
    recorded(limited, *OURS, phase="again", account=replace(ACCOUNT, previous_equity=Decimal(105_000)))
    assert limited.context.journal.trading_status("demo").loss is None
    recorded(limited, *OURS, phase="again", account=replace(ACCOUNT, previous_equity=Decimal(106_000)))
    assert limited.context.journal.trading_status("demo").loss == DAYS[1]


def test_the_shares_at_the_start_are_those_of_the_first_reading_without_crypto(gate_run: GateRun) -> None:
    log = log_of(gate_run)
    coins = held(BTC, 1, 1_000, asset_class="crypto")
    record_account(gate_run.context, log, "start", ACCOUNT, (*OURS, coins))
    record_account(gate_run.context, log, "end", ACCOUNT, OURS[:1])
    assert log.shares_at_start == {SPY: 100, TLT: 100}


# --------------------------------------------------------------------------------------------- rows


def test_a_row_has_the_position_our_part_of_it_and_what_was_expected(gate_run: GateRun) -> None:
    recorded(gate_run, held(SPY, 150, 75_000), held(TLT, 40, 4_000), held(GLD, 5, 1_000), phase="again")
    found = {row.symbol: (row.quantity, row.ours, row.value, row.expected) for row in record(gate_run).holdings}
    assert found == {SPY: (150, 100, 75_000, 100), TLT: (40, 40, 4_000, 100), GLD: (5, 0, 1_000, 0)}
    assert all(row.counted is None for row in record(gate_run).holdings)


def test_nothing_of_a_short_position_is_ours(gate_run: GateRun) -> None:
    recorded(gate_run, held(SPY, -3, -1_500))
    assert (rows(gate_run)[SPY].quantity, rows(gate_run)[SPY].ours) == (-3, 0)


def test_a_row_has_the_reason_why_its_position_is_not_traded(gate_run: GateRun) -> None:
    recorded(gate_run, *OURS, held(BTC, 1, 1_000, asset_class="crypto"))
    assert rows(gate_run)[SPY].untouchable == ""
    assert "never bought nor sold" in rows(gate_run)[BTC].untouchable


def test_the_first_record_of_an_account_expects_nothing(new_account: GateRun) -> None:
    snapshot = recorded(new_account, held(GLD, 5, 1_000))
    assert snapshot.ledger.expected is None
    assert record(new_account).holdings == (Holding(GLD, Decimal(5), Decimal(0), Decimal(1_000)),)


def test_the_symbol_of_an_open_order_counts_by_the_fills_in_the_journal(gate_run: GateRun) -> None:
    """4 of 10 shares have filled; the broker may show a fill that the journal does not have yet."""
    faulty = scripted(gate_run, TLT=ScriptedFault(fills_at_most=Decimal(4), cancel="refused"))
    assert not faulty.carry_out(order(1, "buy", TLT, 10))
    recorded(faulty, held(SPY, 100, 50_000), held(TLT, 107, 10_700), phase="end")
    row = rows(faulty)[TLT]
    assert (row.quantity, row.ours, row.counted) == (107, 104, 104)
    assert rows(faulty)[SPY].counted is None


def test_a_symbol_of_an_open_order_without_a_position_has_a_row(gate_run: GateRun) -> None:
    faulty = scripted(gate_run, GLD=ScriptedFault(fills_at_most=Decimal(0), cancel="refused"))
    assert not faulty.carry_out(order(1, "buy", GLD, 10))
    recorded(faulty, *OURS, phase="end")
    zero = Decimal(0)
    assert rows(faulty)[GLD] == Holding(GLD, zero, zero, zero, counted=zero)


def test_an_open_order_of_an_earlier_session_leaves_the_row_as_shown(gate_run: GateRun) -> None:
    faulty = scripted(gate_run, TLT=ScriptedFault(fills_at_most=Decimal(4), cancel="refused"))
    assert not faulty.carry_out(order(1, "buy", TLT, 10))
    log = RunLog(faulty.context, faulty.run, session_of(DAYS[2]))
    record_account(faulty.context, log, "end", ACCOUNT, (held(TLT, 107, 10_700),))
    assert rows(faulty)[TLT].counted is None


def test_before_the_first_record_an_open_order_leaves_the_row_as_shown(new_account: GateRun) -> None:
    log_of(new_account).write(OrderIntended(AT, order(1, "buy", SPY, 10)))
    recorded(new_account, held(SPY, 10, 5_000))
    assert record(new_account).holdings == (Holding(SPY, Decimal(10), Decimal(0), Decimal(5_000)),)


# --------------------------------------------------------------------------------------------- start and later


def test_a_position_that_a_split_could_explain_stays_open_at_the_start_of_a_run(gate_run: GateRun) -> None:
    snapshot = recorded(gate_run, *DOUBLED)
    row = rows(gate_run)[SPY]
    assert (row.quantity, row.ours, row.counted) == (200, 100, 100)
    assert (row.opened, row.counted_on, row.counted_value) == (DAYS[1], DAYS[0], 50_000)
    assert snapshot.ledger.expected == {SPY: 100, TLT: 100}
    assert rows(gate_run)[TLT].opened is None


@pytest.mark.parametrize("phase", LATER)
def test_a_position_that_doubles_during_a_session_was_traded_by_another_sender(gate_run: GateRun, phase: Phase) -> None:
    recorded(gate_run, *DOUBLED, phase=phase)
    assert rows(gate_run)[SPY].opened is None


def test_announced_splits_are_restated_at_the_start_of_a_run(gate_run: GateRun) -> None:
    gate_run.stage.market.announced = (SPLIT,)
    assert recorded(gate_run, *DOUBLED).ledger.ours == {SPY: 200, TLT: 100}


@pytest.mark.parametrize("phase", LATER)
def test_announced_splits_are_not_restated_during_a_run(gate_run: GateRun, phase: Phase) -> None:
    gate_run.stage.market.announced = (SPLIT,)
    assert recorded(gate_run, *DOUBLED, phase=phase).ledger.ours == {SPY: 100, TLT: 100}


REMARKABLE = (
    held(SPY, 200, 50_000),
    held(TLT, 100, 10_000, available=Decimal(60)),
    held(GLD, 5, 1_000, last_close=DAYS[0]),
    held(BTC, 1, 1_000, asset_class="crypto"),
)


def test_the_start_of_a_run_warns_of_what_is_not_traded_or_valued_as_usual(gate_run: GateRun) -> None:
    real = replace(gate_run, context=replace(gate_run.context, broker=RealMoneyBroker(gate_run.stage.broker())))
    recorded(real, *REMARKABLE)
    said = remarks(real)
    assert any(text.startswith("warning: SPY: the broker shows 200 shares, 100 were expected") for text in said)
    assert any(text.startswith("warning: BTC/USD: ") and "never bought nor sold" in text for text in said)
    assert "warning: TLT: 40 of 100 shares are held by open orders of others" in said
    assert any(text.startswith("warning: SPY: left alone until a split or rename is announced") for text in said)
    assert f"warning: GLD: no price now: it counts for 1,000.00 USD by its last close, of {DAYS[0]}" in said
    assert sum("no price now" in text for text in said) == 1
    assert any("limits.max_daily_loss_percent is not watched tonight" in text for text in said)


@pytest.mark.parametrize("phase", LATER)
def test_later_readings_of_a_run_repeat_no_warning(gate_run: GateRun, phase: Phase) -> None:
    recorded(gate_run, *REMARKABLE, phase=phase)
    assert remarks(gate_run) == []


# --------------------------------------------------------------------------------------------- the same account


@pytest.mark.parametrize(
    ("mode", "venue", "number", "was", "now"),
    [
        ("paper", "sim", "other", "paper account sim at sim", "paper account other at sim"),
        ("live", "sim", "sim", "paper account sim at sim", "live account sim at sim"),
        ("paper", "elsewhere", "sim", "paper account sim at sim", "paper account sim at elsewhere"),
    ],
)
def test_a_reading_of_another_account_than_the_journals_is_refused_before_it_is_recorded(
    gate_run: GateRun, mode: str, venue: str, number: str, was: str, now: str
) -> None:
    before = gate_run.context.journal.ledger("demo")
    other = replace(gate_run, context=replace(gate_run.context, mode=mode, venue=venue))
    with pytest.raises(RunFailedError) as refused:
        recorded(other, account=replace(ACCOUNT, number=number))
    assert str(refused.value) == (
        f"account demo was {was} by the journal and is {now} now: what is ours there is not ours here. "
        "Give the other account a name of its own in the config. Nothing was sent."
    )
    assert gate_run.context.journal.ledger("demo") == before


def known(*last: str) -> SimpleNamespace:
    """A paper account at the venue sim, of which the journal's last run read another mode, venue or number."""
    journal = SimpleNamespace(trading_status=lambda account: TradingStatus(last=last))
    return SimpleNamespace(account="demo", mode="paper", venue="sim", journal=journal)


def test_a_venue_that_an_earlier_version_did_not_journal_is_not_compared() -> None:
    require_same_account(known("paper", "", "sim"), ACCOUNT)
    with pytest.raises(RunFailedError, match="was paper account 7 by the journal and is paper account sim at sim now"):
        require_same_account(known("paper", "", "7"), ACCOUNT)
