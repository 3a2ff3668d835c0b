"""Alpaca's corporate actions as Announcements."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from local_alpaca import LocalAlpaca
from local_alpaca.faults import answering

from rebalancer.errors import SourceError
from rebalancer.model import CorporateAction, Symbol
from rebalancer.venues.alpaca.client import AlpacaClient
from rebalancer.venues.alpaca.corporate_actions import corporate_actions, read

SPY, TLT, FB, META = map(Symbol, ("SPY", "TLT", "FB", "META"))
TODAY = date(2024, 3, 5)
PATH = "/v1/corporate-actions"


def announced(client: AlpacaClient, *symbols: Symbol, first: date = TODAY, last: date = TODAY) -> list[CorporateAction]:
    return list(corporate_actions(client, symbols, first, last))


@pytest.mark.parametrize(
    ("kind", "rates", "ratio", "words"),
    [
        ("forward_split", {"new_rate": 10, "old_rate": 1}, "10", "10 for 1 split of 2024-03-05"),
        ("reverse_split", {"new_rate": 1, "old_rate": 8}, "0.125", "1 for 8 reverse split of 2024-03-05"),
        ("stock_dividend", {"rate": Decimal("0.05")}, "1.05", "stock dividend of 5 % of 2024-03-05"),
    ],
)
def test_new_shares_for_old_are_a_split(
    venue: LocalAlpaca, client: AlpacaClient, kind: str, rates: dict[str, object], ratio: str, words: str
) -> None:
    venue.market.action(kind, "SPY", TODAY, **rates)
    assert announced(client, SPY) == [CorporateAction(SPY, TODAY, "split", ratio=Decimal(ratio), words=words)]


def test_a_dividend_is_found_by_its_ex_date_though_it_is_paid_later(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.market.action("cash_dividend", "SPY", TODAY, rate=Decimal("1.54"), process_date=TODAY + timedelta(days=90))
    words = "dividend of 1.54 USD a share of 2024-03-05"
    assert announced(client, SPY) == [CorporateAction(SPY, TODAY, "dividend", dollars=Decimal("1.54"), words=words)]


@pytest.mark.parametrize("asked", [FB, META])
def test_a_rename_is_found_by_either_name(venue: LocalAlpaca, client: AlpacaClient, asked: Symbol) -> None:
    venue.market.action("name_change", "FB", TODAY, new_symbol="META")
    (found,) = announced(client, asked)
    assert (found.symbol, found.kind, found.renamed) == (FB, "rename", META)
    assert found.words == "rename to META of 2024-03-05"


@pytest.mark.parametrize("asked", [FB, META])
def test_a_reverse_split_with_a_new_symbol_is_a_split_and_a_rename(
    venue: LocalAlpaca, client: AlpacaClient, asked: Symbol
) -> None:
    venue.market.action("reverse_split", "FB", TODAY, new_rate=1, old_rate=8, new_symbol="META")
    renamed, divided = announced(client, asked)
    assert (divided.symbol, divided.kind, divided.ratio) == (FB, "split", Decimal("0.125"))
    assert (renamed.symbol, renamed.kind, renamed.renamed) == (FB, "rename", META)


def test_a_reverse_split_that_repeats_its_symbol_renames_nothing(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.market.action("reverse_split", "FB", TODAY, new_rate=1, old_rate=8, new_symbol="FB")
    assert [action.kind for action in announced(client, FB)] == ["split"]


def test_a_dividend_in_dollars_may_say_so(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.market.action("cash_dividend", "SPY", TODAY, rate=Decimal("1.54"), currency="USD")
    assert announced(client, SPY)[0].dollars == Decimal("1.54")


def test_a_dividend_in_another_currency_is_listed_and_changes_no_price(
    venue: LocalAlpaca, client: AlpacaClient
) -> None:
    venue.market.action("cash_dividend", "SPY", TODAY, rate=Decimal("1.54"), currency="CAD")
    (found,) = announced(client, SPY)
    assert (found.kind, found.dollars) == ("other", Decimal(0))
    assert found.words == "dividend of 1.54 CAD a share of 2024-03-05"


def test_a_spin_off_touches_each_symbol_it_names_and_is_asked_for(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.market.action("spin_off", "SPY", TODAY, new_symbol="NEW")
    (found,) = announced(client, SPY, TLT)
    assert (found.symbol, found.kind, found.words) == (SPY, "other", "spin off of 2024-03-05 (SPY, NEW)")


def test_an_unknown_group_of_actions_is_listed_as_other(venue: LocalAlpaca, client: AlpacaClient) -> None:
    row = {"symbol": "SPY", "process_date": "2024-03-05", "anything": [1, 2]}
    body = {"corporate_actions": {"metamorphoses": [row]}, "next_page_token": None}
    venue.faults.on("GET", PATH, fault=answering(body))
    (found,) = announced(client, SPY)
    assert (found.kind, found.words) == ("other", "metamorphose of 2024-03-05 (SPY)")


@pytest.mark.parametrize("rates", [{}, {"new_rate": 0, "old_rate": 1}, {"new_rate": None, "old_rate": "one"}])
def test_a_split_with_invalid_rates_is_listed_as_other(rates: dict[str, object]) -> None:
    (found,) = read("forward_splits", {"symbol": "SPY", "ex_date": "2024-03-05", **rates}, [SPY])
    assert (found.kind, found.ratio) == ("other", Decimal(1))


def test_only_the_requested_days_are_listed_in_order(venue: LocalAlpaca, client: AlpacaClient) -> None:
    for days in (-3, -1, -2, 1):
        venue.market.action("cash_dividend", "SPY", TODAY + timedelta(days=days), rate=1)
    found = announced(client, SPY, first=TODAY - timedelta(days=2))
    assert [action.day for action in found] == [TODAY - timedelta(days=2), TODAY - timedelta(days=1)]


def test_every_page_is_read(venue: LocalAlpaca, client: AlpacaClient) -> None:
    symbols = [Symbol(f"S{number}") for number in range(1001)]
    for symbol in symbols:
        venue.market.action("cash_dividend", symbol, TODAY, rate=1)
    assert {action.symbol for action in announced(client, *symbols)} == set(symbols)


@pytest.mark.parametrize(
    "body",
    [
        {"next_page_token": None},
        {"corporate_actions": ["odd"], "next_page_token": None},
        {"corporate_actions": {"forward_splits": [{"symbol": "SPY"}]}},
        {"corporate_actions": {"forward_splits": [{"symbol": "SPY", "ex_date": "soon"}]}},
    ],
)
def test_an_answer_that_cannot_be_read_is_an_error_and_not_no_news(
    venue: LocalAlpaca, client: AlpacaClient, body: dict[str, object]
) -> None:
    venue.faults.on("GET", PATH, fault=answering(body))
    with pytest.raises(SourceError, match="corporate actions can't be read"):
        announced(client, SPY)


def test_the_shares_that_a_spin_off_brings_are_announced_with_their_source_and_rate(
    venue: LocalAlpaca, client: AlpacaClient
) -> None:
    venue.market.action("spin_off", "SPY", TODAY, new_symbol="TLT", new_rate="0.25", source_rate="1")
    found = {action.symbol: action for action in corporate_actions(client, [SPY, TLT], TODAY, TODAY)}
    assert (found[SPY].spun_from, found[SPY].kind) == (None, "other")
    assert (found[TLT].spun_from, found[TLT].spun_rate, found[TLT].kind) == (SPY, Decimal("0.25"), "other")


def test_a_spin_off_without_a_usable_rate_names_no_source(venue: LocalAlpaca, client: AlpacaClient) -> None:
    venue.market.action("spin_off", "SPY", TODAY, new_symbol="TLT", new_rate="0")
    (found,) = corporate_actions(client, [TLT], TODAY, TODAY)
    assert (found.spun_from, found.spun_rate) == (None, 0)
