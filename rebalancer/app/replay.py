"""`rebalance replay`: the plan of a past run made again, and where it differs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rebalancer.app.bot_files import load_bots
from rebalancer.app.past_run import PastRun
from rebalancer.app.plan_recording import circumstances
from rebalancer.bots.base import Bot
from rebalancer.errors import RebalancerError
from rebalancer.events import BotDecided, BotFailed, Event
from rebalancer.journal.codec import canonical, plain
from rebalancer.market.price_fallback import chosen, order_gates_of
from rebalancer.model import NoPrice, Price, PriceSource, Symbol
from rebalancer.portfolio.plan_inputs import PlanInputs, planned_again

Chosen = tuple[Price | NoPrice, tuple[str, ...]]
"""A price, and why the sources before it were passed over."""
MOST_SHOWN = 50
ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Divergence:
    """`place` is a path in the events, such as "PlanMade.plan.trades[0].quantity"; both values are canonical JSON."""

    place: str
    then_value: str
    now_value: str


@dataclass(frozen=True, slots=True)
class PriceChosen:
    """The price for orders of a symbol, and the source (`rung`) that gave it; None where none was accepted.

    `passed_over` says why the sources before it were not.
    """

    symbol: Symbol
    price: Decimal | None
    rung: PriceSource | None
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """`equal`: all `event_count` events and all prices for orders came out the same, byte for byte; `sha256` is that of
    the events' bytes then. `prices` are chosen again from the quotes, trades and bars of then; empty where these were
    not kept.

    `divergences` are the first ones, of `divergence_count`; `causes` are sentences on what may explain them.
    """

    run: int
    session: date
    equal: bool
    event_count: int
    sha256: str
    divergence_count: int
    divergences: tuple[Divergence, ...]
    causes: tuple[str, ...]
    prices: tuple[PriceChosen, ...] = ()

    @property
    def exit_code(self) -> int:
        return 0 if self.equal else 3


def replay(past: PastRun) -> Replay:
    """Make the plan of `past` again. Python bots are run."""
    then, now = [_flat(event) for event in past.made], list(_again(past))
    chosen_again = dict(_chosen(past.inputs))
    found = [*_price_divergences(past.inputs, chosen_again), *_divergences(then, now)]
    equal = [*map(canonical, then)] == [*map(canonical, now)] and not found
    return Replay(
        run=past.run,
        session=past.session,
        equal=equal,
        event_count=len(then),
        sha256=sha256("\n".join(map(canonical, then)).encode()).hexdigest(),
        divergence_count=len(found),
        divergences=tuple(found[:MOST_SHOWN]),
        causes=() if equal else tuple(_causes(past)),
        prices=tuple(_shown(price, passed_over) for price, passed_over in chosen_again.values()),
    )


def _chosen(inputs: PlanInputs) -> Iterator[tuple[Symbol, Chosen]]:
    if (quoted := inputs.quoted) is not None:
        gates = order_gates_of(inputs.trading, inputs.session, ZoneInfo(quoted.zone), quoted.at, quoted.currency)
        yield from ((each.symbol, chosen(each, gates)) for each in quoted.snapshots)


def _price_divergences(inputs: PlanInputs, again: Mapping[Symbol, Chosen]) -> Iterator[Divergence]:
    then: tuple[Price | NoPrice, ...] = (*inputs.prices, *inputs.missing)
    for before in then:
        if before.symbol in again:
            yield from _compared(f"prices[{before.symbol}]", plain(before), plain(again[before.symbol][0]))


def _shown(price: Price | NoPrice, passed_over: tuple[str, ...]) -> PriceChosen:
    if isinstance(price, NoPrice):
        return PriceChosen(price.symbol, None, None, passed_over)
    return PriceChosen(price.symbol, price.value, price.rung, passed_over)


def python_bots(past: PastRun) -> tuple[str, ...]:
    return tuple(name for name in past.bots if past.circumstances.bot_files.get(name, "").endswith(".py"))


def _again(past: PastRun) -> Iterator[Any]:
    """The events as they come out now; an error in the place of the event that it prevents."""
    try:
        for event in planned_again(past.inputs, past.closes, _bots(past), [event.at for event in past.made]):
            yield _flat(event)
    except RebalancerError as error:
        yield {"error": str(error)}


def _flat(event: Event) -> Any:  # noqa: ANN401 - JSON
    bot = event.bot if isinstance(event, BotDecided) else event.failure.bot if isinstance(event, BotFailed) else ""
    return {f"{type(event).__name__} {bot}".rstrip(): plain(event)}


def _bots(past: PastRun) -> dict[str, Bot]:
    """Raises BadInputError for a file that this version refuses."""
    names = [share.bot for share in past.inputs.shares]
    paths = {name: Path(past.circumstances.bot_files[name]) for name in names}
    return load_bots(paths, {name: past.bots[name] for name in names})


def _divergences(then: list[Any], now: list[Any]) -> Iterator[Divergence]:
    pairs: Iterable[tuple[Any, Any]] = zip_longest(then, now, fillvalue={})
    for before, after in pairs:
        yield from _compared("", before, after)


def _compared(place: str, then: Any, now: Any) -> Iterator[Divergence]:  # noqa: ANN401 - JSON
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            yield from _compared(f"{place}.{key}" if place else key, then.get(key, ABSENT), now.get(key, ABSENT))
    elif isinstance(then, list) and isinstance(now, list):
        pairs: Iterable[tuple[Any, Any]] = zip_longest(then, now, fillvalue=ABSENT)
        for number, (before, after) in enumerate(pairs):
            yield from _compared(f"{place}[{number}]", before, after)
    elif canonical(then) != canonical(now):
        yield Divergence(place, canonical(then), canonical(now))


def _causes(past: PastRun) -> Iterator[str]:
    then, now = past.circumstances, circumstances({})
    if then.version != now.version:
        yield f"the run was made by version {then.version} of this program, this is {now.version}"
    for name in sorted({*then.libraries, *now.libraries}):
        before, after = then.libraries.get(name, "none"), now.libraries.get(name, "none")
        if before != after:
            yield f"{name} was {before} then, and is {after} now"
    for name in python_bots(past):
        yield f"{name} is a Python bot: what it reads beside the closes it is given is not kept"
