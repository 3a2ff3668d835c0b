"""Positions for a tidy drawing of a tree, in time linear in its nodes.

E. M. Reingold and J. S. Tilford, Tidier Drawings of Trees, IEEE Transactions on Software Engineering 7(2), 1981:
subtrees are moved together until they nearly touch, and a parent stands over the middle of its children. Nodes may be
of different widths. Nothing recurses, so that a tree may be of any depth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple


class Box(NamedTuple):
    """A placed node, from its upper left corner; y grows downward."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(slots=True)
class _Contour:
    """How far a subtree reaches to the left and to the right of its root, a level an entry, the root's level last.

    `shift` is still to be added to all of them: a subtree is moved without touching its entries.
    """

    left: list[float]
    right: list[float]
    shift: float = 0.0

    def lefts(self) -> Iterator[float]:
        return (self.shift + reach for reach in reversed(self.left))

    def rights(self) -> Iterator[float]:
        return (self.shift + reach for reach in reversed(self.right))


def layout(
    children: Sequence[Sequence[int]],
    sizes: Sequence[tuple[float, float]],
    *,
    between: float,
    below: float,
    over_first: bool = False,
) -> tuple[Box, ...]:
    """Places the tree of node 0, with `children` and `sizes` (width, height) by node. A child's number is the larger.

    Neighbours are at least `between` apart. All nodes of a level begin at the same y, `below` the tallest of the level
    above. With `over_first` a node stands over its first child, so that the root of a wide tree is at its left.
    """
    offsets = [0.0] * len(children)
    contours: list[_Contour | None] = [None] * len(children)
    for node in reversed(range(len(children))):
        contour = _joined(children[node], contours, offsets, between)
        if children[node] and over_first:
            _move(contour, children[node], offsets, -offsets[children[node][0]])
        half = sizes[node][0] / 2
        contour.left.append(-half - contour.shift)
        contour.right.append(half - contour.shift)
        contours[node] = contour
    middles, levels = [0.0] * len(children), [0] * len(children)
    for node, below_it in enumerate(children):
        for child in below_it:
            middles[child] = middles[node] + offsets[child]
            levels[child] = levels[node] + 1
    tops = _tops(levels, [height for _, height in sizes], below)
    leftmost = min(middle - width / 2 for middle, (width, _) in zip(middles, sizes, strict=True))
    return tuple(
        Box(middle - width / 2 - leftmost, tops[level], width, height)
        for middle, level, (width, height) in zip(middles, levels, sizes, strict=True)
    )


def _joined(subtrees: Sequence[int], contours: list[_Contour | None], offsets: list[float], between: float) -> _Contour:
    """The contour of `subtrees` side by side, from the middle between the first and the last root.

    Sets the offsets of these roots. Takes as many steps as the lower of two neighbours has levels.
    """
    whole = _Contour([], [])
    for number, subtree in enumerate(subtrees):
        contour, contours[subtree] = contours[subtree], None
        if contour is None:
            raise ValueError(f"node {subtree} is a child of two nodes, or of a later one")
        if number:
            overlaps = (right - left for right, left in zip(whole.rights(), contour.lefts(), strict=False))
            offsets[subtree] = max(overlaps) + between
            contour.shift += offsets[subtree]
        whole = _side_by_side(whole, contour) if number else contour
    if subtrees:
        _move(whole, subtrees, offsets, -(offsets[subtrees[0]] + offsets[subtrees[-1]]) / 2)
    return whole


def _move(whole: _Contour, subtrees: Sequence[int], offsets: list[float], by: float) -> None:
    whole.shift += by
    for subtree in subtrees:
        offsets[subtree] += by


def _side_by_side(one: _Contour, other: _Contour) -> _Contour:
    """The contour of both, made in the longer one: `other` is on the right."""
    levels = range(-1, -1 - min(len(one.left), len(other.left)), -1)
    if len(one.left) >= len(other.left):
        for level in levels:
            one.right[level] = other.right[level] + other.shift - one.shift
        return one
    for level in levels:
        other.left[level] = one.left[level] + one.shift - other.shift
    return other


def _tops(levels: Sequence[int], heights: Sequence[float], below: float) -> list[float]:
    """The y of each level."""
    tallest = [0.0] * (max(levels) + 1)
    for level, height in zip(levels, heights, strict=True):
        tallest[level] = max(tallest[level], height)
    return list(accumulate(tallest[:-1], lambda top, height: top + height + below, initial=0.0))
