"""Symphonies that people published. They are stored outside the repository and are not shipped."""

import gzip
import math
from collections import Counter
from pathlib import Path

import pytest

from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.tree import Specified

COLLECTION = Path(__file__).parents[3] / ".." / "shared" / "strategies"


def collected(folder):
    """What each file of the collection is read as, by its name."""
    if not COLLECTION.is_dir():
        pytest.skip("the collection of strategies lies beside the repository, and is not there")
    paths = sorted((COLLECTION / folder).glob("*.gz"))
    return {path.name: read(gzip.decompress(path.read_bytes()), path.name) for path in paths}


@pytest.fixture(scope="module")
def symphonies():
    return collected("composer")


def reasons(found):
    """How often each refusal occurs, without the name of the file and what is read instead."""
    texts = [str(problem).split(": ", 1)[1].split(";")[0] for _, problems in found.values() for problem in problems]
    return dict(Counter(texts))


def test_every_symphony_of_the_collection_is_read_or_refused_for_its_rebalancing_alone(symphonies):
    assert len(symphonies) == 89
    assert sum(chart is None for chart, _ in symphonies.values()) == 18
    assert reasons(symphonies) == {
        'rebalance: "rebalance" "none" is not read yet': 15,
        'rebalance: "rebalance" "quarterly" is not read yet': 1,
        "looks like a bot in ExxaHub's format": 2,
    }


@pytest.mark.parametrize(
    ("folder", "reason", "count"),
    [("composer-lisp", "looks like Composer's Lisp text", 72), ("quantmage", "looks like a QuantMage spell", 1)],
)
def test_every_other_format_of_the_collection_is_refused_by_name(folder, reason, count):
    assert reasons(collected(folder)) == {reason: count}


def test_the_weights_of_the_collection_sum_to_one(symphonies):
    specified_nodes = 0
    for node in nodes_of(chart.root for chart, _ in symphonies.values() if chart):
        if isinstance(node, Specified):
            specified_nodes += 1
            assert math.isclose(math.fsum(node.weights), 1, rel_tol=1e-12)
            assert min(node.weights) > 0
    assert specified_nodes > 100


def nodes_of(roots):
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += getattr(node, "children", ())
        waiting += [getattr(node, name) for name in ("child", "then", "otherwise") if hasattr(node, name)]
