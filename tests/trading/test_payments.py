"""Dividends go to the bots that held the shares before the ex-date, to the cent; what is no dividend is no bot's."""

from dataclasses import replace
from datetime import date, timedelta
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


def test_a_fee_on_trades_is_of_the_bots_that_traded_on_its_day(tmp_path: Path) -> None:
    """On the first day both buy, on the second each sells 10,000 USD of SPY. Other fees are no bot's."""
    stage = two(tmp_path)
    run_on(stage, 0)
    stage.bots = {"A": (mix(SPY=50), dollars("A", 20_000)), "B": (mix(GLD=50), dollars("B", 20_000))}
    run_on(stage, 1)
    sold = Payment("reg", "fee", Decimal("-0.60"), DAYS[1], charged_on="sales")
    entries = run_on(stage, 2, sold, replace(sold, id="other", day=DAYS[0]), replace(sold, id="cat", charged_on=None))
    fees = {owner: cash for (owner, _), cash in cash_of(entries, "fee").items() if owner}
    assert fees == {"A": Decimal("-0.30"), "B": Decimal("-0.30")}
    assert sum(entry.fee for entry in entries if entry.reason == "fee" and entry.owner) == Decimal("0.60")
    assert sum(entry.cash for entry in entries if entry.reason == "fee" and not entry.owner) == Decimal("-1.20")
    everyone = run_on(stage, 3, Payment("all", "fee", Decimal("-0.06"), DAYS[0], charged_on="trades"))
    assert {owner for (owner, _), cash in cash_of(everyone, "fee").items() if cash == Decimal("-0.03")} == {"A", "B"}


def test_cash_in_lieu_of_fractions_is_of_the_bots_that_held_the_shares_before_the_split(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 0)
    split = CorporateAction(SPY, DAYS[1], "split", Decimal("1.5"), words="3 for 2")
    paid = Payment("cil", "cash in lieu", Decimal("9.00"), DAYS[3], SPY)
    assert ex_date_of(paid, (split, replace(split, kind="dividend", day=DAYS[2]))) == DAYS[1]
    entries = run_on(stage, 1, replace(paid, day=DAYS[1]))
    assert cash_of(entries, "cash in lieu") == {
        ("A", "cash in lieu"): Decimal("6.00"),
        ("B", "cash in lieu"): Decimal("3.00"),
    }


def test_a_payment_that_is_listed_two_months_late_is_still_the_bots(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 0)
    run_on(stage, 1)
    late = DAYS[1] + timedelta(days=62)
    stage.on(late)
    broker = stage.broker()
    broker.pay(dividend("10.00", 1))
    broker.close()
    stage.run()
    with reading(stage.journal_file) as journal:
        entries = replayed(journal, "demo")[1]
    assert cash_of(entries, "dividend") == {("A", "dividend"): Decimal("6.67"), ("B", "dividend"): Decimal("3.33")}


def test_what_was_paid_before_an_account_was_first_read_is_never_booked(tmp_path: Path) -> None:
    stage = two(tmp_path)
    run_on(stage, 2)
    entries = run_on(stage, 3, dividend("10.00", 0))
    assert cash_of(entries, "dividend") == {}
    assert cash_of(entries, "cash that no fill explains") == {(UNASSIGNED, "cash that no fill explains"): Decimal(10)}


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
