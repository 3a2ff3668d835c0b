"""alpaca-py's own models read every body of the local Alpaca: they are the contract that can be run."""

from datetime import UTC, date, datetime

import pytest
from local_alpaca import faults, order_scripts

pytestmark = pytest.mark.filterwarnings("ignore:websockets.legacy:DeprecationWarning")


@pytest.fixture
def client(venue):
    from alpaca.trading.client import TradingClient

    client = TradingClient(venue.key_id, venue.secret, url_override=venue.url)
    client._session.trust_env = False
    yield client
    client._session.close()


def buy(symbol="SPY", qty=2, **fields):
    from alpaca.trading.requests import MarketOrderRequest

    return MarketOrderRequest(symbol=symbol, qty=qty, side="buy", time_in_force="day", **fields)


def test_the_account_the_clock_and_the_calendar(client):
    from alpaca.trading.requests import GetCalendarRequest

    account = client.get_account()
    assert (account.cash, account.multiplier, account.status.value) == ("100000", "4", "ACTIVE")
    assert client.get_clock().next_close == datetime(2024, 3, 4, 21, tzinfo=UTC)
    half_day = client.get_calendar(GetCalendarRequest(start=date(2024, 11, 28), end=date(2024, 11, 29)))[0]
    assert half_day.close == datetime(2024, 11, 29, 13)  # noqa: DTZ001 - alpaca-py gives New York time without a zone
    assert client.get_account_configurations().fractional_trading


def test_assets_and_positions_of_every_kind(venue, client):
    from alpaca.common.exceptions import APIError

    venue.hold("SPY", "1.5")
    venue.hold("TLT", -2)
    venue.hold("BTCUSD", "0.1", asset_class="crypto")
    assert {position.symbol for position in client.get_all_positions()} == {"SPY", "TLT", "BTCUSD"}
    assert client.get_open_position("TLT").side.value == "short"
    assert client.get_asset("SPY").fractionable
    assert len(client.get_all_assets()) == 3
    with pytest.raises(APIError, match="position does not exist"):
        client.get_open_position("QQQ")


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (order_scripts.halted(), "new"),
        (order_scripts.part("0.5"), "partially_filled"),
        (order_scripts.ORDINARY, "filled"),
        (order_scripts.rejected(), "rejected"),
        (order_scripts.done_for_day("0.5"), "done_for_day"),
        (order_scripts.replaced(), "replaced"),
        (order_scripts.shows("pending_review"), "filled"),
    ],
)
def test_orders_of_each_status(venue, client, script, status):
    venue.script_orders("SPY", script)
    order = client.submit_order(buy())
    assert order.status.value in {"pending_new", "pending_review"}
    venue.clock.sleep(1)
    assert client.get_order_by_id(order.id).status.value == status
    assert client.get_order_by_client_id(order.client_order_id).id == order.id


def test_cancels_of_one_and_of_all(venue, client):
    from alpaca.trading.requests import LimitOrderRequest

    orders = [
        client.submit_order(LimitOrderRequest(symbol="SPY", qty=1, side="buy", time_in_force="day", limit_price=price))
        for price in (100, 101)
    ]
    client.cancel_order_by_id(orders[0].id)
    assert [answer.status for answer in client.cancel_orders()] == [422, 200]
    assert {order.status.value for order in client.get_orders()} == {"pending_cancel"}
    venue.clock.sleep(1)
    assert client.get_orders() == []
    assert client.get_order_by_id(orders[1].id).canceled_at is not None


def test_an_order_that_waits_for_tomorrow_or_has_expired(venue, client):
    venue.script_orders("SPY", order_scripts.halted())
    venue.clock.sleep(3600)
    order = client.submit_order(buy())
    assert order.status.value == "accepted"
    venue.clock.sleep(86_400)
    assert client.get_order_by_id(order.id).status.value == "expired"


def test_refusals_carry_their_code_and_message(client):
    from alpaca.common.exceptions import APIError

    with pytest.raises(APIError) as refused:
        client.submit_order(buy(qty=100_000))
    assert (refused.value.status_code, refused.value.code) == (403, 40310000)
    assert refused.value.message == "insufficient buying power"


def test_one_status_that_alpaca_py_does_not_know_breaks_its_whole_list(venue, client):
    """Why the bodies are read raw."""
    from pydantic import ValidationError

    client.submit_order(buy())
    venue.faults.on("GET", "/v2/orders", fault=faults.edited(status="paused"))
    with pytest.raises(ValidationError):
        client.get_orders()
