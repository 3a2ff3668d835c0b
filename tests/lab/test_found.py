"""What the laboratory found in our own code, each as the smallest night that shows it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from decimal import Decimal

import pytest

from lab.tickets import IdRule, Rules
from lab.world import World

CALM: Mapping[str, float] = {}
LATE = {"order arrives after the quiet time": 1.0}


class Told(World):
    """A world that is told its nights, each fault with how likely it strikes; after them it is calm."""

    def __init__(self, seed: int, ids: IdRule, *nights: Mapping[str, float], quiet: int = 30) -> None:
        self._nights = nights
        super().__init__(seed, days=len(nights) + 4)
        resend = ids in {"for ever", "while open"}
        self.venue.rules = Rules(ids, quiet, resend=resend, strict=True, fee=Decimal(0))

    def _forecast(self, day: int) -> dict[str, float]:
        return dict(self._nights[day]) if day < len(self._nights) else {}

    def last_status(self) -> str:
        return self.books.last_end(self.shelf.connection)


@pytest.fixture
def told() -> Iterator[Callable[..., Told]]:
    with ExitStack() as worlds:
        yield lambda *words, **named: worlds.enter_context(closing(Told(*words, **named)))


def halts(world: World) -> list[str]:
    return [reason for (reason,) in world.shelf.connection.execute("SELECT reason FROM halts WHERE NOT lifted")]


BUYING = (1, 2, 4)
"""Worlds that buy on their first evening, more than one symbol."""


@pytest.mark.parametrize("seed", BUYING)
def test_all_orders_that_were_lost_and_arrived_late_are_counted_at_once(told, seed):
    world = told(seed, "never", LATE)
    for _ in range(2):
        world.live_day()
    lost = [ticket for ticket in world.venue.tickets if ticket.overdue and ticket.accepted]
    assert len(lost) > 1
    (said,) = halts(world)
    assert all(ticket.id in said for ticket in lost)
    world.live()


@pytest.mark.parametrize("seed", BUYING)
def test_a_lost_order_that_filled_at_a_venue_that_forgets_overnight_is_not_bought_again(told, seed):
    world = told(seed, "forgotten", LATE)
    world.live_day()
    held = dict(world.venue.shares)
    assert any(held.values())
    world.live_day()
    assert world.venue.shares == held
    (said,) = halts(world)
    assert all(ticket.id in said for ticket in world.venue.tickets if ticket.accepted)


@pytest.mark.parametrize("seed", BUYING)
def test_an_empty_list_of_positions_is_no_sign_of_a_lost_order(told, seed):
    world = told(seed, "for ever", {"request lost": 1.0}, CALM, {"positions come empty": 1.0})
    world.live()
    assert not halts(world)


@pytest.mark.parametrize("ids", ["never", "for ever"])
@pytest.mark.parametrize("seed", range(5))
def test_what_fills_after_it_was_given_up_and_before_the_last_record_counts_once(told, seed, ids):
    world = told(seed, ids, CALM, LATE, CALM, LATE, quiet=180)
    world.live()  # whose books are compared to the share every night
    assert world.day == world.days


@pytest.mark.parametrize("seed", BUYING)
def test_an_equity_that_is_no_number_is_refused_in_words_even_where_the_positions_are_gone(told, seed):
    world = told(seed, "for ever", CALM, {"equity is no number": 1.0, "positions come empty": 1.0})
    world.live()
    assert any("equity of NaN" in reason for reason in world.tally.failures)


@pytest.mark.parametrize("fault", ["stands with another quantity", "filled beyond the order"])
def test_a_halt_over_an_order_that_is_not_as_it_was_sent_says_how_to_go_on(told, fault):
    world = told(1, "for ever", {fault: 1.0})
    world.live_day()
    (said,) = halts(world)
    assert "--account-for" in said
    world.live()
