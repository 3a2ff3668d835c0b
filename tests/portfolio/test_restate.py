"""Splits and renames between two sessions: when our shares are restated, and when they are not."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.model import CorporateAction, Difference, Position, Symbol
from rebalancer.portfolio.breaks import restatements, unbooked_splits

NVDA, FB, META = map(Symbol, ("NVDA", "FB", "META"))
THURSDAY, FRIDAY, MONDAY, TUESDAY = (date(2024, 6, day) for day in (6, 7, 10, 11))
LATE = date(2024, 7, 5)
NOW = datetime(2024, 6, 10, 19, 50, tzinfo=UTC)


def split(ratio: str | Decimal, symbol: Symbol = NVDA, day: date = MONDAY, words: str = "") -> CorporateAction:
    return CorporateAction(symbol, day, "split", ratio=Decimal(ratio), words=words)


def rename(old: Symbol = FB, new: Symbol = META, day: date = MONDAY) -> CorporateAction:
    return CorporateAction(old, day, "rename", renamed=new, words=f"rename to {new} of {day}")


def of(**quantities: int | str) -> dict[Symbol, Decimal]:
    return {Symbol(name): Decimal(quantity) for name, quantity in quantities.items()}


def of_days(**days: date) -> dict[Symbol, date]:
    return {Symbol(name): day for name, day in days.items()}


def restated(shown, expected, *actions, ours=None, since=None, unexplained=None, recorded=FRIDAY, today=MONDAY):
    """What the broker shows, what was expected on Monday; the last record is of Friday, and all was ours by default.

    `since` are the sessions in which a symbol was restated before.
    """
    positions = [Position(symbol, quantity, quantity * 100) for symbol, quantity in shown.items()]
    ours = expected if ours is None else ours
    return restatements(
        positions,
        ours,
        expected,
        actions,
        recorded=recorded,
        restated=since or {},
        today=today,
        account="demo",
        at=NOW,
        unexplained=unexplained or {},
    )


def figures(events):
    return {event.symbol: (event.ours, event.expected) for event in events}


# ------------------------------------------------------------------------------------------------------ splits


def test_a_split_multiplies_our_shares_and_the_brokers():
    (event,) = restated(of(NVDA=120), of(NVDA=12), split(10, words="10 for 1 split of 2024-06-10"))

    assert (event.account, event.at, event.symbol, event.ours, event.expected) == ("demo", NOW, NVDA, 120, 120)
    assert event.why == "10 for 1 split of 2024-06-10: our 12 shares are 120 now"


@pytest.mark.parametrize(
    ("ratio", "before", "after", "said"),
    [
        (Decimal(1) / 3, "12", "4", "our 12 shares are 4 now"),
        ("1.5", "7", "10.5", "our 7 shares are 10.5 now"),
        ("1.05", "1", "1.05", "our 1 share is 1.05 now"),
    ],
)
def test_any_ratio_is_exact(ratio, before, after, said):
    (event,) = restated(of(NVDA=after), of(NVDA=before), split(ratio))

    assert (event.ours, event.why) == (Decimal(after), f"split of 2024-06-10: {said}")


@pytest.mark.parametrize("shown", ["3.333333333", "3"])
def test_a_fraction_may_be_cut_at_nine_places_or_paid_in_cash(shown):
    assert figures(restated(of(NVDA=shown), of(NVDA=10), split(Decimal(1) / 3))) == {
        NVDA: (Decimal(shown), Decimal(shown))
    }


@pytest.mark.parametrize("shown", ["3.333333334", "3.3", "4", "2", "0", "-3"])
def test_any_other_quantity_is_no_split(shown):
    assert restated(of(NVDA=shown), of(NVDA=10), split(Decimal(1) / 3)) == ()


def test_several_splits_of_one_symbol_multiply():
    (event,) = restated(of(NVDA=60), of(NVDA=12), split(10), split("0.5", day=date(2024, 6, 8)))

    assert event.ours == 60
    assert event.why.startswith("split of 2024-06-08 and split of 2024-06-10: ")


def test_shares_bought_on_the_day_of_the_first_of_two_splits_may_include_it():
    """Bought on the Friday of a 4 for 1 split, the shares are new ones; on Monday each of them is three."""
    (event,) = restated(of(NVDA=36), of(NVDA=12), split(4, day=FRIDAY), split(3, words="3 for 1"))
    assert (event.ours, event.expected) == (36, 36)
    assert event.why == "3 for 1: our 12 shares are 36 now"


def test_the_first_of_two_splits_alone_is_not_the_difference():
    assert restated(of(NVDA=48), of(NVDA=12), split(4, day=FRIDAY), split(3)) == ()


def test_two_splits_around_the_first_purchase_that_are_announced_late_restate_by_the_second_alone():
    """Bought on the Friday of a 4 for 1 split; a 3 for 1 split of Monday is announced days later."""
    open_since = {NVDA: Difference(Decimal(36), FRIDAY, MONDAY)}
    actions = (split(4, day=FRIDAY), split(3, words="3 for 1"))

    (event,) = restated(of(NVDA=36), of(NVDA=12), *actions, today=LATE, recorded=TUESDAY, unexplained=open_since)

    assert (event.ours, event.why) == (36, "3 for 1: our 12 shares are 36 now")


@pytest.mark.parametrize("day", [THURSDAY, TUESDAY])
def test_an_open_difference_is_explained_only_by_actions_between_its_record_and_its_detection(day):
    open_since = {NVDA: Difference(Decimal(24), FRIDAY, MONDAY)}
    assert restated(of(NVDA=24), of(NVDA=12), split(2, day=day), today=LATE, unexplained=open_since) == ()


def test_of_a_symbol_that_we_share_with_others_our_part_is_rounded_down():
    (event,) = restated(of(NVDA="3.333333333"), of(NVDA=10), split(Decimal(1) / 3), ours=of(NVDA=5))

    assert (event.ours, event.expected) == (Decimal("1.666666666"), Decimal("3.333333333"))


def test_our_part_never_exceeds_the_shares_left_after_cash_in_lieu():
    (event,) = restated(of(NVDA=3), of(NVDA="10.9"), split(Decimal(1) / 3), ours=of(NVDA="10.8"))

    assert event.ours == 3


def test_a_split_of_shares_that_are_not_ours_changes_only_the_expected_ones():
    (event,) = restated(of(NVDA=120), of(NVDA=12), split(10), ours={})

    assert (event.ours, event.expected) == (0, 120)
    assert event.why == "split of 2024-06-10: none of it is ours"


def test_a_quantity_that_is_as_expected_needs_no_split():
    assert restated(of(NVDA=12), of(NVDA=12), split(10)) == ()


def test_without_an_announcement_nothing_is_guessed():
    assert restated(of(NVDA=120), of(NVDA=12)) == ()
    assert restated(of(NVDA=12), of(NVDA="12.5")) == ()
    assert restated(of(NVDA=120), of(NVDA=12), split(10, symbol=META)) == ()
    assert restated(of(NVDA=120), of(NVDA=12), CorporateAction(NVDA, MONDAY, "other")) == ()


@pytest.mark.parametrize("day", [THURSDAY, TUESDAY])
def test_actions_before_the_session_of_the_record_or_in_the_future_do_not_count(day):
    assert restated(of(NVDA=120), of(NVDA=12), split(10, day=day)) == ()


def test_a_split_of_the_session_of_the_record_may_be_booked_a_day_late():
    (event,) = restated(of(NVDA=120), of(NVDA=12), split(10, day=FRIDAY), since=of_days(NVDA=THURSDAY, META=MONDAY))

    assert (event.ours, event.expected) == (120, 120)


@pytest.mark.parametrize("day", [FRIDAY, MONDAY])
def test_a_symbol_restated_on_that_day_or_since_is_not_restated_again(day):
    assert restated(of(NVDA=120), of(NVDA=12), split(10, day=FRIDAY), since=of_days(NVDA=day)) == ()


@pytest.mark.parametrize("name", [FB, META])
def test_a_rename_is_not_restated_again_under_either_name(name):
    assert restated(of(META=12), of(FB=12), rename(day=FRIDAY), since={name: MONDAY}) == ()


def test_a_short_position_is_not_restated():
    assert restated(of(NVDA=-120), of(NVDA=-12), split(10), ours={}) == ()


@pytest.mark.parametrize("ratio", ["NaN", "Infinity", "0", "-10", "1e30"])
def test_an_invalid_ratio_restates_nothing(ratio):
    assert restated(of(NVDA=120), of(NVDA=12), split(ratio)) == ()


# ------------------------------------------------------------------------------------------------------ renames


def test_a_rename_moves_our_shares_to_the_new_name():
    gone, come = restated(of(META=12), of(FB=12), rename())

    assert (gone.symbol, gone.ours, gone.expected, gone.why) == (FB, 0, 0, "rename to META of 2024-06-10")
    assert (come.symbol, come.ours, come.expected) == (META, 12, 12)
    assert come.why == "was FB (rename to META of 2024-06-10): our 12 shares are 12 now"


@pytest.mark.parametrize("under", [FB, META])
def test_a_rename_may_come_with_a_split_under_either_name(under):
    gone, come = restated(of(META="2.5"), of(FB=25), rename(), split("0.1", symbol=under), ours=of(FB=10))

    assert (gone.ours, come.ours, come.expected) == (0, 1, Decimal("2.5"))
    assert come.why == "was FB (rename to META of 2024-06-10 and split of 2024-06-10): our 10 shares are 1 now"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (of(META=11), of(FB=12)),  # another quantity
        (of(META=12), of(FB="12.5")),  # a rename pays out no fraction
        (of(META=12, FB=1), of(FB=12)),  # some is left under the old name
        (of(META=12), of(FB=12, META=3)),  # the new name was there before
        ({}, of(FB=12)),
    ],
)
def test_a_rename_that_does_not_match_to_the_share_restates_nothing(shown, expected):
    assert restated(shown, expected, rename()) == ()


def test_two_renames_of_one_symbol_restate_nothing():
    assert restated(of(META=12), of(FB=12), rename(), rename(new=NVDA)) == ()


# --------------------------------------------------------------------------------------- splits that are not booked


def unbooked(managed, *actions, since=None):
    return unbooked_splits(managed, actions, recorded=FRIDAY, restated=since or {}, today=MONDAY)


@pytest.mark.parametrize("day", [FRIDAY, MONDAY])
def test_a_managed_symbol_is_left_alone_until_its_split_is_booked(day):
    words = f"10 for 1 split of {day}"

    assert unbooked(of(NVDA=12, META=5), split(10, day=day, words=words)) == {
        NVDA: f"the broker's quantity shows no {words} yet: neither bought nor sold tonight"
    }


def test_once_it_is_restated_its_split_is_booked():
    assert unbooked(of(NVDA=120), split(10), since=of_days(NVDA=MONDAY)) == {}
    assert set(unbooked(of(NVDA=12), split(10), since=of_days(NVDA=FRIDAY, META=MONDAY))) == {NVDA}


@pytest.mark.parametrize("day", [THURSDAY, TUESDAY])
def test_a_split_before_the_record_or_in_the_future_is_not_awaited(day):
    assert unbooked(of(NVDA=12), split(10, day=day)) == {}


def test_a_symbol_that_is_not_held_awaits_no_split():
    assert unbooked(of(NVDA=0, META=5), split(10)) == {}


def test_only_splits_are_awaited():
    assert (
        unbooked(of(FB=12), rename(), CorporateAction(FB, MONDAY, "dividend"), CorporateAction(FB, MONDAY, "other"))
        == {}
    )


# ---------------------------------------------------------------------------------------------- what always holds

tickers = st.sampled_from([NVDA, FB, META])
counts = st.decimals("0.001", "5000", places=3)
ratios = st.builds(lambda new, old: Decimal(new) / Decimal(old), st.integers(1, 50), st.integers(1, 50))
days = st.sampled_from([THURSDAY, FRIDAY, date(2024, 6, 8), MONDAY, TUESDAY])
actions = st.lists(st.builds(split, ratios, tickers, days) | st.builds(rename, tickers, tickers, days), max_size=3)


@st.composite
def mornings(draw):
    """Whatever was announced; one symbol's quantity often did what its split says, cut off somewhere or not at all."""
    expected = draw(st.dictionaries(tickers, counts, min_size=1))
    ours = {symbol: min(draw(counts), there) for symbol, there in expected.items() if draw(st.booleans())}
    announced = draw(actions)
    shown = dict(expected)
    for action in announced:
        name = action.renamed or action.symbol
        moved = shown.pop(action.symbol, Decimal(0)) * action.ratio
        shown[name] = moved.quantize(draw(st.sampled_from([Decimal("1e-9"), Decimal(1)])), "ROUND_DOWN")
    return {symbol: quantity for symbol, quantity in shown.items() if quantity}, expected, announced, ours


@given(mornings() | st.tuples(st.dictionaries(tickers, counts), st.dictionaries(tickers, counts), actions, st.just({})))
def test_our_shares_are_between_0_and_the_brokers_and_the_expected_ones_are_the_brokers(morning):
    shown, expected, announced, ours = morning

    for event in restated(shown, expected, *announced, ours=ours):
        assert 0 <= event.ours <= event.expected == shown.get(event.symbol, 0)
        assert shown.get(event.symbol, 0) != expected.get(event.symbol, 0)


@given(counts, ratios)
def test_a_split_that_the_broker_cut_at_nine_places_is_always_matched(before, ratio):
    after = (before * ratio).quantize(Decimal("1e-12")).quantize(Decimal("1e-9"), "ROUND_DOWN")

    events = restated({NVDA: after}, {NVDA: before}, split(ratio))

    assert figures(events) == ({} if after == before or not after else {NVDA: (after, after)})


@given(counts, ratios, st.decimals("0.001", "5000", places=9))
def test_a_quantity_that_no_announcement_explains_is_not_restated(before, ratio, shown):
    due = before * ratio

    if not (abs(due - shown) < Decimal("1e-8") or shown == int(due)):
        assert restated({NVDA: shown}, {NVDA: before}, split(ratio)) == ()


@given(counts, ratios, days)
def test_a_split_is_restated_or_awaited_and_never_both(before, ratio, day):
    after = (before * ratio).quantize(Decimal("1e-9"), "ROUND_DOWN")
    held, action = {NVDA: after}, split(ratio, day=day)

    since = {event.symbol: MONDAY for event in restated(held, {NVDA: before}, action)}

    counted = FRIDAY <= day <= MONDAY and after > 0
    assert len(since) + len(unbooked(held, action, since=since)) == counted
