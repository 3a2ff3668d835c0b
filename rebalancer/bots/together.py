"""What many bots decide at all closes; flowcharts share what they have in common."""

from collections.abc import Iterator, Mapping

from rebalancer.bots.base import Bot
from rebalancer.bots.decisions import Decisions
from rebalancer.bots.flowchart.bot import FlowchartBot
from rebalancer.bots.flowchart.evaluate import evaluate
from rebalancer.bots.flowchart.together import decisions_of, fits
from rebalancer.model import Closes


def decide_all(bots: Mapping[str, Bot], closes: Closes) -> Iterator[tuple[str, Decisions]]:
    """The decisions of each bot by its name, in their order; to the last bit those of its `weights`.

    Raises ValueError where `closes` has no column for a symbol, or no bars, that a bot needs.
    """
    charts = _sharing(bots)
    shared = decisions_of(charts, closes)
    for name, bot in bots.items():
        yield name, next(shared) if bot in charts else decide_alone(bot, closes)


def first_works_for_all(bots: Mapping[str, Bot]) -> bool:
    """Whether the first answer of `decide_all` takes what other answers share with it."""
    return next(iter(bots.values()), None) in _sharing(bots)


def _sharing(bots: Mapping[str, Bot]) -> list[FlowchartBot]:
    charts = [bot for bot in bots.values() if isinstance(bot, FlowchartBot) and fits(bot)]
    return charts if len(charts) > 1 else []


def decide_alone(bot: Bot, closes: Closes) -> Decisions:
    if isinstance(bot, FlowchartBot) and bot.program.rebalance == "daily" and fits(bot):
        return evaluate(bot.program, closes).decisions
    own = own_columns(bot, closes)
    return Decisions.of(bot.weights(own), own.symbols)


def own_columns(bot: Bot, closes: Closes) -> Closes:
    """The closes of the symbols that `bot` reads alone, with all bars there are."""
    columns = [closes.symbols.index(symbol) for symbol in bot.symbols]
    return Closes(closes.sessions, bot.symbols, closes.values[:, columns], bars=closes.bars)
