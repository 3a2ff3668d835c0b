"""Dividends at Alpaca: from the account's activities to the books of the bots that held the shares."""

from datetime import timedelta
from decimal import Decimal

from alpaca_stage import EVENING, AlpacaStage
from book_rules import replayed
from local_alpaca import LocalAlpaca

from rebalancer.journal.connection import reading
from rebalancer.portfolio.attribution import UNASSIGNED

KINDS = {"dividend", "fee", "cash in lieu"}
MONDAY = EVENING + timedelta(days=3)


def test_a_dividend_its_tax_and_a_fee_are_booked_as_what_they_are(alpaca: AlpacaStage, venue: LocalAlpaca) -> None:
    stage = alpaca.wants(SPY=0.4, GLD=0.3)
    stage.run()
    venue.at(MONDAY)
    day, held = f"{MONDAY.date()}", venue.shares("SPY")
    venue.pay("DIV", "81.20", day, symbol="SPY", qty=f"{held}", per_share_amount="1.5")
    venue.pay("DIVNRA", "-12.18", day, symbol="SPY")
    venue.pay("FEE", "-0.07", day)
    venue.pay("FEE", "-0.02", f"{EVENING.date()}", activity_sub_type="CAT")
    venue.pay("FEE", "-0.03", f"{EVENING.date()}", description="TAF fee for proceed of 2 shares (1 trades)")
    venue.pay("CIL", "4.10", day, symbol="GLD")

    stage.run()

    with reading(stage.settings().journal()) as journal:
        _, entries = replayed(journal, "paper")
    found = [(entry.owner, entry.reason, entry.cash) for entry in entries if entry.reason in KINDS]
    assert found == [
        ("mix", "dividend", Decimal("81.20")),
        ("mix", "dividend", Decimal("-12.18")),
        (UNASSIGNED, "fee", Decimal("-0.07")),
        ("mix", "fee", Decimal("-0.02")),
        (UNASSIGNED, "fee", Decimal("-0.03")),  # nothing was sold that day
        ("mix", "cash in lieu", Decimal("4.10")),
    ]
    assert "cash that no fill explains" not in {entry.reason for entry in entries}
