"""Merge, net_pairs and cap: from the bots' decisions to the account's targets."""

import math
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.errors import RunFailedError
from rebalancer.model import Allocation, BotFailure, Investment, Reserve, Share, Symbol, Trading
from rebalancer.portfolio.targets import cap, investable, merge, net_pairs, reserve_amount, set_targets, shares_of
from rebalancer.portfolio.trades import target_value, to_decimal

TONIGHT = date(2016, 12, 30)
SPY, SH, SGOV, TLT, QQQ, PSQ = map(Symbol, ("SPY", "SH", "SGOV", "TLT", "QQQ", "PSQ"))
PAIRS = ((SPY, SH), (QQQ, PSQ))


def wants(bot: str, **weights: float) -> Allocation:
    return Allocation(bot, TONIGHT, {Symbol(name): weight for name, weight in weights.items()})


def decisions(*made):
    return {decision.bot: decision for decision in made}


# ------------------------------------------------------------------------------------ the worked example


def test_the_worked_example_to_the_cent():
    equity = Decimal(100_000)
    reserve = reserve_amount(Reserve("dollars", Decimal(5_000)), equity)
    funds = investable(equity, reserve, others_value=Decimal(20_000))
    shares, notes = shares_of(
        [Investment("A", Decimal(30_000)), Investment("B", Decimal(50), "percent")], funds, "amounts"
    )
    made = decisions(wants("A", SPY=0.6, SH=0.4), wants("B", SPY=1.0))

    targets = set_targets(shares, made, Trading(paired_tickers=((SPY, SH),)), SGOV)

    assert funds == Decimal(75_000)
    assert notes == ()
    assert [share.fraction for share in shares] == [0.40, 0.50]
    assert targets.merged == pytest.approx({SPY: 0.74, SH: 0.16})
    amounts = {symbol: target_value(to_decimal(weight), funds) for symbol, weight in targets.weights.items()}
    assert amounts == {SPY: Decimal("43500.00"), SGOV: Decimal("24000.00")}
    assert funds - sum(amounts.values()) == Decimal("7500.00")


def test_the_worked_example_says_where_each_weight_came_from():
    shares = (Share("A", 0.4, 0.4), Share("B", 0.5, 0.5))
    made = decisions(wants("A", SPY=0.6, SH=0.4), wants("B", SPY=1.0))

    targets = set_targets(shares, made, Trading(paired_tickers=((SPY, SH),)), SGOV)

    assert targets.whys == {
        SPY: "A 40 % x 60 %; B 50 % x 100 %; netted against SH: 74 % - 16 %",
        SH: "A 40 % x 40 %; netted against SPY: 16 % to its 74 %",
        SGOV: "32 % freed by netting SPY and SH",
    }
    assert targets.notes == ("SPY 74 % against its pair SH 16 % leaves SPY 58 %; 32 % goes to SGOV",)


# ------------------------------------------------------------------------------------------------- merge


def test_a_failed_bot_gives_its_whole_share_to_the_fallback_and_the_others_keep_theirs():
    shares = (Share("A", 0.4, 0.4), Share("B", 0.5, 0.5))
    made = decisions(BotFailure("A", "SPY has 3 of 200 closes"), wants("B", TLT=0.5, SGOV=0.5))

    assert merge(shares, made, SGOV) == pytest.approx({TLT: 0.25, SGOV: 0.65})


def test_without_a_fallback_the_share_of_a_failed_bot_stays_cash():
    shares = (Share("A", 0.4, 0.4), Share("B", 0.5, 0.5))
    made = decisions(BotFailure("A", "SPY has 3 of 200 closes"), wants("B", TLT=1.0))

    targets = set_targets(shares, made, Trading(), fallback=None)

    assert targets.weights == {TLT: 0.5}
    assert targets.notes == ("A failed: SPY has 3 of 200 closes; its 40 % stays in cash",)


def test_when_every_bot_fails_the_run_fails_with_each_reason():
    shares = (Share("A", 0.4, 0.4), Share("B", 0.5, 0.5))
    made = decisions(BotFailure("A", "SPY is too short"), BotFailure("B", "TLT is stale"))

    with pytest.raises(RunFailedError, match=r"A: SPY is too short; B: TLT is stale.*Nothing was sent"):
        set_targets(shares, made, Trading(), SGOV)


def test_without_a_bot_nothing_is_decided_so_that_nothing_is_sold():
    with pytest.raises(RunFailedError, match="there is no bot"):
        set_targets((), {}, Trading(), SGOV)


@pytest.mark.parametrize("weights", [{"SPY": math.nan}, {"SPY": math.inf}, {"SPY": -0.1}, {"SPY": 0.6, "TLT": 0.5}])
def test_an_invalid_allocation_stops_the_run(weights):
    with pytest.raises(RunFailedError, match="the bot A wants SPY"):
        merge((Share("A", 1.0, 1.0),), decisions(wants("A", **weights)), SGOV)


def test_the_notes_of_the_shares_come_first():
    made = decisions(wants("A", SPY=1.0))

    targets = set_targets((Share("A", 2.0, 1.0),), made, Trading(), SGOV, notes=("scaled down",))

    assert targets.notes == ("scaled down", "the total of 100 % is scaled down to 99 %")


# --------------------------------------------------------------------------------------------- net_pairs


def test_net_leaves_the_difference_in_the_stronger_and_frees_twice_the_weaker():
    weights, (netting,) = net_pairs({SH: 0.5, SPY: 0.25}, [(SPY, SH)], "net", SGOV)

    assert weights == {SH: 0.25, SGOV: 0.5}
    assert (netting.stronger, netting.weaker, netting.before, netting.after) == (SH, SPY, (0.5, 0.25), (0.25, 0.0))
    assert netting.freed == 0.5


def test_drop_leaves_the_stronger_as_it_is_and_frees_the_weaker():
    weights, (netting,) = net_pairs({SPY: 0.5, SH: 0.25}, [(SPY, SH)], "drop", SGOV)

    assert weights == {SPY: 0.5, SGOV: 0.25}
    assert netting.freed == 0.25


@pytest.mark.parametrize("mode", ["net", "drop"])
@pytest.mark.parametrize("gap", [0.0, 9e-10, -9e-10])
def test_a_tie_leaves_neither(mode, gap):
    weights, (netting,) = net_pairs({SPY: 0.25 + gap, SH: 0.25}, [(SPY, SH)], mode, SGOV)

    assert weights == pytest.approx({SGOV: 0.5})
    assert netting.after == (0.0, 0.0)


def test_a_difference_of_more_than_a_tie_is_kept():
    weights, _ = net_pairs({SPY: 0.25 + 2e-9, SH: 0.25}, [(SPY, SH)], "net", None)

    assert weights == pytest.approx({SPY: 2e-9}, rel=1e-6)


def test_a_ticker_in_two_pairs_is_netted_in_the_listed_order():
    weights = {SPY: 0.5, SH: 0.2, PSQ: 0.1}

    forward, _ = net_pairs(weights, [(SPY, SH), (SPY, PSQ)], "net", None)
    dropped, _ = net_pairs(weights, [(PSQ, SH), (SPY, SH)], "net", None)

    assert forward == pytest.approx({SPY: 0.2})
    assert dropped == pytest.approx({SPY: 0.4})


def test_weight_freed_by_netting_stays_cash_without_a_fallback():
    weights, _ = net_pairs({SPY: 0.5, SH: 0.25}, [(SPY, SH)], "net", None)

    assert weights == {SPY: 0.25}


def test_one_side_of_a_pair_alone_is_left_as_it_is():
    assert net_pairs({SPY: 0.5, TLT: 0.25}, PAIRS, "net", SGOV) == ({SPY: 0.5, TLT: 0.25}, ())


# --------------------------------------------------------------------------------------------------- cap


def test_the_cap_scales_down_in_proportion_and_never_up():
    assert cap({SPY: 0.75, TLT: 0.25}, Decimal(50)) == {SPY: 0.375, TLT: 0.125}
    assert cap({SPY: 0.5, TLT: 0.25}, Decimal(99)) == {SPY: 0.5, TLT: 0.25}


def test_a_capped_weight_says_so():
    targets = set_targets((Share("A", 1.0, 1.0),), decisions(wants("A", SPY=1.0)), Trading(), SGOV)

    assert targets.whys == {SPY: "A 100 % x 100 %; capped"}


# ------------------------------------------------------------------------------------ what always holds

symbols = st.sampled_from([SPY, SH, SGOV, TLT, QQQ, PSQ])
parts = st.floats(1e-6, 1.0)


def _of_the_whole(parts):
    return {symbol: part / (math.fsum(parts.values()) + 1e-9) for symbol, part in parts.items()}


weights_of_a_bot = st.dictionaries(symbols, parts, max_size=6).map(_of_the_whole)


@st.composite
def evenings(draw):
    """Shares that fit into 1 together, and a decision for each; at least one bot decided."""
    drawn = draw(st.lists(st.tuples(parts, st.none() | weights_of_a_bot), min_size=1, max_size=6))
    total = math.fsum(part for part, _ in drawn) + 1e-9
    shares = tuple(Share(f"bot {n}", part / total, part / total) for n, (part, _) in enumerate(drawn))
    made = [
        BotFailure(share.bot, "too short") if weights is None else Allocation(share.bot, TONIGHT, weights)
        for share, (_, weights) in zip(shares, drawn, strict=True)
    ]
    return shares, decisions(*made)


fallbacks = st.sampled_from([SGOV, None])
modes = st.sampled_from(["net", "drop"])


@given(evenings(), fallbacks, st.randoms(use_true_random=False))
def test_merge_is_the_same_to_the_last_bit_in_any_order(evening, fallback, random):
    shares, made = evening
    shuffled = random.sample(shares, len(shares))

    assert merge(shuffled, made, fallback) == merge(shares, made, fallback)


@given(evenings(), fallbacks)
def test_merged_weights_are_fractions(evening, fallback):
    assert all(0 < weight <= 1 for weight in merge(*evening, fallback=fallback).values())


@given(evenings(), fallbacks)
def test_merge_is_the_exact_sum_but_for_one_rounding_a_part(evening, fallback):
    shares, made = evening
    exact = {}
    for share in shares:
        decision = made[share.bot]
        wanted = decision.weights if isinstance(decision, Allocation) else {fallback: 1.0}
        for symbol, weight in wanted.items():
            exact[symbol] = exact.get(symbol, 0) + Fraction(share.fraction) * Fraction(weight)
    exact.pop(None, None)

    assert merge(shares, made, fallback) == pytest.approx({symbol: float(sum_) for symbol, sum_ in exact.items()})


@given(weights_of_a_bot, modes, fallbacks)
def test_netting_creates_nothing_and_raises_no_weight_but_the_fallbacks(weights, mode, fallback):
    netted, _ = net_pairs(weights, PAIRS, mode, fallback)

    assert math.fsum(netted.values()) <= math.fsum(weights.values()) + 1e-12
    assert all(netted[symbol] <= weights.get(symbol, 0.0) for symbol in netted if symbol != fallback)


@given(weights_of_a_bot, modes)
def test_netting_loses_nothing_where_there_is_a_fallback(weights, mode):
    netted, _ = net_pairs(weights, PAIRS, mode, SGOV)

    assert math.fsum(netted.values()) == pytest.approx(math.fsum(weights.values()))


@given(weights_of_a_bot, modes, fallbacks)
def test_netting_leaves_at_most_one_side_of_a_pair(weights, mode, fallback):
    netted, _ = net_pairs(weights, PAIRS, mode, fallback)

    assert not any(netted.keys() >= {*pair} for pair in PAIRS)


any_weights = st.dictionaries(symbols, st.floats(1e-9, 1.5), max_size=6)
limits = st.decimals("0.1", "100", places=1)


@given(any_weights, limits)
def test_the_cap_holds_and_twice_is_the_same_as_once(weights, limit):
    once = cap(weights, limit)

    assert math.fsum(once.values()) <= float(limit / 100)
    assert cap(once, limit) == once
    assert all(once[symbol] <= weights[symbol] for symbol in once)


@given(evenings(), modes, fallbacks, limits)
def test_targets_are_fractions_within_the_cap_and_each_has_its_reason(evening, mode, fallback, limit):
    shares, made = evening
    made["bot 0"] = wants("bot 0", SPY=1.0)
    trading = Trading(paired_tickers=PAIRS, paired_mode=mode, max_allocation_percent=limit)

    targets = set_targets(shares, made, trading, fallback)

    assert all(0 < weight <= 1 for weight in targets.weights.values())
    assert math.fsum(targets.weights.values()) <= float(limit / 100)
    assert targets.weights.keys() <= targets.whys.keys()
    assert list(targets.weights) == sorted(targets.weights)
