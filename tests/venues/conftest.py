from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

pytest.register_assert_rewrite("contract", "history_contract")

from scripted_sim import Script, ScriptedSimBroker  # noqa: E402
from street import Street  # noqa: E402

from rebalancer.model import Symbol  # noqa: E402


@pytest.fixture
def street() -> Street:
    return Street()


class Sims:
    """Opens sim accounts, and closes them when the test ends."""

    def __init__(self, street: Street, folder: Path, stack: ExitStack) -> None:
        self.street = street
        self.path = folder / "account.sqlite"
        self._stack = stack

    def open(
        self,
        script: Script | None = None,
        *,
        cash: str = "10000",
        holdings: Mapping[Symbol, str] | None = None,
        commission: str = "0",
        slippage: str = "0",
    ) -> ScriptedSimBroker:
        street = self.street
        broker = ScriptedSimBroker(
            self.path,
            street,
            street,
            street,
            starting_cash=Decimal(cash),
            commission_dollars=Decimal(commission),
            slippage_percent=Decimal(slippage),
            script=script,
        )
        self._stack.callback(broker.close)
        for symbol, quantity in (holdings or {}).items():
            broker.change_position(symbol, Decimal(quantity))
        return broker


@pytest.fixture
def sims(street: Street, tmp_path: Path) -> Iterator[Sims]:
    with ExitStack() as stack:
        yield Sims(street, tmp_path, stack)
