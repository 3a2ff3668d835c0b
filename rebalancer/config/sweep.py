"""The SPEC.toml of `rebalance sweep`: what is varied and how it is compared. All its problems are raised together.

docs/sweep.md describes it. Nothing is read here but the spec itself: whether a place exists in the bot, and whether the
bot takes a value, is found by whoever reads the bot.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from rebalancer.backtest.ranking import RankingTerms
from rebalancer.bots.varied import Value
from rebalancer.config import document, keys, parsers
from rebalancer.config.keys import Table
from rebalancer.config.parsers import parser, shown
from rebalancer.errors import BadInputError, Problem
from rebalancer.files import read_regular
from rebalancer.model.settings import Range

MOST_VALUES = 1_000
"""Of one parameter."""
MOST_TRIALS = 20_000
LARGEST_GRID = 10**15
NUMBER = "use numbers, such as 20 or 0.5, or all of them texts, such as tickers"


@parser({"type": ["string", "array"]})
def places(value: object) -> tuple[str, ...]:
    """One place in the bot's document, or several."""
    found = [value] if isinstance(value, str) else value
    if isinstance(found, list) and found and all(isinstance(each, str) and each for each in found):
        return tuple(dict.fromkeys(map(str, found)))
    raise ValueError(
        f"{shown(value)} is not allowed: name places in the bot's file, such as \"chart.if.left.moving-average-price."
        'window" or "children[0].children[2].num"'
    )


@parser({"type": "array"})
def values(value: object) -> tuple[Value, ...]:
    """At least one value, all numbers or all texts, none twice."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_VALUES:
        raise ValueError(f"{shown(value)} is not allowed: use a list of 1 to {MOST_VALUES:,} values, such as [10, 20]")
    found = tuple(map(_value, value))
    if len({isinstance(each, str) for each in found}) > 1:
        raise ValueError(f"has both numbers and texts: {NUMBER}")
    for place, each in enumerate(found):
        if each in found[:place]:
            raise ValueError(f"{shown(value[place])} stands here twice: name it once")
    return found


def _value(value: object) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError(f"{shown(value)} is not allowed: {NUMBER}")  # noqa: TRY004 - parsers raise this
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{shown(value)} is not finite: {NUMBER}")
        return float(value)
    return value


class SweepTable(TypedDict, total=False):
    """The keys before the first table; `from` and `to` are read beside them, since Python has no such names."""

    bot: Annotated[Path, "The bot's file, or the name of a bot."]
    cost_bps: Annotated[Decimal, Range(0, 1000), "Trading costs in basis points of the traded value."]
    method: Annotated[Literal["grid", "random"], "All combinations, or a random sample of them."]
    trials: Annotated[int, Range(1, MOST_TRIALS), "How many combinations a random sample draws."]
    seed: Annotated[int, Range(0, 10**9), "The seed of a random sample."]
    minutes: Annotated[Decimal, Range(0, 100_000, above_low=True), "Stop after so long; the same command goes on."]
    blocks: Annotated[int, Range(2, 20), "Even number of blocks of the cross-validation."]


class WalkForwardTable(TypedDict, total=False):
    train: Annotated[int, Range(20, 100_000), "The sessions on which each fold is chosen."]
    test: Annotated[int, Range(1, 100_000), "The sessions after them on which it is measured."]


class ParameterTable(TypedDict, total=False):
    at: Annotated[tuple[str, ...], places, "The places in the bot's file that take the value."]
    values: Annotated[tuple[Value, ...], values, "The values to try."]
    step: Annotated[Decimal, Range(0, 10**9, above_low=True), "The distance of the values from `from` to `to`."]


BOUND = parsers.number(Range(-(10**9), 10**9))


class ClusterTable(TypedDict, total=False):
    address: Annotated[str, parsers.line, "The Dask scheduler, such as tls://10.0.0.5:8786."]
    ca: Annotated[Path, "The certificate of who signed those of the cluster."]
    certificate: Annotated[Path, "Your certificate."]
    key: Annotated[Path, "The key of your certificate."]
    allow_unencrypted: Annotated[bool, "Whether tcp:// may leave this machine."]


@dataclass(frozen=True, slots=True)
class VariedParameter:
    """`places` as written; `key` is dotted, for problems."""

    name: str
    places: tuple[str, ...]
    tried_values: tuple[Value, ...]
    key: str


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Of a Dask cluster. `ca`, `certificate` and `key` are None where Dask's own settings have them."""

    address: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    allow_unencrypted: bool = False


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """`source` is the spec's path; `bot` is relative to its folder, or a bot's name.

    `trials` is None for the whole grid. `minutes` is None for as long as it takes.
    """

    source: Path
    bot: str
    parameters: tuple[VariedParameter, ...]
    first: date | None = None
    last: date | None = None
    cost_bps: float = 0.0
    trials: int | None = None
    seed: int = 0
    minutes: float | None = None
    terms: RankingTerms = field(default_factory=RankingTerms)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    lines: Mapping[str, int] | None = None

    def problem(self, key: str, text: str) -> Problem:
        return Problem(str(self.source), key, text, document.line_of(key, self.lines or {}))


def load(path: Path, environ: Mapping[str, str] = os.environ) -> SweepSpec:
    """Raises BadInputError with every problem, by file, line and key."""
    try:
        content = read_regular(path, document.MAX_BYTES)
    except OSError as error:
        raise BadInputError.of(path, f"can't be read: {error.strerror}") from error
    return parse(content, path, environ)


def parse(content: bytes, source: Path, environ: Mapping[str, str] = os.environ) -> SweepSpec:
    """As `load`, of the bytes of a spec. Paths of the cluster's files start at the folder of `source`."""
    found = document.read(content, str(source), environ)
    table = Table(str(source), "", found.content, problems=list(found.problems))
    top = table.read(
        {**keys.keys_of(SweepTable), "from": parsers.day, "to": parsers.day},
        required=("bot",),
        tables=("parameters", "walk_forward", "cluster"),
    )
    _check(table, top)
    walked = table.table("walk_forward").read(keys.keys_of(WalkForwardTable))
    cluster = table.table("cluster").read(keys.keys_of(ClusterTable))
    parameters = tuple(_parameters(table))
    if not table.problems:
        _check_size(table, parameters, top)
    if table.problems:
        raise BadInputError(sorted(map(found.located, table.problems), key=lambda problem: problem.line or 0))
    files = {name: source.parent / path for name, path in cluster.items() if isinstance(path, Path)}
    return SweepSpec(
        source=source,
        bot=str(top["bot"]),
        parameters=parameters,
        first=top.get("from"),
        last=top.get("to"),
        cost_bps=float(top.get("cost_bps", 0)),
        trials=top["trials"] if top.get("method") == "random" else None,
        seed=top.get("seed", 0),
        minutes=float(top["minutes"]) if "minutes" in top else None,
        terms=RankingTerms(blocks=top.get("blocks", RankingTerms().blocks), **walked),
        cluster=ClusterSettings(**{**cluster, **files}),
        lines=found.lines,
    )


def _check(table: Table, top: Mapping[str, Any]) -> None:
    """What the keys before the first table must be to each other."""
    if top.get("method") == "random" and "trials" not in top and "trials" not in table.content:
        table.refuse("trials", "is missing: say how many combinations a random sample draws, such as trials = 200")
    for key in ("trials", "seed"):
        if key in top and top.get("method") != "random":
            table.refuse(key, 'has no effect on a grid: take this line out, or set method = "random"')
    if top.get("blocks", 2) % 2:
        table.refuse("blocks", f"{top['blocks']} is odd, and half of the blocks are in sample: use an even number")
    if "from" in top and "to" in top and not top["from"] < top["to"]:
        table.refuse("to", f"{top['to']} is not after from, {top['from']}: use a later day")


def _parameters(table: Table) -> Iterator[VariedParameter]:
    whole = table.table("parameters")
    if not table.content.get("parameters"):
        table.refuse("parameters", "is missing: add a table such as [parameters.window] with at and values")
    for name in whole.content:
        each = whole.table(name)
        read = each.read({**keys.keys_of(ParameterTable), "from": BOUND, "to": BOUND}, required=("at",))
        found = _listed(each, read) if "values" in each.content else _range(each, read)
        if "at" in read and found:
            yield VariedParameter(name, read["at"], found, each.key)


def _listed(table: Table, read: Mapping[str, Any]) -> tuple[Value, ...]:
    """The values that are listed; those of a range beside them would not be tried."""
    for key in ("from", "to", "step"):
        if key in table.content:
            table.refuse(key, "has no effect beside values: take this line out, or values")
    return tuple(read.get("values", ()))


def _range(table: Table, read: Mapping[str, Any]) -> tuple[Value, ...]:
    """The values `from`, `from` + `step` and so on up to `to`, exact; empty with a problem where there are none."""
    missing = [key for key in ("from", "to", "step") if key not in table.content]
    if missing:
        table.refuse("values", f"is missing: use values = [10, 20], or from, to and step; there is no {missing[0]}")
    if len({"from", "to", "step"} & {*read}) < 3:
        return ()
    first, last, step = Decimal(read["from"]), Decimal(read["to"]), Decimal(read["step"])
    if last < first:
        table.refuse("to", f"{last} is below from, {first}: use a larger number here, or a smaller one there")
        return ()
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        table.refuse("step", f"{count:,} values from {first} to {last}: use a step that makes 1 to {MOST_VALUES:,}")
        return ()
    whole = all(each == each.to_integral_value() for each in (first, step))
    return tuple(int(each) if whole else float(each) for each in (first + step * number for number in range(count)))


def _check_size(table: Table, parameters: tuple[VariedParameter, ...], top: Mapping[str, Any]) -> None:
    combinations = 1
    for each in parameters:
        combinations *= len(each.tried_values)
    if top.get("method") != "random" and combinations > MOST_TRIALS:
        text = f"{combinations:,} combinations are more than {MOST_TRIALS:,}: use fewer values, "
        table.refuse("parameters", f'{text}or method = "random" with trials = 1000')
    elif combinations > LARGEST_GRID:
        table.refuse("parameters", f"more than {LARGEST_GRID:,} combinations: use fewer values")
