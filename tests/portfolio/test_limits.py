"""Each limit accepts its exact value and rejects a cent beyond it."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import Account, Limits, Order, OrderId, Price, Symbol, us_equity
from rebalancer.portfolio.limits import Loss, Tally, check_armed, check_distance, check_limits, daily_loss

NOW = datetime(2024, 3, 4, 20, 50, tzinfo=UTC)
SPY = Symbol("SPY")
BUY = Order(OrderId("rbA"), SPY, "buy", Decimal(10), "limit", Decimal("101.00"), "")
SELL = Order(OrderId("rbB"), SPY, "sell", Decimal(10), "market", None, "")
PRICE = Price(SPY, Decimal(100), "quote", NOW, 0.0, previous=Decimal(100))
NOTHING_SENT = Tally(0, Decimal(0))
NOT_NUMBERS = [Decimal(text) for text in ("NaN", "sNaN", "Infinity", "-Infinity")]


def checked(
    order: Order = BUY,
    *,
    price: Price | None = PRICE,
    held: str | Decimal = "0",
    equity: str | Decimal = "100000",
    orders: int = 0,
    sent: str | Decimal = "0",
    distance: str = "30",
    **limits: object,
) -> str | None:
    """`check_limits`, then `check_distance`, of an order over 1,000 dollars in an account of 100,000."""
    tally = Tally(orders, Decimal(sent))
    broken = check_limits(
        order, price, Decimal(held), Decimal(equity), tally, replace(Limits(), **limits), us_equity(SPY)
    )
    return broken or check_distance(order, price, Decimal(distance), us_equity(SPY))


@pytest.mark.parametrize("order", [BUY, SELL], ids=["buy", "sell"])
def test_an_ordinary_order_passes_the_default_limits(order):
    assert checked(order) is None


def test_a_full_exit_and_a_buy_of_99_percent_pass_the_default_limits():
    everything = replace(BUY, quantity=Decimal(990))
    assert checked(everything, sent="99000", orders=1) is None
    assert checked(everything, sent="99000", orders=1, distance="1") is None


# ------------------------------------------------------------------------------------------ each at its number


@pytest.mark.parametrize("order", [BUY, SELL], ids=["buy", "sell"])
def test_the_limit_on_the_dollars_of_an_order(order):
    assert checked(order, max_order_dollars=Decimal(1000)) is None
    assert checked(order, max_order_dollars=Decimal("999.99")) == (
        "it trades 1,000.00 USD, more than limits.max_order_dollars, 999.99 USD"
    )


@pytest.mark.parametrize("order", [BUY, SELL], ids=["buy", "sell"])
def test_the_limit_on_the_dollars_of_a_run(order):
    assert checked(order, sent="4000", max_run_dollars=Decimal(5000)) is None
    assert checked(order, sent="4000.01", max_run_dollars=Decimal(5000)) == (
        "the run would trade 5,000.01 USD, more than limits.max_run_dollars, 5,000.00 USD"
    )


@pytest.mark.parametrize("order", [BUY, SELL], ids=["buy", "sell"])
def test_the_limit_on_the_turnover_of_a_run(order):
    assert checked(order, sent="49000", max_turnover_percent=Decimal(50)) is None
    assert checked(order, sent="49000.01", max_turnover_percent=Decimal(50)) == (
        "the run would trade 50,000.01 USD, more than limits.max_turnover_percent, 50 % of equity or 50,000.00 USD"
    )


@pytest.mark.parametrize("order", [BUY, SELL], ids=["buy", "sell"])
def test_the_limit_on_the_orders_of_a_run(order):
    assert checked(order, orders=4, max_orders=5) is None
    assert checked(order, orders=5, max_orders=5) == "5 orders sent in this run, and limits.max_orders is 5"


def test_the_limit_on_the_weight_of_one_symbol():
    assert checked(held="240", max_symbol_percent=Decimal(25)) is None
    assert checked(held="240.0001", max_symbol_percent=Decimal(25)) == (
        "25,000.01 USD of it would be held, more than limits.max_symbol_percent, 25 % of equity or 25,000.00 USD"
    )


def test_a_position_beyond_the_symbol_limit_can_be_sold_in_part():
    assert checked(SELL, held="900", max_symbol_percent=Decimal(25)) is None


@pytest.mark.parametrize("order", [replace(BUY, limit=None, kind="market"), SELL], ids=["buy", "sell"])
@pytest.mark.parametrize(("at_the_edge", "beyond"), [("130", "130.01"), ("70", "69.99")], ids=["above", "below"])
def test_the_limit_on_the_distance_of_a_price_from_the_previous_close(order, at_the_edge, beyond):
    assert checked(order, price=replace(PRICE, value=Decimal(at_the_edge))) is None
    assert "trading.max_distance_percent, 30 %" in (checked(order, price=replace(PRICE, value=Decimal(beyond))) or "")


def test_a_price_that_is_too_far_away_is_reported_with_its_number():
    assert checked(SELL, price=replace(PRICE, value=Decimal(131))) == (
        "its price of 131.00 USD is 31 % away from the previous close of 100.00 USD, "
        "more than trading.max_distance_percent, 30 %"
    )


def test_the_limit_on_the_distance_of_a_limit_price_above_the_previous_close():
    assert checked(replace(BUY, limit=Decimal("130.00"))) is None
    assert checked(replace(BUY, limit=Decimal("130.01"))) == (
        "its limit of 130.01 USD is 30.01 % away from the previous close of 100.00 USD, "
        "more than trading.max_distance_percent, 30 %"
    )
    assert checked(replace(BUY, limit=Decimal("1.00"))) is None


def test_a_symbol_listed_today_is_bought_without_a_previous_close():
    assert checked(price=replace(PRICE, previous=None)) is None
    assert "max_order_dollars" in (checked(price=replace(PRICE, previous=None), max_order_dollars=Decimal(1)) or "")


def test_a_share_of_less_than_a_dollar_is_compared_too():
    cheap = replace(PRICE, value=Decimal("0.13"), previous=Decimal("0.10"))
    assert checked(SELL, price=cheap) is None
    assert "max_distance_percent" in (checked(SELL, price=replace(cheap, value=Decimal("0.1301"))) or "")


@pytest.mark.parametrize("previous", ["0", "-1", "NaN", "Infinity", "sNaN"])
def test_an_invalid_previous_close_rejects_every_order(previous):
    assert "can't be compared" in (checked(price=replace(PRICE, previous=Decimal(previous))) or "")


@pytest.mark.parametrize("order", [BUY, SELL], ids=["buy", "sell"])
def test_the_lists_of_allowed_and_denied_tickers(order):
    assert checked(order, allowed=(Symbol("TLT"), SPY)) is None
    assert checked(order, denied=(Symbol("TLT"),)) is None
    assert checked(order, allowed=(Symbol("TLT"), Symbol("GLD"))) == "SPY is not in limits.allowed (TLT, GLD)"
    assert checked(order, denied=(Symbol("TLT"), SPY)) == "SPY is in limits.denied"


def test_an_order_without_a_price_has_no_dollars_to_check():
    assert checked(SELL, price=None) == "it has no price that its limits could be checked by"


# ---------------------------------------------------------------------------------------------- not a number


NUMBERS = st.sampled_from(NOT_NUMBERS)


@given(bad=NUMBERS, place=st.sampled_from(["quantity", "limit", "price", "held", "equity", "sent"]))
def test_an_unusable_number_passes_no_limit(bad, place):
    order, price = BUY, PRICE
    amounts: dict[str, Decimal] = {}
    match place:
        case "quantity" | "limit":
            order = replace(BUY, **{place: bad})
        case "price":
            price = replace(PRICE, value=bad)
        case _:
            amounts = {place: bad}
    assert "must all be numbers" in (checked(order, price=price, **amounts) or "")


@given(
    quantity=st.integers(1, 10_000),
    price=st.decimals("0.01", 2000, places=2),
    equity=st.decimals(0, 10**7, places=2),
    sent=st.decimals(0, 10**7, places=2),
    held=st.integers(0, 10_000),
    limits=st.builds(
        Limits,
        max_order_dollars=st.decimals("0.01", 10**7, places=2),
        max_run_dollars=st.decimals("0.01", 10**7, places=2),
        max_symbol_percent=st.decimals("0.1", 100, places=1),
        max_turnover_percent=st.decimals("0.1", 1000, places=1),
        max_orders=st.integers(1, 3),
    ),
    orders=st.integers(0, 4),
)
def test_an_accepted_order_is_within_every_limit(quantity, price, equity, sent, held, limits, orders):
    order = replace(BUY, quantity=Decimal(quantity), kind="market", limit=None)
    shown = replace(PRICE, value=price, previous=price)
    if check_limits(order, shown, Decimal(held), equity, Tally(orders, sent), limits, us_equity(SPY)) is None:
        traded = quantity * price
        assert traded <= limits.max_order_dollars
        assert sent + traded <= limits.max_run_dollars
        assert (sent + traded) * 100 <= limits.max_turnover_percent * equity
        assert (held * price + traded) * 100 <= limits.max_symbol_percent * equity
        assert orders < limits.max_orders


def test_every_limit_refuses_some_order():
    tight: dict[str, object] = {
        "max_order_dollars": Decimal(1),
        "max_run_dollars": Decimal(1),
        "max_symbol_percent": Decimal("0.1"),
        "max_orders": 0,
        "max_turnover_percent": Decimal("0.1"),
        "allowed": (Symbol("TLT"),),
        "denied": (SPY,),
    }
    elsewhere = {"max_daily_loss_percent"}
    assert tight.keys() | elsewhere == {field.name for field in fields(Limits)}
    assert all(f"limits.{key}" in (checked(**{key: value}) or "") for key, value in tight.items())


# ---------------------------------------------------------------------------------------- armed, and the loss


def test_a_live_run_trades_what_its_account_is_armed_for_and_not_a_cent_more():
    assert check_armed(Decimal("25000.00"), Decimal(25_000), "USD") is None
    assert check_armed(Decimal("25000.01"), Decimal(25_000), "USD") == (
        "the run would trade 25,000.01 USD, more than the 25,000.00 USD that the account is armed for. "
        "Arm it for more: `rebalance live arm --max-dollars`"
    )


def worth(equity: str, previous: str | None = "100000", deposits: str | None = "0") -> Account:
    """An account that may lose 5 % a day, in the tests below."""
    before, paid_in = (None if text is None else Decimal(text) for text in (previous, deposits))
    amount = Decimal(equity)
    return Account("1", amount, amount, amount, NOW, previous_equity=before, deposits=paid_in)


FIVE = Decimal(5)


def test_a_loss_of_just_the_limit_is_no_loss_beyond_it():
    assert daily_loss(worth("95000.00"), FIVE) is None
    assert daily_loss(worth("94999.99"), FIVE) == Loss(Decimal("94999.99"), Decimal(100_000))


def test_a_deposit_hides_no_loss_and_a_withdrawal_is_not_a_loss():
    assert daily_loss(worth("104999.99", deposits="10000"), FIVE) == Loss(Decimal("94999.99"), Decimal(100_000))
    assert daily_loss(worth("105000.00", deposits="10000"), FIVE) is None
    assert daily_loss(worth("85000.00", deposits="-10000"), FIVE) is None
    assert daily_loss(worth("84999.99", deposits="-10000"), FIVE) is not None


def test_a_broker_that_reports_no_deposits_is_treated_as_having_none():
    assert daily_loss(worth("95000.00", deposits=None), FIVE) is None
    assert daily_loss(worth("94999.99", deposits=None), FIVE) == Loss(Decimal("94999.99"), Decimal(100_000))


def test_without_a_known_last_close_there_is_no_daily_loss():
    assert daily_loss(worth("1", previous=None), FIVE) is None


def test_a_limit_of_100_percent_disables_the_daily_loss_check():
    assert daily_loss(worth("0"), Decimal(100)) is None


@given(bad=NUMBERS, place=st.sampled_from(["equity", "previous_equity", "deposits"]))
def test_an_unusable_figure_counts_as_a_daily_loss(bad, place):
    assert daily_loss(replace(worth("100000"), **{place: bad}), FIVE) is not None
