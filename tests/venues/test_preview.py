from dataclasses import replace
from decimal import Decimal

import pytest
from contract import CASH, HOLDINGS, Ability, BrokerContract, OrderSequences
from street import BIL, EVENING, SPY, XYZ, BrokenQuotes, buy, sell

from rebalancer.model import Absent, Account, Hours, OrderId, OrderState, Position, Refused, Venue, us_equity
from rebalancer.venues.preview import PreviewBroker
from rebalancer.venues.sim.venue import SIM


def resting(order_id, side, quantity="5") -> OrderState:
    return OrderState(OrderId(order_id), SPY, side, Decimal(quantity), "limit", Decimal(99), "open", Decimal(0), None)


class RecordingBroker:
    """A real account of 10,000 dollars; nothing may ever be sent to it."""

    venue = Venue("real", simulated=False, fee_per_order=Decimal(1), quiet_seconds=30, idempotent_ids=True)

    def __init__(self, *open_orders: OrderState) -> None:
        self.asked: list[str] = []
        self._open = open_orders

    def account(self) -> Account:
        self.asked.append("account")
        return Account("U1", Decimal(12_050), CASH, CASH, EVENING)

    def positions(self) -> tuple[Position, ...]:
        self.asked.append("positions")
        exotic = Position(XYZ, Decimal(3), Decimal(10))
        return (Position(SPY, Decimal("10.5"), Decimal(1050)), Position(BIL, Decimal(20), Decimal(1000)), exotic)

    def open_orders(self) -> tuple[OrderState, ...]:
        self.asked.append("open_orders")
        return self._open

    def hours(self):
        return Hours(EVENING, open=True, closes=EVENING)

    def may_short(self):
        return False

    def instruments(self, symbols):
        return {symbol: us_equity(symbol) for symbol in symbols}

    def untradable(self, symbols):
        return dict.fromkeys(symbols, "halted")

    def submit(self, order):
        pytest.fail(f"{order} was sent to the real broker")

    def cancel(self, order_id):
        pytest.fail(f"a cancel of {order_id} was sent to the real broker")

    def find(self, order_id):
        """It knows one order, of an earlier evening."""
        return replace(resting(order_id, "buy"), status="filled") if order_id == "rbOLD" else Absent()

    def named(self, ours, since):
        return self._open

    def fills(self, order_id):
        return ()

    def orders(self, ids):
        pytest.fail(f"{ids} were looked up at the real broker")


@pytest.fixture
def real():
    return RecordingBroker()


class TestPreview(BrokerContract):
    venue = replace(SIM, name="preview of sim", idempotent_ids=False)
    ability = Ability(wire=False, sells_fractions=False, takes=False)

    @pytest.fixture
    def broker(self, sims, street):
        return PreviewBroker(sims.open(holdings=HOLDINGS, commission="0.35"), street, street)


class PreviewOrderSequences(OrderSequences):
    def opened(self) -> PreviewBroker:
        return PreviewBroker(PlainBroker(), self.street, self.street)


class PlainBroker(RecordingBroker):
    def positions(self) -> tuple[Position, ...]:
        return super().positions()[:2]


TestPreviewOrderSequences = PreviewOrderSequences.TestCase


def test_nothing_ever_reaches_the_real_broker(street):
    real = RecordingBroker(resting("rb0", "buy"))
    preview = PreviewBroker(real, street, street)
    preview.submit(buy("rb1", SPY, "3"))
    preview.submit(sell("rb2", BIL, "20"))
    preview.cancel(OrderId("rb0"))
    preview.cancel(OrderId("rb1"))
    preview.find(OrderId("rb1"))
    preview.orders([OrderId("rb0"), OrderId("rb1")])
    preview.fills(OrderId("rb2"))
    preview.account()
    preview.positions()
    assert real.asked == ["account", "positions", "open_orders"]


def test_the_preview_names_its_real_broker(real, street):
    venue = PreviewBroker(real, street, street).venue
    assert (venue.name, venue.simulated, venue.fee_per_order) == ("preview of real", True, 1)


def test_an_absence_at_the_real_broker_takes_its_quiet_time_and_nothing_is_sent_again(real, street):
    venue = PreviewBroker(real, street, street).venue
    assert (venue.quiet_seconds, venue.idempotent_ids) == (30, False)


def test_our_orders_are_listed_by_the_real_broker(street):
    preview = PreviewBroker(RecordingBroker(resting("rb0", "buy")), street, street)
    preview.submit(buy("rb1", SPY, "3"))
    assert [state.id for state in preview.named(bool, EVENING)] == ["rb0"]


def test_untradable_symbols_are_those_of_the_real_broker(real, street):
    assert PreviewBroker(real, street, street).untradable([SPY]) == {SPY: "halted"}


def test_our_open_orders_are_cancelled_in_the_preview_and_external_ones_stay(street):
    ours, theirs = "rb" + "A" * 18, "rbob-holiday-bid-1"
    preview = PreviewBroker(RecordingBroker(resting(ours, "buy"), resting(theirs, "buy")), street, street)
    preview.cancel(OrderId(ours))
    preview.cancel(OrderId(theirs))
    assert [state.id for state in preview.open_orders()] == [theirs]
    assert preview.orders([OrderId(ours)])[OrderId(ours)].status == "canceled"


def test_shares_that_an_open_sell_claims_are_not_sold_again(street):
    preview = PreviewBroker(RecordingBroker(resting("by hand", "sell", "8")), street, street)
    assert isinstance(preview.submit(sell("rb1", SPY, "3")), Refused)


def test_a_simulated_sell_pays_for_a_simulated_buy(real, street):
    preview = PreviewBroker(real, street, street)
    preview.submit(sell("rb1", SPY, "10.5"))
    preview.submit(buy("rb2", BIL, "220"))
    assert preview.orders([OrderId("rb2")])[OrderId("rb2")].status == "filled"
    account = preview.account()
    assert account.cash == account.spendable == CASH + 1050 - 1 - 11_000 - 1
    assert account.equity == 12_050 - 2
    assert {position.symbol: position.quantity for position in preview.positions()} == {BIL: 240, XYZ: 3}


def test_the_rest_of_a_position_is_valued_at_the_price_of_the_sale(real, street):
    preview = PreviewBroker(real, street, street)
    street.trades_at(SPY, "200.00")
    preview.submit(sell("rb1", SPY, "10"))
    left = {position.symbol: position.market_value for position in preview.positions()}[SPY]
    assert left == Decimal("0.5") * 200
    assert preview.account().equity == 12_050 + Decimal("10.5") * 100 - 1


def test_the_fee_of_a_simulated_sell_never_exceeds_its_proceeds(real, street):
    preview = PreviewBroker(real, street, street)
    street.trades_at(BIL, "0.50")
    preview.submit(sell("rb1", BIL, "1"))
    assert preview.account().cash == CASH


def test_a_limit_buy_pays_the_market_and_not_its_limit(real, street):
    preview = PreviewBroker(real, street, street)
    street.quotes_at(SPY, bid="99.00", ask="99.50")
    preview.submit(buy("rb1", SPY, "1", limit="101.00"))
    assert preview.fills(OrderId("rb1"))[0].price == Decimal("99.50")


def test_an_unmarketable_order_ends_at_once_with_the_reason(real, street):
    preview = PreviewBroker(real, street, street)
    preview.submit(buy("rb1", SPY, "1", limit="99.00"))
    state = preview.find(OrderId("rb1"))
    assert (state.status, state.filled) == ("canceled", 0)
    assert state.reason == "the market is beyond the limit of 99.00 USD now"


def test_a_holding_without_a_price_is_left_at_the_brokers_own_value(real, street):
    preview = PreviewBroker(real, street, street)
    preview.submit(sell("rb1", XYZ, "3"))
    assert preview.fills(OrderId("rb1"))[0].price == Decimal("3.33")  # 10 dollars for 3 shares


def test_an_order_of_an_earlier_evening_is_looked_up_at_the_real_broker(real, street):
    found = PreviewBroker(real, street, street).find(OrderId("rbOLD"))
    assert isinstance(found, OrderState)
    assert found.status == "filled"


def test_quotes_that_do_not_answer_refuse_and_leave_no_order(real, street):
    preview = PreviewBroker(real, BrokenQuotes(), street)
    assert preview.submit(buy("rb1", SPY, "1")) == Refused("the quotes did not answer")
    assert preview.find(OrderId("rb1")) == Absent()
