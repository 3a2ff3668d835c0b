"""Which message goes to whom and when: repeats are folded, quiet hours kept, and what was not taken is sent again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from rebalancer.config.tables import Recipient
from rebalancer.model import URGENT
from rebalancer.model.text import counted, minute
from rebalancer.notify.message import Message
from rebalancer.notify.observer_state import ObserverState

REPEATED_WITHIN = timedelta(hours=12)
"""The same message is sent once in this time; later ones say how often it came."""
KEPT = timedelta(days=7)
FIRST_RETRY, TRIES = timedelta(minutes=5), 6
"""A message that was not accepted is sent again after 5, 10, 20, 40 and 80 minutes: the network may have been down."""
MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class Sending:
    """A message on its way to a recipient; `tries` is how often it was sent before."""

    recipient: Recipient
    message: Message
    tries: int = 0


def to_send(
    state: ObserverState, recipients: Iterable[Recipient], message: Message, now: datetime, *, zone: tzinfo
) -> list[Sending]:
    """To whom `message` is sent now. `state` keeps what is held back, and that it was sent; `zone` is for its times."""
    folded = _deduplicated(state, message, now, zone)
    if folded is None:
        return []
    sendings = [Sending(each, folded) for each in recipients if folded.kind in each.on]
    return [each for each in sendings if not _held_back(state, each, now)]


def _deduplicated(state: ObserverState, message: Message, now: datetime, zone: tzinfo) -> Message | None:
    """`message` with how often it came since it was last sent; None where that was less than REPEATED_WITHIN ago."""
    state.told = {key: kept for key, kept in state.told.items() if now - _at(kept["at"]) < KEPT}
    if not message.key:
        return message
    before = state.told.get(message.key)
    if before and now - _at(before["at"]) < REPEATED_WITHIN:
        before["count"] += 1
        return None
    state.told[message.key] = {"at": now.isoformat(), "count": 0}
    if not before or not before["count"]:
        return message
    text = f"The same came {counted(before['count'], 'more time')} after {minute(_at(before['at']), zone)}."
    return Message(message.kind, message.title, f"{message.body}\n{text}", message.key)


def _held_back(state: ObserverState, sending: Sending, now: datetime) -> bool:
    quiet = sending.recipient.quiet_hours
    until = quiet.end(now) if quiet and sending.message.kind not in URGENT else None
    if until:
        _wait(state, sending, until)
    return until is not None


def retry_later(state: ObserverState, sending: Sending, now: datetime) -> None:
    """Keep a message that was not accepted for another try, up to TRIES in all."""
    if sending.tries + 1 < TRIES:
        later = Sending(sending.recipient, sending.message, sending.tries + 1)
        _wait(state, later, now + FIRST_RETRY * 2**sending.tries)


def _wait(state: ObserverState, sending: Sending, until: datetime) -> None:
    message = sending.message
    kept = {
        "to": sending.recipient.name,
        "until": until.astimezone(UTC).isoformat(),
        "tries": sending.tries,
        "message": [message.kind, message.title, message.body],
    }
    state.waiting = [*state.waiting, kept][-MOST_WAITING:]


def anything_waiting(state: ObserverState, now: datetime) -> bool:
    return any(_at(each["until"]) <= now for each in state.waiting)


def due(state: ObserverState, recipients: Sequence[Recipient], now: datetime) -> Iterator[Sending]:
    """The waiting messages whose time has come, joined to one for each recipient, and removed from `state`."""
    ready = [each for each in state.waiting if _at(each["until"]) <= now]
    state.waiting = [each for each in state.waiting if _at(each["until"]) > now]
    for recipient in recipients:
        if mine := [each for each in ready if each["to"] == recipient.name]:
            yield Sending(recipient, _joined([Message(*each["message"]) for each in mine]), mine[0]["tries"])


def _joined(messages: Sequence[Message]) -> Message:
    """One message of several, with the kind of the most urgent one."""
    if len(messages) == 1:
        return messages[0]
    first = next((each for each in messages if each.kind in URGENT), messages[0])
    text = "\n\n".join(f"{each.title}\n{each.body}" for each in messages)
    return Message(first.kind, f"rebalance: {counted(len(messages), 'message')}", text)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
