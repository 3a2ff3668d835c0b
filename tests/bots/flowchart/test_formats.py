import pytest

from rebalancer.bots.flowchart.formats import read


def test_a_file_that_is_no_json_is_refused_as_such():
    chart, (problem,) = read(b'{"format": "rebalancer/bot",', "gate.json")
    assert chart is None
    assert str(problem).startswith("gate.json: is not JSON")


@pytest.mark.parametrize(
    ("content", "likeness"),
    [
        (b'{"step": "root", "rebalance": "DAILY"}', "Rain's JSON"),
        (b'{"step": "asset", "ticker": "SPY"}', "a part of a Composer file without its root"),
        (b'{"format": "rebalancer/plan", "version": 1}', "a bot in another format"),
        (b'{"hello": 1}', "no format we know"),
        (b"[[1]]", "a list"),
    ],
)
def test_another_format_is_refused_in_one_sentence_that_names_it(content, likeness):
    chart, (problem,) = read(content, "x")
    assert chart is None
    assert str(problem).startswith(f"x: looks like {likeness}")
    assert 'what is read: our own format ("format": "rebalancer/bot"), and files of Composer' in str(problem)
