"""Bugs that the simulation found, each as the smallest evening that shows it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from decimal import Decimal

import pytest

from lab.venue_orders import IdRule, Rules
from lab.world import World

CALM: Mapping[str, float] = {}
LATE = {"order arrives after the quiet time": 1.0}


class ScriptedWorld(World):
    """A world with given faults, each with its probability, on its first evenings; no faults after them."""

    def __init__(self, seed: int, ids: IdRule, *nights: Mapping[str, float], quiet: int = 30) -> None:
        self._script = nights
        super().__init__(seed, days=len(nights) + 4)
        resend = ids in {"for ever", "while open"}
        self.venue.rules = Rules(ids, quiet, resend=resend, strict=True, fee=Decimal(0))

    def _faults_on(self, day: int) -> dict[str, float]:
        return dict(self._script[day]) if day < len(self._script) else {}

    def last_status(self) -> str:
        return self.journal_checker.last_end(self.storage.connection)


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedWorld]]:
    with ExitStack() as worlds:
        yield lambda *words, **named: worlds.enter_context(closing(ScriptedWorld(*words, **named)))


def halts(world: World) -> list[str]:
    return [reason for (reason,) in world.storage.connection.execute("SELECT reason FROM halts WHERE NOT lifted")]


BUYING = (1, 2, 4)
"""Worlds that buy on their first evening, more than one symbol."""


@pytest.mark.parametrize("seed", BUYING)
def test_all_orders_that_were_lost_and_arrived_late_are_counted_at_once(scripted, seed):
    world = scripted(seed, "never", LATE)
    for _ in range(2):
        world.live_day()
    lost = [venue_order for venue_order in world.venue.venue_orders if venue_order.overdue and venue_order.accepted]
    assert len(lost) > 1
    (said,) = halts(world)
    assert all(venue_order.id in said for venue_order in lost)
    world.simulate()


@pytest.mark.parametrize("seed", BUYING)
def test_a_lost_order_that_filled_at_a_venue_that_forgets_overnight_is_not_bought_again(scripted, seed):
    world = scripted(seed, "forgotten", LATE)
    world.live_day()
    held = dict(world.venue.shares)
    assert any(held.values())
    world.live_day()
    assert world.venue.shares == held
    (said,) = halts(world)
    assert all(venue_order.id in said for venue_order in world.venue.venue_orders if venue_order.accepted)


@pytest.mark.parametrize("seed", BUYING)
def test_an_empty_list_of_positions_is_no_sign_of_a_lost_order(scripted, seed):
    world = scripted(seed, "for ever", {"request lost": 1.0}, CALM, {"positions come empty": 1.0})
    world.simulate()
    assert not halts(world)


@pytest.mark.parametrize("ids", ["never", "for ever"])
@pytest.mark.parametrize("seed", range(5))
def test_an_order_that_fills_after_it_was_given_up_and_before_the_last_record_counts_once(scripted, seed, ids):
    world = scripted(seed, ids, CALM, LATE, CALM, LATE, quiet=180)
    world.simulate()  # the journal is compared with the venue to the share after every session
    assert world.day == world.days


@pytest.mark.parametrize("seed", BUYING)
def test_an_equity_that_is_not_a_number_is_refused_with_a_message_even_without_positions(scripted, seed):
    world = scripted(seed, "for ever", CALM, {"equity is no number": 1.0, "positions come empty": 1.0})
    world.simulate()
    assert any("equity of NaN" in reason for reason in world.totals.failures)


@pytest.mark.parametrize("fault", ["stands with another quantity", "filled beyond the order"])
def test_a_halt_over_a_mismatched_order_names_the_remedy(scripted, fault):
    world = scripted(1, "for ever", {fault: 1.0})
    world.live_day()
    (said,) = halts(world)
    assert "--account-for" in said
    world.simulate()
