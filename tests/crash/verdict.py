"""Checks after recovery: the venue's book against an uninterrupted evening, and the journal against the book."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from local_alpaca.json_bodies import activity_id
from local_alpaca.orders import Order

from crash import journal
from crash.environment import Environment, ProcessResult

OwnTrade = Counter[tuple[str, str]]
"""Shares that changed hands on Monday, by symbol and side."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings; good if there are none. `given_up`: an order was lost twice in flight, which the rules allow."""

    duplicates: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    given_up: bool = False

    @property
    def good(self) -> bool:
        return not (self.duplicates or self.losses or self.unexplained)


def judge(environment: Environment, result: ProcessResult, expected: OwnTrade) -> Verdict:
    """`expected`: what an uninterrupted evening trades."""
    traded, file = traded_on_monday(environment), environment.folder.journal
    given_up = any(state == "lost" for _, _, state, _ in journal.orders_of(file))
    short = [_comparison(key, traded[key], expected[key]) for key in expected if traded[key] < expected[key]]
    over = [_comparison(key, traded[key], expected[key]) for key in traded if traded[key] > expected[key]]
    repeated = [f"{name} was sent twice" for name in environment.venue.audit().repeated]
    return Verdict(
        tuple(repeated if given_up else [*repeated, *over]),
        () if given_up else tuple(short),
        (*_of_the_program(result), *_of_the_venue(environment), *_of_the_journal(environment)),
        given_up,
    )


def traded_on_monday(environment: Environment) -> OwnTrade:
    traded: OwnTrade = Counter()
    for order in _monday(environment):
        traded[order.ticket.symbol, order.ticket.side] += order.filled
    return traded


def _monday(environment: Environment) -> list[Order]:
    return [order for order in environment.venue.book.orders if order.created >= environment.initial.now]


def _comparison(key: tuple[str, str], traded: Decimal, expected: Decimal) -> str:
    return f"{key[1]} {key[0]}: {traded} shares, {expected} without a kill"


def _of_the_program(result: ProcessResult) -> list[str]:
    return [] if result.code == 0 else [f"the last start ended with {result.code}: {result.traceback.strip()[-300:]}"]


def _of_the_venue(environment: Environment) -> list[str]:
    audit, orders = environment.venue.audit(), _monday(environment)
    found = [f"{symbol} was sold short" for symbol in audit.shorts]
    if audit.lowest_cash < 0:
        found.append(f"the cash fell to {audit.lowest_cash}")
    found += [f"{order.ticket.symbol} is still {order.status}" for order in orders if order.open]
    ends = [order.ended for order in orders if order.ticket.side == "sell" and order.ended]
    buys = [order.created for order in orders if order.ticket.side == "buy"]
    if ends and buys and min(buys) < max(ends):
        found.append("a buy left before a sell had ended")
    return found


def _of_the_journal(environment: Environment) -> list[str]:
    file, book = environment.folder.journal, environment.venue.book
    recorded = sorted(journal.execution_ids(file))
    made = sorted(activity_id(execution) for order in book.orders for execution in order.executions)
    found = [] if recorded == made else [f"executions: the venue made {len(made)}, the journal has {len(recorded)}"]
    shares = {symbol: Decimal(ours) for symbol, ours in journal.shares_at_the_end(file).items() if Decimal(ours)}
    held = {symbol: holding.shares for symbol, holding in book.holdings.items()}
    if shares != held:
        found.append(f"the journal says {shares} is ours, the venue holds {held}")
    found += ["a run is still running" for status, _ in journal.runs_of(file) if status == "running"]
    found += [f"halted: {reason}" for (reason,) in journal.halts_of(file)]
    found += [
        f"{side} {symbol} is {state} and not settled"
        for symbol, side, state, settled in journal.orders_of(file)
        if not settled and state != "lost"
    ]
    return found
