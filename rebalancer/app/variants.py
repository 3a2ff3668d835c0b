"""The variants of a bot, tried in a worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from rebalancer.app.bot_files import load_bot
from rebalancer.backtest.parameters import Parameter, Point
from rebalancer.backtest.trial import Trial, trial
from rebalancer.bots import varied
from rebalancer.bots.base import Bot
from rebalancer.bots.varied import Steps, Value
from rebalancer.errors import BadInputError
from rebalancer.market.clock import SystemClock
from rebalancer.model import Closes


@dataclass(frozen=True, slots=True)
class Outcome:
    """`trial` is None where the variant can't be back-tested: `error` says why. `seconds` is what it took.

    `lost`: no worker lived to answer, so that nothing is known of the variant.
    """

    point: Point
    trial: Trial | None
    error: str
    seconds: float
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Variants:
    """The bot in `content`, whose name is `name` and whose file is `source`, with other values of its `parameters`.

    They are back-tested from `first` on, with these costs. Called with closes and points, it tries them.
    """

    content: bytes
    name: str
    source: str
    parameters: tuple[Parameter, ...]
    first: date | None
    cost_bps: float

    def __call__(self, closes: Closes, points: tuple[Point, ...]) -> tuple[Outcome, ...]:
        return tuple(self._outcome(closes, point) for point in points)

    def _outcome(self, closes: Closes, point: Point) -> Outcome:
        clock = SystemClock()
        begun = clock.elapsed()
        found, error = None, ""
        try:
            found = trial(self.bot(point), closes, self.first, self.cost_bps)
        except BadInputError as problem:
            error = "; ".join(each.text for each in problem.problems)
        return Outcome(point, found, error, clock.elapsed() - begun)

    def bot(self, point: Point) -> Bot:
        """Raises BadInputError where the bot does not take the values."""
        bot, problems = load_bot(self.file(point), self.name, self.source)
        if bot is None:
            raise BadInputError(problems)
        return bot

    def file(self, point: Point) -> bytes:
        """The bot's file with the values of `point`."""
        chosen = zip(self.parameters, point, strict=True)
        values: Mapping[Steps, Value] = {
            place: each.values[position] for each, position in chosen for place in each.places
        }
        return self.with_values(values)

    def with_values(self, values: Mapping[Steps, Value]) -> bytes:
        """The bot's file with these values, and all others as they are there."""
        return varied.with_values(_document(self.content, self.source), values)


@cache
def _document(content: bytes, source: str) -> object:
    """Parsed once in a process."""
    found, problems = varied.read(content, source)
    if problems:
        raise BadInputError(problems)
    return found


def places_of(content: bytes, source: str, places: tuple[str, ...]) -> tuple[Steps, ...]:
    """Raises BadInputError for a bot whose document can't be varied, ValueError for a place that is not there."""
    return tuple(varied.steps_to(_document(content, source), place) for place in places)
