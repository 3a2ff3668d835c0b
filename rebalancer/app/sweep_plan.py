"""What a sweep is to try: the bot's variants, the prices, and the key of each trial in the store."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import numpy as np

from rebalancer.app.bot_files import load_bot, load_bots, read_bots
from rebalancer.app.bots import bot_file
from rebalancer.app.fingerprint import fingerprint
from rebalancer.app.research import require_prices
from rebalancer.app.source import closes_up_to
from rebalancer.app.sweep_store import SweepPrices
from rebalancer.app.variants import Variants, places_of
from rebalancer.backtest.parameters import Parameter, Point, grid, sample, size
from rebalancer.bots.base import Bot
from rebalancer.bots.varied import Steps
from rebalancer.config import Config
from rebalancer.config.parsers import shown
from rebalancer.config.sweep import SweepSpec, VariedParameter
from rebalancer.errors import BadInputError, Problem
from rebalancer.market.bars import bars_read, never_there
from rebalancer.model import Closes
from rebalancer.ports import Progress

MOST_PROBLEMS = 20
MOST_IN_A_CHUNK, CHUNKS_A_WORKER = 32, 8


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """`key` is its key in the store; `variant` is the same on other prices."""

    point: Point
    key: str
    variant: str


@dataclass(frozen=True, slots=True, eq=False)
class SweepPlan:
    """`combinations` are all points of the grid; `trials` are those to try, in their order."""

    spec: SweepSpec
    variants: Variants
    closes: Closes
    prices: SweepPrices
    combinations: int
    trials: tuple[PlannedTrial, ...]


def plan(config: Config, spec: SweepSpec, progress: Progress) -> SweepPlan:
    """Raises BadInputError, with the spec's file, line and key where the spec is wrong."""
    file = _bot_file(config, spec)
    content = read_bots({file.stem: file})[file.stem]
    base = load_bots({file.stem: file}, {file.stem: content})[file.stem]
    parameters = _parameters(spec, content, str(file))
    variants = Variants(content, file.stem, str(file), parameters, spec.first, spec.cost_bps)
    progress("Reading the variants")
    changed = _changed_once(spec, variants)
    closes = _closes(config, spec, [base, *(bot for _, bot in changed)], progress)
    require_prices(config, [base], closes)
    _require_prices_of_values(spec, changed, closes)
    prices = SweepPrices(closes.symbols, closes.day(0), closes.day(-1))
    points = grid(parameters) if spec.trials is None else sample(parameters, spec.seed, spec.trials)
    trials = tuple(_planned(variants, closes, points))
    return SweepPlan(spec, variants, closes, prices, size(parameters), trials)


def _bot_file(config: Config, spec: SweepSpec) -> Path:
    beside = spec.source.parent / spec.bot
    try:
        return beside if beside.is_file() else bot_file(config, spec.bot)
    except BadInputError as error:
        raise BadInputError([spec.problem("bot", error.problems[0].text)]) from error


def _parameters(spec: SweepSpec, content: bytes, source: str) -> tuple[Parameter, ...]:
    found, problems, taken = list[Parameter](), list[Problem](), dict[Steps, str]()
    for each in spec.parameters:
        try:
            places = places_of(content, source, each.places)
        except ValueError as error:
            problems.append(spec.problem(f"{each.key}.at", str(error)))
            continue
        for place in places:
            if taken.setdefault(place, each.name) != each.name:
                text = f"the parameter {taken[place]} has one of these places too: take it out of one of them"
                problems.append(spec.problem(f"{each.key}.at", text))
        found.append(Parameter(each.name, places, each.tried_values))
    if problems:
        raise BadInputError(problems)
    return tuple(found)


def _changed_once(spec: SweepSpec, variants: Variants) -> Sequence[tuple[VariedParameter, Bot]]:
    """The bot with each value of each parameter alone. Raises BadInputError for values that it does not take."""
    problems = list[Problem]()
    found = list[tuple[VariedParameter, Bot]]()
    for written, parameter in zip(spec.parameters, variants.parameters, strict=True):
        for value in parameter.values:
            file = variants.with_values(dict.fromkeys(parameter.places, value))
            bot, refused = load_bot(file, variants.name, variants.source)
            if bot is None:
                text = f"the bot does not take {shown(value)}: {refused[0].place}: {refused[0].text}"
                problems.append(spec.problem(f"{written.key}.values", text))
            else:
                found.append((written, bot))
    if problems:
        raise BadInputError(problems[:MOST_PROBLEMS])
    return found


def _closes(config: Config, spec: SweepSpec, bots: Sequence[Bot], progress: Progress) -> Closes:
    symbols = sorted({symbol for bot in bots for symbol in bot.symbols})
    closes = closes_up_to(config, symbols, None, progress, bars_read(bots))
    if lacks := [spec.problem("bot", lack) for bot in bots[:1] for lack in never_there(closes, bot.bars)]:
        raise BadInputError(lacks)
    if spec.last:
        closes = closes.until(spec.last)
    if not len(closes.sessions):
        raise BadInputError([spec.problem("to", f"there are no closes up to {spec.last}: use a later day")])
    if spec.first and spec.first >= closes.day(-1):
        text = f"there are no two closes from {spec.first} on: they end on {closes.day(-1)}"
        raise BadInputError([spec.problem("from", text)])
    return closes


def _require_prices_of_values(spec: SweepSpec, changed: Sequence[tuple[VariedParameter, Bot]], closes: Closes) -> None:
    unpriced = {name for name, column in zip(closes.symbols, closes.values.T, strict=True) if not (column > 0).any()}
    problems = {
        spec.problem(f"{written.key}.values", f"there is no price of {symbol}: take it out, or bring its prices")
        for written, bot in changed
        for symbol in unpriced.intersection(bot.symbols)
    }
    if problems:
        raise BadInputError(sorted(problems, key=str))


def _planned(variants: Variants, closes: Closes, points: Iterator[Point]) -> Iterator[PlannedTrial]:
    """The variant's hash does not depend on what stands at the places that vary."""
    blank = variants.with_values({place: "" for each in variants.parameters for place in each.places})
    frame = sha256(blank).hexdigest()
    program = {name: of for name, of in asdict(fingerprint()).items() if name != "python"}
    there = {"prices": prices_hash(closes), "from": str(variants.first), "program": program}
    for point in points:
        values = {
            str(place): each.values[position]
            for each, position in zip(variants.parameters, point, strict=True)
            for place in each.places
        }
        variant = _hash({"frame": frame, "values": values, "cost_bps": variants.cost_bps})
        yield PlannedTrial(point, _hash({"variant": variant, **there}), variant)


def _hash(found: Mapping[str, object]) -> str:
    return sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def prices_hash(closes: Closes) -> str:
    """Of everything that bots see of them."""
    found = sha256(json.dumps([closes.symbols, closes.provisional]).encode())
    found.update(closes.sessions.astype("datetime64[D]").astype("<i8").tobytes())
    found.update(np.ascontiguousarray(closes.values, "<f8").tobytes())
    if closes.bars:
        found.update(json.dumps([closes.bars.symbols, sorted(closes.bars.values)]).encode())
        for name in sorted(closes.bars.values):
            found.update(np.ascontiguousarray(closes.bars.values[name], "<f8").tobytes())
    return found.hexdigest()


def chunks(points: Sequence[Point], workers: int) -> Iterator[tuple[Point, ...]]:
    """Small enough that every worker gets some and a kill loses little; large enough to be worth a message."""
    each = max(1, min(MOST_IN_A_CHUNK, len(points) // (workers * CHUNKS_A_WORKER)))
    rest = iter(points)
    while chunk := tuple(islice(rest, each)):
        yield chunk
