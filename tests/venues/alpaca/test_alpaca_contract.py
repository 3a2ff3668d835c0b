"""Alpaca's adapter keeps the contract, over real HTTP to a local Alpaca."""

import pytest
from contract import CASH, HOLDINGS, Ability, BrokerContract, FaultContract, OrderSequences, WireContract
from hypothesis import settings
from paper import AlpacaWire, PaperStreet, client_of, evening, misbehave, opened

from rebalancer.venues.alpaca.broker import AlpacaBroker
from rebalancer.venues.alpaca.venue import ALPACA

WIRED = Ability(wire=True, sells_fractions=True)


@pytest.fixture
def venue():
    with evening(CASH) as venue:
        yield venue


@pytest.fixture
def street(venue):
    return PaperStreet(venue)


@pytest.fixture
def broker(venue, street):
    return opened(venue, HOLDINGS)


class TestAlpaca(BrokerContract):
    venue, ability = ALPACA, WIRED


class TestAlpacaWithFaults(FaultContract):
    venue, ability = ALPACA, WIRED

    @pytest.fixture
    def broker_with(self, venue, broker):
        def with_fault(fault):
            misbehave(venue, fault)
            return broker

        return with_fault


class TestAlpacaOnTheWire(WireContract):
    venue, ability = ALPACA, WIRED

    @pytest.fixture
    def hasty(self, venue, broker):
        return AlpacaBroker(client_of(venue, seconds=1, patience=1), venue.clock)

    @pytest.fixture
    def patient(self, venue, broker):
        return AlpacaBroker(client_of(venue, seconds=6), venue.clock)

    @pytest.fixture
    def wire(self, venue):
        return AlpacaWire(venue)


class AlpacaOrderSequences(OrderSequences):
    """In an account whose settings bar short sales, as `doctor` advises; in others the gate before a run alone does."""

    def opened(self):
        self.venue = evening(CASH).__enter__()
        self.venue.terms.no_shorting = True
        self.street = PaperStreet(self.venue)
        return opened(self.venue, HOLDINGS)

    def teardown(self):
        self.venue.__exit__(None, None, None)


TestAlpacaOrderSequences = AlpacaOrderSequences.TestCase
TestAlpacaOrderSequences.settings = settings(max_examples=8, stateful_step_count=8, deadline=None)
