"""What a venue says of lots and currency is never guessed: where it is missing or differs, no order is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import BrokerProxy
from stage import SPY, TLT, Stage, mix, percent

from rebalancer.errors import RunFailedError, SourceError
from rebalancer.model import Account, Instrument, Symbol


class WithoutSpy(BrokerProxy):
    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        return {symbol: found for symbol, found in super().instruments(symbols).items() if symbol != SPY}


class InEuros(BrokerProxy):
    def instruments(self, symbols: Iterable[Symbol]) -> Mapping[Symbol, Instrument]:
        found = super().instruments(symbols)
        return {**found, SPY: replace(found[SPY], currency="EUR")} if SPY in found else found


class KeptInEuros(BrokerProxy):
    def account(self) -> Account:
        return replace(super().account(), currency="EUR")


def stage_at(folder: Path, broker: type[BrokerProxy]) -> Stage:
    stage = Stage(folder, {"A": (mix(SPY=60, TLT=30), percent("A", 100))})
    stage.broker_proxy = broker
    return stage


@pytest.mark.parametrize(
    ("broker", "error", "why"),
    [
        (WithoutSpy, SourceError, "SPY has no lot and no tick at sim"),
        (InEuros, SourceError, "SPY is in EUR at sim, whose accounts are in USD"),
        (KeptInEuros, RunFailedError, r"is kept in EUR, and orders at sim are in USD: use an account in USD\."),
    ],
)
def test_nothing_is_sent_where_lot_or_currency_is_unknown(
    tmp_path: Path, broker: type[BrokerProxy], error: type[Exception], why: str
) -> None:
    stage = stage_at(tmp_path, broker)
    with pytest.raises(error, match=why):
        stage.run()
    record = stage.record()
    assert (record.run.status, record.orders) == ("failed", ())
    assert stage.shares() == {}


def test_the_venues_own_instruments_let_both_be_bought(tmp_path: Path) -> None:
    stage = stage_at(tmp_path, BrokerProxy)
    stage.run()
    assert stage.shares().keys() == {SPY, TLT}
