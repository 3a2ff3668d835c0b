"""Back-tests recorded at Composer: what is read, and that nothing broken is."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.backtest.metrics import annualised, daily_returns, max_drawdown, sharpe, volatility
from rebalancer.backtest.verify import agrees
from rebalancer.bots.recorded import MAX_BYTES, read

DAYS = ("18740", "18743")
SMALL = {
    "legend": {"abc": {"name": "Mine"}},
    "dvm_capital": {"SPY": dict.fromkeys(DAYS, 1.0), "abc": {"18743": 101.5, "18740": 100}},
    "tdvm_weights": {"$USD": {"18740": 0.01}, "BRK/B": {"18740": 0.59}, "EQUITIES::TLT//USD": dict.fromkeys(DAYS, 0.4)},
    "stats": {"sharpe_ratio": 1.5, "size": 1, "benchmarks": {}},
}
RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "groundtruth" / "composer_754d"


def problem(value: object) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    found, problems = read(content, "file")
    assert found is None
    (only,) = problems
    return str(only)


def test_days_tickers_weights_and_statistics_are_read():
    found, problems = read(json.dumps(SMALL).encode(), "file")
    assert problems == ()
    assert found is not None
    assert found.name == "Mine"
    assert found.sessions.tolist() == [date(2021, 4, 23), date(2021, 4, 26)]
    assert found.equity.tolist() == [100, 101.5]
    assert found.symbols == ("BRK.B", "TLT")
    assert found.weights.tolist() == [[0.59, 0.4], [0, 0.4]]
    assert found.statistics == {"sharpe_ratio": 1.5, "size": 1.0}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dvm_capital": None}, "dvm_capital must be an object"),
        ({"dvm_capital": {}}, "has no value"),
        ({"dvm_capital": {"abc": {"2021-04-23": 1}}}, "days count from 1970-01-01"),
        ({"dvm_capital": {"abc": {"18740": "1"}}}, "no number of 0 or more on the day 18740"),
        ({"tdvm_weights": {"SPY": {"18740": -0.1}}}, "no number of 0 or more"),
        ({"tdvm_weights": {"SPY": {"18740": 0.9}, "TLT": {"18740": 0.9}}}, "sum to more than 1"),
        ({"tdvm_weights": {"SPY": {"18741": 0.9}}}, 'on which "dvm_capital" has no value'),
        ({"tdvm_weights": {"spy": {"18740": 0.9}}}, "spy"),
        ({"tdvm_weights": {"BRK/B": {}, "BRK.B": {}}}, "a ticker twice"),
        ({"tdvm_weights": []}, "tdvm_weights must be an object"),
    ],
)
def test_what_is_no_such_recording_is_refused_with_its_place(change, reason):
    assert reason in problem({**SMALL, **change})


@pytest.mark.parametrize("content", [b"", b"[]", b'["^ ", "~:a"]', b'{"dvm_capital": {"a": {"1": NaN}}}', b"[" * 9999])
def test_broken_files_are_refused(content):
    assert problem(content)


def test_a_file_that_is_larger_than_any_is_refused():
    assert "bytes long" in problem(b" " * (MAX_BYTES + 1))


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=3), st.lists, max_leaves=9))
def test_any_value_in_any_place_is_read_or_refused(value):
    for key in SMALL:
        found, problems = read(json.dumps({**SMALL, key: value}).encode(), "file")
        assert (found is None) == bool(problems)


def test_weights_agree_to_half_a_percent_and_apart_from_the_reserve_for_fees():
    ours = np.array([[0.6, 0.4], [0.6, 0.4], [0.6, 0.4], [0.3, 0.2], [np.nan, np.nan], [0, 0]])
    theirs = np.array([[0.602, 0.398], [0.54, 0.36], [0.61, 0.39], [0.6, 0.4], [0.6, 0.4], [0, 0]])
    assert agrees(ours, theirs).tolist() == [True, True, False, False, False, True]


@pytest.mark.skipif(not RECORDINGS.exists(), reason="Composer's recordings are not on this machine")
def test_both_forms_of_a_real_recording_are_read_alike_and_its_statistics_follow_from_its_equity():
    plain, transit = (
        read((RECORDINGS / f"backtest_response.{form}.json").read_bytes(), form)[0] for form in ("decoded", "transit")
    )
    assert plain is not None
    assert transit is not None
    assert len(plain.sessions) == 754
    assert plain.equity.tolist() == transit.equity.tolist()
    assert plain.weights.tolist() == transit.weights.tolist()
    returns, fall = daily_returns(plain.equity), max_drawdown(plain.equity, plain.sessions)
    assert fall is not None
    computed = {
        "annualized_rate_of_return": annualised(plain.equity),
        "standard_deviation": volatility(returns),
        "sharpe_ratio": sharpe(returns),
        "max_drawdown": fall.depth,
    }
    assert {name: plain.statistics[name] for name in computed} == pytest.approx(computed, rel=1e-9)
