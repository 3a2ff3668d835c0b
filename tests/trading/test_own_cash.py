"""What buys may cost at Alpaca: own cash with the proceeds of tonight's sells, no margin."""

from decimal import Decimal

import pytest
from alpaca_stage import NEXT, AlpacaStage, invested
from local_alpaca import LocalAlpaca


@pytest.mark.parametrize("multiplier", [1, 2, 4])
@pytest.mark.parametrize("power_moves", [True, False], ids=["buying power moves in the day", "it only falls"])
@pytest.mark.parametrize("proceeds_count", [False, True], ids=["proceeds withheld", "proceeds counted"])
def test_proceeds_of_tonights_sells_are_spent_tonight(
    alpaca: AlpacaStage, venue: LocalAlpaca, multiplier, power_moves, proceeds_count
) -> None:
    venue.terms.multiplier, venue.terms.power_moves = multiplier, power_moves
    venue.terms.proceeds_count = proceeds_count
    alpaca.wants(SPY=0.99).run()
    venue.at(NEXT)
    record = alpaca.wants(GLD=0.99).run()
    assert record.run.status == "success"
    assert venue.shares("SPY") == 0
    assert 0.98 < invested(venue) <= 0.99
    assert venue.cash > 0


def test_buys_refused_beyond_settled_cash_are_reduced_and_the_run_is_partial(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    alpaca.wants(SPY=0.6).run()
    venue.terms.limit = "settled cash"
    venue.at(NEXT)
    record = alpaca.wants(GLD=0.99).run()
    assert record.run.status == "partial"
    assert [(order.side, order.state) for order in record.orders] == [
        ("sell", "filled"),
        ("buy", "refused"),
        ("buy", "filled"),
    ]
    assert 0.35 < invested(venue) < 0.42
    assert "GLD: " in record.run.reason
    assert "USD under its target" in record.run.reason


def test_buys_are_sized_by_cash_even_if_the_reported_buying_power_is_low(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    venue.terms.power = Decimal("7.42")
    assert alpaca.wants(SPY=0.5).run().run.status == "success"


def test_the_proceeds_of_a_short_sale_are_not_spent_and_that_is_reported(
    alpaca: AlpacaStage, venue: LocalAlpaca
) -> None:
    venue.lends = True
    venue.trade_by_hand("TLT", -100)
    record = alpaca.wants(SPY=0.99).run()
    body = venue.account_body()
    proceeds = -Decimal(str(body["short_market_value"]))
    assert record.orders
    assert venue.cash >= proceeds
    assert any("while something is held short, no more is spent than" in remark.text for remark in record.remarks)


def test_open_external_buys_are_counted_once(alpaca: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.order_from_elsewhere("buy", "TLT", 400, limit_price="50")
    record = alpaca.wants(SPY=0.7).run()
    assert record.run.status == "success"
    assert venue.shares("SPY") > 0


def test_a_dry_run_spends_unsettled_money_as_the_real_run_does(alpaca: AlpacaStage, venue: LocalAlpaca) -> None:
    venue.withhold(60_000)
    dry = alpaca.wants(SPY=0.99).run(dry_run=True)
    real = alpaca.run()
    assert dry.run.status == real.run.status == "success"
    assert [order.filled for order in dry.orders] == [order.filled for order in real.orders]
