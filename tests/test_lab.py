"""A sample of the simulation in `tests/lab`, and that a seed reproduces its world."""

import pytest
from lab.regression_seeds import REGRESSION_SEEDS
from lab.run import DAYS_OF_A_WORLD, simulate_world, world_of
from lab.world import World

SMOKE = 20


@pytest.mark.parametrize("seed", REGRESSION_SEEDS)
def test_a_seed_that_once_found_a_bug_finds_none_now(seed):
    assert not simulate_world(seed).broken


@pytest.mark.parametrize("seed", range(SMOKE))
def test_no_invariant_breaks_whatever_faults_occur(seed):
    assert not [str(broken) for broken in simulate_world(seed).broken]


@pytest.mark.parametrize("seed", [7, 10])
def test_the_same_seed_gives_the_same_log_with_and_without_external_traders(seed):
    def log() -> list[str]:
        with world_of(seed) as world:
            return [_log_of_a_day(world) for _ in range(DAYS_OF_A_WORLD)]

    assert log() == log()


def test_another_seed_gives_another_log():
    with world_of(7) as seven, world_of(8) as eight:
        assert _log_of_a_day(seven) != _log_of_a_day(eight)


def _log_of_a_day(world: World) -> str:
    world.live_day()
    return world.fingerprint()
