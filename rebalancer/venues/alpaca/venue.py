"""Alpaca as a venue. Light to import: alpaca-py is loaded when an account is opened."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from rebalancer.model import Mode, Venue
from rebalancer.venues.plugin import AddressKey, ChoiceKey, Connection, DayKey, Login, VenuePlugin, is_loopback

PAPER = "https://paper-api.alpaca.markets"
LIVE = "https://api.alpaca.markets"
DATA = "https://data.alpaca.markets"
TRADING: Mapping[Mode, str] = {"paper": PAPER, "live": LIVE}
FIRST_DAY = date(2016, 1, 1)
"""Alpaca has no bars before it."""
CONSOLIDATED = "sip"
"""The feed of daily closes: its bars are free once they are 15 minutes old."""

ALPACA = Venue(
    "alpaca",
    simulated=False,
    title="Alpaca",
    paper_prefix="PA",
    order_kinds=frozenset({"limit", "market", "moc"}),
    idempotent_ids=True,
    quiet_seconds=30,
)


def _connect(login: Login) -> Connection:
    from rebalancer.venues.alpaca.broker import AlpacaConnection  # noqa: PLC0415 - loads alpaca-py

    return AlpacaConnection(login)


def _is_on_this_machine(settings: Mapping[str, Any]) -> bool:
    """A local test server may have a clock of its own."""
    return is_loopback(settings["base_url"])


PLUGIN = VenuePlugin(
    ALPACA,
    _connect,
    needs_keys=True,
    account_keys={
        "base_url": AddressKey(
            "The URL of the trading API: Alpaca's for the account's mode, or one on this machine.", TRADING
        ),
        "data_url": AddressKey(
            "The URL of the market data API: Alpaca's, or one on this machine.", {"paper": DATA, "live": DATA}
        ),
    },
    quote_keys={
        "feed": ChoiceKey(
            "Which of Alpaca's feeds tonight's prices come from: iex is free, sip is paid.", ("iex", "sip")
        )
    },
    history_keys={"since": DayKey("The first day of history that is asked for.", FIRST_DAY)},
    price_cache=CONSOLIDATED,
    has_own_clock=_is_on_this_machine,
)
