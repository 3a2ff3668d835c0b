"""The laboratory in CI: a smoke of it, and that it is what it says: one seed, one life."""

import pytest
from lab.run import DAYS_OF_A_WORLD, live_world, world_of
from lab.seeds import FOUND
from lab.world import World

SMOKE = 20


@pytest.mark.parametrize("seed", FOUND)
def test_a_world_that_found_something_is_well_now(seed):
    assert not live_world(seed).broken


@pytest.mark.parametrize("seed", range(SMOKE))
def test_nothing_breaks_in_a_world_where_everything_goes_wrong(seed):
    assert not [str(broken) for broken in live_world(seed).broken]


@pytest.mark.parametrize("seed", [7, 10])
def test_the_same_seed_gives_the_same_life_to_the_letter_alone_or_beside_other_hands(seed):
    def life() -> list[str]:
        with world_of(seed) as world:
            return [_lived(world) for _ in range(DAYS_OF_A_WORLD)]

    assert life() == life()


def test_another_seed_gives_another_life():
    with world_of(7) as seven, world_of(8) as eight:
        assert _lived(seven) != _lived(eight)


def _lived(world: World) -> str:
    world.live_day()
    return world.fingerprint()
