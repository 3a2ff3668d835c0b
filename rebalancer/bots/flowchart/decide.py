"""What a bot wants tonight: its last day, or why there is none."""

import numpy as np

from rebalancer.bots.flowchart.compile import Program
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.explain import explain
from rebalancer.bots.flowchart.gaps import gaps, why_undefined
from rebalancer.model import Allocation, BotFailure, Closes, Decision


def last_allocation(bot: str, program: Program, closes: Closes) -> Decision:
    """The decision on the last row of `closes`, with its path; gaps elsewhere come along as warnings.

    A BotFailure names the first undefined value the decision needs. A held ticker without a close is no failure, since
    deciding to hold it takes no price: it is among the warnings.
    """
    last = len(closes.sessions) - 1
    if last < 0:
        return BotFailure(bot, f"there are no closes of {', '.join(program.symbols)}")
    evaluation = evaluate(program, closes)
    row = evaluation.weights[last]
    if not np.isfinite(row).all():
        return BotFailure(bot, why_undefined(program, closes, evaluation, last))
    return Allocation(
        bot=bot,
        session=closes.day(last),
        weights={symbol: float(weight) for symbol, weight in zip(program.symbols, row, strict=True) if weight > 0},
        path=explain(program, closes, evaluation, last),
        warnings=gaps(program, closes, evaluation),
    )
