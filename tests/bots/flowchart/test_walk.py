"""Ways through a tree."""

from itertools import islice

from trees import CASH, compare, equal, group, hold, of

from rebalancer.bots.flowchart.tree import AllOf, If, Place
from rebalancer.bots.flowchart.walk import children_of, leaves_first


def test_what_stands_in_many_places_is_walked_once():
    condition = compare(of("cumulative-return", "AAA", 3), "gt", 1)
    for _ in range(12):  # a chart of 12 conditions has 4,096 places
        condition = AllOf((condition, condition), Place(None, "chart"))
    walked = list(islice(leaves_first(condition), 100))
    assert len(walked) == 12 + 3
    assert walked[-1] is condition


def test_children_come_before_all_of_their_parents():
    shared = equal(hold("AAA"), hold("BBB"))
    condition = compare(of("cumulative-return", shared, 3), "gt", 1)
    gate = If(condition, group("named", shared), CASH, Place(None, "chart"))
    root = equal(shared, gate, shared)
    walked = list(leaves_first(root))
    place = {element: number for number, element in enumerate(walked)}
    assert len(place) == len(walked)
    assert all(place[child] < place[parent] for parent in walked for child in children_of(parent))
