"""Splits and renames since the last record, written into the ledger before what is held is judged."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rebalancer.events import Noted
from rebalancer.model import CorporateAction, Difference, Holdings, Position, Symbol
from rebalancer.portfolio.breaks import break_text, stay_open, waits
from rebalancer.portfolio.holdings import differences
from rebalancer.portfolio.restate import restatements, unbooked_splits
from rebalancer.ports import Ledger
from rebalancer.trading.context import RunContext, RunLog


def restate(context: RunContext, log: RunLog, positions: Sequence[Position]) -> Ledger:
    """The ledger, with our shares restated where an announced split or rename made up what the broker shows now.

    Raises SourceError where the announcements can't be read. That ends the run before it records what is held: a record
    of the new quantities would make the old ones forgotten, and with them which shares are ours.
    """
    ledger, today = context.journal.ledger(context.account), log.session.day
    if ledger.expected is None or ledger.recorded is None or not ledger.recorded <= today:
        return ledger
    found = differences(positions, ledger.expected)
    changed = [symbol for symbol in found if symbol not in ledger.open or waits(ledger.open[symbol], today)]
    if not changed:
        return ledger
    first = min([ledger.recorded, *(ledger.open[symbol].recorded for symbol in changed if symbol in ledger.open)])
    events = restatements(
        positions,
        ledger.ours,
        ledger.expected,
        context.history.actions(changed, first, today),
        recorded=ledger.recorded,
        restated=ledger.restated,
        today=today,
        account=context.account,
        at=context.clock.now(),
        unexplained=ledger.open,
    )
    if not events:
        return ledger
    notes = (Noted(event.at, "note", f"{event.symbol}: {event.why}") for event in events)
    context.journal.record(log.run, *events, *notes)  # together: half a rename would lose the shares
    return context.journal.ledger(context.account)


def left_open(
    context: RunContext, ledger: Ledger, positions: Sequence[Position], today: date, *, start: bool
) -> Mapping[Symbol, Difference]:
    """The differences that the record of `positions` leaves open. A broker books a split between two sessions: what
    moved after the `start` of a run is somebody's trade.
    """
    if ledger.expected is None or ledger.recorded is None:
        return {}
    found = differences(positions, ledger.expected)
    ours = ledger.expected if context.trading.manage == "account" else ledger.ours
    return stay_open(found, ours if start else (), ledger.open, ledger.recorded, today)


def say_what_is_open(context: RunContext, log: RunLog, found: Mapping[Symbol, Difference]) -> None:
    for symbol, difference in found.items():
        if symbol not in context.trading.protected:
            log.note(f"{symbol}: {break_text(symbol, difference, log.session.day)}", "warning")


def unbooked(
    log: RunLog, ledger: Ledger, holdings: Holdings, actions: Sequence[CorporateAction]
) -> Mapping[Symbol, str]:
    """What is left alone tonight because the broker has not booked its split yet, each with a warning.

    `ledger` is the one `restate` gave: once tonight's quantities are recorded nobody knows they are the old ones.
    """
    if ledger.recorded is None:
        return {}
    found = unbooked_splits(
        holdings.managed, actions, recorded=ledger.recorded, restated=ledger.restated, today=log.session.day
    )
    for symbol, reason in found.items():
        log.note(f"{symbol}: {reason}", "warning")
    return found


def misjudged(symbols: Iterable[Symbol], pending: Mapping[Symbol, str]) -> Mapping[Symbol, str]:
    """While a split is not booked the account's value is not the true one, and every size made of it is wrong."""
    if not pending:
        return {}
    reason = f"the account's value is not the true one while {', '.join(sorted(pending))} waits for its split"
    return dict.fromkeys(sorted(symbols), reason)
