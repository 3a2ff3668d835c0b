"""The sim broker keeps the contract, with and without scripted faults."""

import shutil
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from contract import CASH, HOLDINGS, BrokerContract, FaultContract, OrderSequences, WireContract
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize
from scripted_sim import Script, ScriptedFault, ScriptedSimBroker
from street import BIL, SPY

from rebalancer.model import Symbol


def script(fault: ScriptedFault, symbol: Symbol = SPY) -> Script:
    return Script({("buy", symbol): fault, ("sell", symbol): fault})


class TestSim(BrokerContract):
    @pytest.fixture
    def broker(self, sims):
        return sims.open(holdings=HOLDINGS, commission="0.35")


class TestSimWithFaults(FaultContract):
    @pytest.fixture
    def broker_with(self, sims):
        return lambda fault: sims.open(script(fault), holdings=HOLDINGS)


class TestSimOnTheWire(WireContract):
    """It has none: every case is skipped."""

    @pytest.fixture
    def broker(self):
        return None

    @pytest.fixture
    def hasty(self):
        return None

    @pytest.fixture
    def patient(self):
        return None

    @pytest.fixture
    def wire(self):
        return None


faults = st.builds(
    ScriptedFault,
    reject=st.sampled_from(["", "", "halted"]),
    silent=st.booleans(),
    fills_at_most=st.sampled_from([Decimal("Infinity"), Decimal(2)]),
    waits=st.integers(0, 3),
    cancel=st.sampled_from(["prompt", "slow", "refused", "beaten"]),
)


class SimOrderSequences(OrderSequences):
    def opened(self) -> ScriptedSimBroker:
        self.folder = Path(tempfile.mkdtemp())
        return self.reopened(Script())

    def reopened(self, behaviour: Script) -> ScriptedSimBroker:
        street = self.street
        fresh = not (self.folder / "sim").exists()
        broker = ScriptedSimBroker(
            self.folder / "sim",
            street,
            street,
            street,
            starting_cash=CASH,
            commission_dollars=Decimal("1.05"),
            slippage_percent=Decimal("0.3"),
            script=behaviour,
        )
        for symbol, quantity in HOLDINGS.items() if fresh else ():
            broker.change_position(symbol, Decimal(quantity))
        return broker

    @initialize(first=faults, second=faults)
    def misbehave(self, first, second):
        self.broker.close()
        behaviour = {("buy", SPY): first, ("sell", SPY): second, ("buy", BIL): second, ("sell", BIL): first}
        self.broker = self.reopened(Script(behaviour))

    def teardown(self) -> None:
        self.broker.close()
        shutil.rmtree(self.folder)


TestSimOrderSequences = SimOrderSequences.TestCase
TestSimOrderSequences.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
