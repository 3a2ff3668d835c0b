"""Dividends go to the bots that held the shares before the ex-date, to the cent; what is no dividend is no bot's."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from book_rules import replayed
from stage import DAYS, GLD, SPY, Stage, dollars, mix

from rebalancer.bookings import CashPaid
from rebalancer.errors import SourceError
from rebalancer.journal.connection import reading
from rebalancer.model import CorporateAction, Payment
from rebalancer.portfolio.attribution import UNASSIGNED
from rebalancer.portfolio.books import Entry
from rebalancer.ports import Broker
from rebalancer.trading.payments import ex_date_of


class Silent:
    """A broker that does not answer when it is asked for payments."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    def payments(self, since: date) -> tuple[Payment, ...]:
        raise SourceError(f"no answer to the question for payments since {since}")


def two(folder: Path) -> Stage:
    """A holds 40 SPY at 500, B 20 and GLD."""
    return Stage(folder, {"A": (mix(SPY=100), dollars("A", 20_000)), "B": (mix(SPY=50, GLD=50), dollars("B", 20_000))})


def dividend(amount: str, day: int, per_share: str | None = None, name: str = "d1") -> Payment:
    return Payment(name, "dividend", Decimal(amount), DAYS[day], SPY, None if per_share is None else Decimal(per_share))


def run_on(stage: Stage, day: int, *paid: Payment) -> list[Entry]:
    """An evening of a broker that paid before; all entries of the books so far but those of trades."""
    stage.on(DAYS[day])
    broker = stage.broker()
    for payment in paid:
        broker.pay(payment)
    broker.close()
    stage.run()
    with reading(stage.journal_file) as journal:
        return replayed(journal, "demo")[1]


def cash_of(entries: list[Entry], *reasons: str) -> dict[tuple[str, str], Decimal]:
    return {(entry.owner, entry.reason): entry.cash for entry in entries if entry.reason in reasons and entry.cash}


def test_a_dividend_is_shared_by_the_shares_before_its_ex_date(tmp_path: Path) -> None:
    """B gives SPY up on the ex-date, and has its part all the same; the day of the payment does not count."""
    stage = two(tmp_path)
    stage.market.announced = (CorporateAction(SPY, DAYS[1], "dividend", dollars=Decimal("0.751"), words="dividend"),)
    run_on(stage, 0)
    stage.bots = {**stage.bots, "B": (mix(GLD=100), dollars("B", 20_000))}
    run_on(stage, 1)
    entries = run_on(stage, 3, dividend("45.06", 3, "0.751"))
    assert cash_of(entries, "dividend") == {("A", "dividend"): Decimal("30.04"), ("B", "dividend"): Decimal("15.02")}
    assert cash_of(entries, "cash that no fill explains") == {}


def test_without_an_announcement_the_shares_before_the_payment_count(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 0)
    entries = run_on(stage, 1, dividend("10.00", 1))
    assert cash_of(entries, "dividend") == {("A", "dividend"): Decimal("6.67"), ("B", "dividend"): Decimal("3.33")}


def test_a_payment_counts_once_however_often_it_is_listed(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 0)
    run_on(stage, 1, dividend("10.00", 1))
    entries = run_on(stage, 2, dividend("-1.50", 2, name="tax"))
    assert sum(entry.cash for entry in entries if entry.reason == "dividend") == Decimal("8.50")
    assert cash_of(entries, "cash that no fill explains") == {}


def test_interest_and_fees_are_no_bots(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 0)
    interest = Payment("i", "interest", Decimal("3.21"), DAYS[1])
    entries = run_on(stage, 1, interest, Payment("f", "fee", Decimal("-0.05"), DAYS[1]))
    assert cash_of(entries, "interest", "fee", "cash that no fill explains") == {
        (UNASSIGNED, "interest"): Decimal("3.21"),
        (UNASSIGNED, "fee"): Decimal("-0.05"),
    }


def test_a_dividend_of_shares_that_no_bot_had_is_no_bots(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 0)
    entries = run_on(stage, 1, replace(dividend("4.00", 1), symbol="SH"))
    assert cash_of(entries, "dividend") == {(UNASSIGNED, "dividend"): Decimal("4.00")}


def test_payments_that_can_not_be_read_stop_no_evening_and_are_booked_by_the_next_one(tmp_path: Path) -> None:
    """The cash is no bot's until then, and leaves again what it was given to."""
    stage = two(tmp_path)
    run_on(stage, 0)
    stage.broker_proxy = Silent
    entries = run_on(stage, 1, dividend("10.00", 1))
    assert cash_of(entries, "cash that no fill explains") == {(UNASSIGNED, "cash that no fill explains"): Decimal(10)}
    assert "what the broker paid can't be read" in " ".join(note.text for note in stage.record().remarks)
    stage.broker_proxy = lambda broker: broker
    entries = run_on(stage, 2)
    unexplained = [entry.cash for entry in entries if entry.reason == "cash that no fill explains"]
    assert (sum(unexplained), len(unexplained)) == (0, 2)
    assert cash_of(entries, "dividend")["A", "dividend"] == Decimal("6.67")


def test_what_was_paid_before_the_first_record_of_an_account_is_part_of_its_opening(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 0, dividend("10.00", 0))
    with reading(stage.journal_file) as journal:
        kinds = [kind for (kind,) in journal.execute("SELECT kind FROM events")]
    assert CashPaid.__name__ not in kinds


def test_the_ex_date_is_that_of_the_same_amount_a_share() -> None:
    """Two dividends were announced; the later one is paid later."""
    first = CorporateAction(GLD, DAYS[0], "dividend", dollars=Decimal("0.5"))
    second = CorporateAction(GLD, DAYS[1], "dividend", dollars=Decimal("0.7"))
    paid = Payment("d", "dividend", Decimal(50), DAYS[3], GLD, Decimal("0.5"))
    assert ex_date_of(paid, (first, second)) == first.day
    assert ex_date_of(replace(paid, per_share=Decimal("0.6")), (first, second)) == second.day
    assert ex_date_of(replace(paid, day=DAYS[0]), (second,)) is None
