"""An event is read back as the very same value."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from evenings import BOOKED, NOW, TARGETS, evening, holding, holdings_read
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.errors import BadInputError
from rebalancer.events import BotDecided, FillSeen, Noted, PlanMade
from rebalancer.journal.codec import KINDS, Claimed, from_body, to_body, to_json
from rebalancer.model import Fill, OrderId, Plan, Symbol, Trade

money = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)
moments = st.datetimes(timezones=st.just(UTC))
fractions = st.floats(allow_nan=False, allow_infinity=False)
fills = st.builds(
    Fill,
    st.text(),
    st.text().map(OrderId),
    st.sampled_from([Symbol("SPY"), Symbol("BRK.B")]),
    st.sampled_from(["sell", "buy"]),
    money,
    money,
    money,
    moments,
)
decisions = st.builds(
    BotDecided,
    moments,
    st.text(),
    fractions,
    st.dictionaries(st.text().map(Symbol), fractions),
    st.lists(st.text()).map(tuple),
    st.lists(st.text()).map(tuple),
)


def read_back(event):
    return from_body(type(event).__name__, to_body(event))


@given(st.builds(FillSeen, moments, fills) | decisions)
def test_any_event_is_read_back_as_it_was(event):
    assert read_back(event) == event


def test_every_kind_of_event_is_read_back_as_it_was():
    events = (*evening(), *BOOKED)

    assert {type(event) for event in events} == set(KINDS.values()) - {Claimed}
    assert tuple(map(read_back, events)) == events


@given(money)
def test_a_decimal_is_written_with_every_digit_and_no_exponent(amount):
    text = to_json(amount).strip('"')

    assert "E" not in text
    assert Decimal(text) == amount


def test_a_decimal_keeps_its_last_zeros():
    assert to_json(Decimal("6000.00")) == '"6000.00"'


def test_the_same_event_is_always_the_same_text():
    forwards = BotDecided(NOW, "trend", 1.0, {"SPY": 0.1, "BIL": 0.2}, (), ())
    backwards = BotDecided(NOW, "trend", 1.0, {"BIL": 0.2, "SPY": 0.1}, (), ())

    assert to_body(forwards) == to_body(backwards)
    assert to_body(forwards) == (
        '{"at":"2016-07-01T19:50:00+00:00","bot":"trend","flips":[],"path":[],"share":1.0,"since":null,"warnings":[],'
        '"weights":{"BIL":0.2,"SPY":0.1}}'
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), Decimal("NaN"), Decimal("Infinity")])
def test_nan_and_infinities_are_refused(number):
    with pytest.raises(ValueError, match="no place in the journal"):
        to_json({"equity": number})


def test_a_time_without_a_zone_is_refused():
    naive = datetime(2016, 7, 1, 19, 50)  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="no time zone"):
        to_body(Noted(naive, "note", "half past"))


def test_a_broken_character_of_a_broker_does_not_stop_the_journal():
    assert read_back(Noted(NOW, "error", "rejected \ud800")).text == "rejected ?"


def test_a_field_that_came_later_has_its_default_in_an_old_event():
    body = (
        to_body(holdings_read(holding("SPY", "5", "0")))
        .replace('"expected":null,', "")
        .replace(',"untouchable":""', "")
    )

    (old,) = from_body("HoldingsRead", body).holdings

    assert (old.expected, old.untouchable) == (None, "")


@pytest.mark.parametrize(("kind", "body"), [("Dreamt", "{}"), ("Noted", '{"at":"2016-07-01T19:50:00+00:00","mood":1}')])
def test_events_of_a_newer_version_are_reported_as_such(kind, body):
    with pytest.raises(BadInputError, match="newer version"):
        from_body(kind, body)


def test_a_screen_shows_fields_in_their_declared_order_and_days_as_text():
    assert to_json({"session": date(2016, 7, 1), "shares": TARGETS.shares[:1]}) == (
        '{\n  "session": "2016-07-01",\n  "shares": [\n    {\n'
        '      "bot": "trend",\n      "asked": 0.4,\n      "fraction": 0.4\n    }\n  ]\n}'
    )


@pytest.mark.parametrize(
    ("target", "written"), [(101, '"target_shares":101'), (Decimal("0.585"), '"target_shares":"0.585"')]
)
def test_a_whole_target_quantity_is_an_integer_as_ever_and_a_fractional_one_keeps_its_digits(target, written):
    trade = Trade(Symbol("SPY"), Decimal(0), Decimal(0), Decimal("0.5"), target, None, None, Decimal(0), Decimal(0), "")
    event = PlanMade(datetime(2026, 11, 20, tzinfo=UTC), Plan(Decimal(1000), (trade,)))
    body = to_body(event)
    assert written in body
    assert from_body("PlanMade", body) == event
