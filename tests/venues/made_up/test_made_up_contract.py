"""The made-up venue keeps the contract of every broker, in its own lots, ticks and currency."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from contract import CASH, Ability, BrokerContract, FaultContract, held, holdings
from scripted_sim import Script, ScriptedFault
from street import SPY, buy

from rebalancer.model import Instrument, Venue

FUNDS = Ability(wire=False, sells_fractions=False, unique_ids=False)
BERLIN = ZoneInfo("Europe/Berlin")
XETRA = Venue("frankfurt", simulated=True, title="the Frankfurt example", currency="EUR", exchange="XETR", zone=BERLIN)
FUND = Instrument(SPY, "fund", "EUR", Decimal("0.001"), Decimal("0.005"), least_order=Decimal(25))


@pytest.fixture
def opened(installed, street, tmp_path):
    """Opens the account of the contract at the venue, which lives in an installed package."""
    from frankfurt_example import FRANKFURT, fund
    from frankfurt_example.broker import FrankfurtBroker

    brokers = []

    def open_with(fault: ScriptedFault | None = None) -> FrankfurtBroker:
        script = Script({(side, SPY): fault or ScriptedFault() for side in ("buy", "sell")})
        market = (street, street, street)
        broker = FrankfurtBroker(
            tmp_path / "account", *market, starting_cash=CASH, script=script, venue=FRANKFURT, instrument=fund
        )
        brokers.append(broker)
        for symbol, quantity in holdings(FUND).items():
            broker.change_position(symbol, Decimal(quantity))
        return broker

    yield open_with
    for broker in brokers:
        broker.close()


class TestFrankfurt(BrokerContract):
    venue, ability = XETRA, FUNDS
    instrument = FUND

    @pytest.fixture
    def broker(self, opened):
        return opened()


class TestFrankfurtWithFaults(FaultContract):
    venue, ability = XETRA, FUNDS
    instrument = FUND

    @pytest.fixture
    def broker_with(self, opened):
        return opened


def test_an_id_that_is_sent_twice_makes_two_orders(opened):
    broker = opened()
    for _ in range(2):
        broker.submit(buy("rb1", SPY, "3"))
    assert held(broker)[SPY] == Decimal("16.0005")
