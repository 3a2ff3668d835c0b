from datetime import UTC, datetime
from decimal import Decimal

import pytest

from rebalancer.events import BotDecided, BotFailed
from rebalancer.model import BotFailure, Flip, Symbol
from rebalancer.report.flips import nearest, sentence, with_flips
from rebalancer.report.run import MOST_STEPS, shortened

QQQ = Symbol("QQQ")
NONE = "no price of QQQ alone, from half of the present one to twice that, flips it"


def flip(price: str, flips_at: str, step: int = 0, symbol: str = "QQQ") -> Flip:
    return Flip(step, Symbol(symbol), Decimal(price), Decimal(flips_at))


def decided(bot: str, path: tuple[str, ...], *flips: Flip) -> BotDecided:
    return BotDecided(datetime(2026, 11, 20, tzinfo=UTC), bot, 0.5, {QQQ: 1.0}, path, (), flips=flips)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (flip("514.03", "512.44"), "flips if QQQ falls 0.31 % to 512.44"),
        (flip("10.0", "15.00"), "flips if QQQ rises 50 % to 15.00"),
        (flip("51234.5", "51234.51"), "flips if QQQ rises less than 0.01 % to 51,234.51"),
        (flip("0.00012", "0.0001199"), "flips if QQQ falls 0.08 % to 0.0001199"),
        (Flip(0, why=NONE), NONE),
    ],
)
def test_a_flip_says_which_price_would_have_to_move_how_far_and_to_where(found, words):
    assert sentence(found) == words


def test_each_gate_of_a_path_has_its_flip_below_it_and_further_in():
    path = ("first gate", "  second gate", "    its part", "AAA 50 %")
    assert with_flips(path, [flip("10", "9"), flip("10", "11", step=1)]) == (
        "first gate",
        "  flips if QQQ falls 10 % to 9",
        "  second gate",
        "    flips if QQQ rises 10 % to 11",
        "    its part",
        "AAA 50 %",
    )


def test_a_shortened_path_counts_its_own_lines_and_keeps_their_flips():
    path = tuple(f"gate {number}" for number in range(MOST_STEPS + 3))
    flips = [flip("10", "9", step) for step in range(len(path))]
    lines = shortened(path, [*flips[1:], Flip(0, why=NONE)])
    assert lines[:3] == ("gate 0", "gate 1", "  flips if QQQ falls 10 % to 9")
    assert len(lines) == 2 * MOST_STEPS
    assert lines[-1] == "and 3 more lines: see `rebalance explain`"


def test_the_nearest_of_all_bots_is_named_with_its_gate():
    far = decided("Slow", ("Price(SPY) = 9",), flip("10", "9", symbol="SPY"))
    near = decided("Fast", ("gate", "  Price(QQQ) = 5 > 4"), Flip(0, why=NONE), flip("100", "100.50", 1))
    failed = BotFailed(near.at, 0.1, BotFailure("Broken", "no closes"))
    words = "Nearest to deciding otherwise: Fast flips if QQQ rises 0.5 % to 100.50: Price(QQQ) = 5 > 4"
    assert nearest([far, failed, near]) == words
    assert nearest([failed, decided("None", ("gate",), Flip(0, why=NONE))]) is None
