from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.report.tidy_tree import Box, layout

BETWEEN, BELOW = 20.0, 30.0
ROUNDING = 1e-6
Tree = tuple[list[list[int]], list[tuple[float, float]]]


@st.composite
def trees(draw: st.DrawFn, most: int = 60) -> Tree:
    """Each node but the first is a child of any node before it."""
    count = draw(st.integers(1, most))
    children: list[list[int]] = [[] for _ in range(count)]
    for node in range(1, count):
        children[draw(st.integers(max(0, node - draw(st.sampled_from((1, 3, most)))), node - 1))].append(node)
    sizes = st.tuples(st.floats(1, 400), st.floats(1, 200))
    return children, draw(st.lists(sizes, min_size=count, max_size=count))


def placed(tree: Tree) -> tuple[Box, ...]:
    return layout(*tree, between=BETWEEN, below=BELOW)


@given(trees())
def test_no_two_nodes_are_nearer_than_asked(tree):
    boxes = placed(tree)
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            left, right = sorted((one, other), key=lambda box: box.x)
            upper, lower = sorted((one, other), key=lambda box: box.y)
            beside = left.x + left.width + BETWEEN <= right.x + ROUNDING
            assert beside or upper.y + upper.height + BELOW <= lower.y + ROUNDING


@given(trees())
def test_a_parent_stands_above_the_middle_of_its_children_which_keep_their_order(tree):
    boxes = placed(tree)
    for parent, children in enumerate(tree[0]):
        if children:
            first, last = boxes[children[0]], boxes[children[-1]]
            assert boxes[parent].middle == pytest.approx((first.middle + last.middle) / 2, abs=ROUNDING)
            assert all(boxes[child].y >= boxes[parent].y + boxes[parent].height + BELOW for child in children)
            assert all(boxes[left].x < boxes[right].x for left, right in pairwise(children))


@given(trees())
def test_over_their_first_children_the_root_of_any_tree_is_at_the_left_and_none_is_nearer_than_asked(tree):
    boxes = layout(*tree, between=BETWEEN, below=BELOW, over_first=True)
    for parent, children in enumerate(tree[0]):
        for child in children[:1]:
            assert boxes[child].middle == pytest.approx(boxes[parent].middle, abs=ROUNDING)
    assert boxes[0].middle == pytest.approx(min(box.middle for box in boxes), abs=ROUNDING)
    by_level: dict[float, list[Box]] = {}
    for box in boxes:
        by_level.setdefault(box.y, []).append(box)
    for level in by_level.values():
        for left, right in pairwise(sorted(level)):
            assert left.x + left.width + BETWEEN <= right.x + ROUNDING


@given(trees())
def test_nodes_keep_their_sizes_and_begin_at_zero(tree):
    boxes = placed(tree)
    assert [(box.width, box.height) for box in boxes] == tree[1]
    assert (min(box.x for box in boxes), min(box.y for box in boxes)) == (0, 0)


@given(trees(most=12))
def test_the_same_subtree_is_drawn_alike_wherever_it_is(tree):
    """Twice below one root: at every node the same distance apart."""
    children, sizes = tree
    count = len(children)
    twice = [[1, 1 + count], *([child + shift for child in below] for shift in (1, 1 + count) for below in children)]
    boxes = layout(twice, [(1.0, 1.0), *sizes, *sizes], between=BETWEEN, below=BELOW)
    apart = boxes[1 + count].x - boxes[1].x
    for one, other in zip(boxes[1 : 1 + count], boxes[1 + count :], strict=True):
        assert (other.x - one.x, other.y) == (pytest.approx(apart), one.y)


def test_subtrees_of_different_depths_are_pushed_together():
    """Two leaves beside a chain: the second leaf is next to the first, not next to the lower end."""
    boxes = layout([[1, 2], [3], [], [4], []], [(10.0, 10.0)] * 5, between=5, below=5)
    assert [(box.x, box.y) for box in boxes] == [(7.5, 0), (0, 15), (15, 15), (0, 30), (0, 45)]


def test_a_comb_of_twenty_thousand_nodes_is_placed():
    """Each node on its spine has a leaf and the rest of the comb. In the square of its size this takes minutes."""
    spine = 10_000
    comb: list[list[int]] = [[] for _ in range(2 * spine + 1)]
    for step in range(spine):
        comb[2 * step] = [2 * step + 1, 2 * step + 2]
    boxes = layout(comb, [(10.0, 10.0)] * len(comb), between=5, below=5)
    assert boxes[-1].y == 15 * spine


def test_a_node_with_two_parents_is_no_tree():
    with pytest.raises(ValueError, match="node 2 is a child of two nodes"):
        layout([[1, 2], [2], []], [(1.0, 1.0)] * 3, between=1, below=1)
