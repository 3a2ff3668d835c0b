"""Grids, samples of them, and neighbours."""

from hypothesis import given
from hypothesis import strategies as st

from rebalancer.backtest.parameters import Parameter, grid, neighbours, sample, size, values_at

WINDOW = Parameter("window", (("w",),), (10, 20, 30))
TICKER = Parameter("ticker", (("t",),), ("A", "B", "C"))
parameters = st.lists(
    st.integers(1, 5).map(lambda count: Parameter("p", (("p",),), tuple(range(count)))), min_size=1, max_size=4
)


def test_a_grid_has_every_combination_once_the_last_parameter_changing_first():
    points = list(grid([WINDOW, TICKER]))
    assert points[:4] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert len({*points}) == len(points) == size([WINDOW, TICKER]) == 9
    assert values_at([WINDOW, TICKER], (2, 0)) == {"window": 30, "ticker": "A"}


@given(parameters, st.integers(0, 100))
def test_a_sample_of_all_is_the_grid_in_another_order(found, seed):
    assert sorted(sample(found, seed, 10_000)) == sorted(grid(found))


@given(parameters, st.integers(0, 100), st.integers(0, 50))
def test_a_longer_sample_begins_with_the_shorter_one(found, seed, count):
    shorter, longer = list(sample(found, seed, count)), list(sample(found, seed, count + 20))
    assert longer[: len(shorter)] == shorter
    assert len({*longer}) == len(longer)


def test_another_seed_draws_others():
    many = [Parameter(name, ((name,),), tuple(range(100))) for name in "abc"]
    first, second = set(sample(many, 1, 100)), set(sample(many, 2, 100))
    assert len(first & second) < 5


def test_every_point_is_as_likely():
    four = [Parameter("p", (("p",),), (1, 2, 3, 4))]
    first = [next(sample(four, seed, 1))[0] for seed in range(2000)]
    assert all(400 < first.count(position) < 600 for position in range(4))


def test_numbers_have_the_next_ones_as_neighbours_and_texts_all_others():
    assert list(neighbours([WINDOW, TICKER], (0, 1))) == [(0, (1, 1)), (1, (0, 0)), (1, (0, 2))]
    assert list(neighbours([WINDOW], (1,))) == [(0, (0,)), (0, (2,))]


@given(parameters, st.data())
def test_a_neighbour_has_its_neighbour_as_neighbour(found, data):
    point = data.draw(st.sampled_from(list(grid(found))))
    for _, other in neighbours(found, point):
        assert point in [back for _, back in neighbours(found, other)]
