"""Symphonies that people published. They are stored outside the repository and are not shipped."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from trees import random_walks

from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.compile import compile_chart
from rebalancer.bots.flowchart.formats import read
from rebalancer.bots.flowchart.tree import Specified

COLLECTION = Path(__file__).parents[3] / ".." / "shared" / "strategies"


def collected(folder):
    """What each file of the collection is read as, by its name."""
    if not COLLECTION.is_dir():
        pytest.skip("the collection of strategies lies beside the repository, and is not there")
    paths = sorted(path for path in (COLLECTION / folder).iterdir() if path.suffix in (".gz", ".json"))
    return {path.name.split(".")[0]: read(path.read_bytes(), path.name) for path in paths}


@pytest.fixture(scope="module")
def symphonies():
    return collected("composer")


@pytest.fixture(scope="module")
def texts():
    return collected("composer-lisp")


def reasons(found):
    """How often each refusal occurs, without the name of the file and what is read instead."""
    texts = [str(problem).split(": ", 1)[1].split(";")[0] for _, problems in found.values() for problem in problems]
    return dict(Counter(texts))


def test_every_symphony_of_the_collection_is_read_or_in_another_format(symphonies):
    assert len(symphonies) == 89
    assert sum(chart is None for chart, _ in symphonies.values()) == 2
    assert reasons(symphonies) == {"looks like a bot in ExxaHub's format": 2}


def test_every_lisp_text_is_read(texts):
    assert len(texts) == 72
    assert reasons(texts) == {}


def test_the_other_formats_are_read_or_refused_for_a_named_reason():
    assert reasons(collected("composer-transit")) == {}
    assert reasons(collected("quantmage")) == {}
    charts = collected("quantnexus")
    assert len(charts) == 3
    assert reasons(charts) == {}


def test_the_text_and_the_json_of_a_strategy_are_the_same_program(symphonies, texts):
    pairs = [(symphonies[name][0], chart) for name, (chart, _) in texts.items() if name in symphonies and chart]
    assert len(pairs) == 71
    for plain, text in pairs:
        assert plain is not None
        one, other = compile_chart(plain), compile_chart(text)
        assert (one.table, one.root, one.symbols) == (other.table, other.root, other.symbols)
        assert one.rebalance == other.rebalance


def test_the_text_and_the_json_of_a_strategy_decide_alike(symphonies, texts):
    names = [name for name, (chart, _) in texts.items() if chart and name in symphonies]
    for name in names[::8]:
        bots = [FlowchartBot.of(read_as[name][0]) for read_as in (symphonies, texts)]
        closes = random_walks(7, bots[0].lookback + 60, bots[0].symbols)
        one, other = (bot.weights(closes) for bot in bots)
        assert np.isfinite(one[-60:]).all()
        assert np.array_equal(one, other, equal_nan=True)


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
