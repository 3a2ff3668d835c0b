"""The texts of messages: how a run ended, what a person did to an account, errors outside of runs."""

from collections.abc import Iterator, Mapping

from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig
from rebalancer.errors import StoppedError
from rebalancer.events import Armed, Disarmed, Halted, HaltLifted
from rebalancer.model import NoticeKind
from rebalancer.model.text import counted, minute, money
from rebalancer.notify.message import Message
from rebalancer.ports import KEYS_REFUSED
from rebalancer.trading.halts import end_of_day_text
from rebalancer.trading.recovery import TURNED_UP

TITLES: Mapping[NoticeKind, str] = {
    "success": "run done",
    "warnings": "run done, with warnings",
    "partial": "run partly done",
    "failed": "run failed",
    "missed": "run missed",
    "halt": "halted",
    "resume": "halt lifted",
    "arming": "arming",
    "order": "a lost order turned up",
    "keys": "the API keys fail",
    "digest": "the week",
}
MOST_WARNINGS = 5
ManualEvent = Halted | HaltLifted | Armed | Disarmed


def of_run(account: AccountConfig, result: RunResult, before: int, *, keys_readable: bool = True) -> Message:
    """`before` is the exit code of the account's run before; `keys_readable`: its API keys could be read just now."""
    kind = _kind(result, before, keys_readable=keys_readable)
    lines = [*_what_happened(result), *_warnings(result), _what_to_do(account, result, kind)]
    title = _title(account.name, kind)
    if before and not result.exit_code:
        lines.insert(1, "The run before this one was not good; this one was.")
        title = f"rebalance {account.name}: run good again"
    key = f"{account.name} {result.status} {result.sentence}"
    return Message(kind, title, "\n".join(filter(None, lines)), key)


def _kind(result: RunResult, before: int, *, keys_readable: bool) -> NoticeKind:
    if KEYS_REFUSED in result.sentence or (result.status == "failed" and not keys_readable):
        return "keys"
    if any(text in result.sentence for text in TURNED_UP):
        return "order"
    if result.exit_code == StoppedError.exit_code:
        return "halt"
    if result.status == "success":
        return "warnings" if before or any(_noticed(result)) else "success"
    return "missed" if result.status == "missed" else "partial" if result.status == "partial" else "failed"


def _title(account: str, kind: NoticeKind) -> str:
    return f"rebalance {account}: {TITLES[kind]}"


def _what_happened(result: RunResult) -> Iterator[str]:
    if result.run is None:
        yield _sentence(result.sentence)
        return
    run = result.run.run
    yield _sentence(f"Session of {run.session}, run {run.id}: {result.sentence}")
    currency = result.run.holdings[-1].account.currency if result.run.holdings else None
    if currency and run.equity is not None:
        gain = f", {money(run.gain, currency, signed=True)} since the session before" if run.gain is not None else ""
        yield f"Equity {money(run.equity, currency)}{gain}."


def _noticed(result: RunResult) -> Iterator[str]:
    remarks = result.run.remarks if result.run else ()
    return (each.text for each in remarks if each.level != "note" and each.text != result.message)


def _warnings(result: RunResult) -> Iterator[str]:
    found = list(dict.fromkeys(_noticed(result)))
    yield from (f"- {_sentence(text)}" for text in found[:MOST_WARNINGS])
    if more := len(found[MOST_WARNINGS:]):
        yield f"- and {counted(more, 'more warning')}"


def _what_to_do(account: AccountConfig, result: RunResult, kind: NoticeKind) -> str:
    name, history = account.name, f"`rebalance history{f' {result.run.run.id}' if result.run else ''}`"
    lift = f"`rebalance resume --account {name} --reason TEXT` lifts the halt."
    doctor = f"`rebalance doctor --account {name}`"
    words: Mapping[NoticeKind, str] = {
        "warnings": f"Nothing has to be done at once: {history} has the whole run.",
        "partial": f"What is missing is traded by the next run: {history} says why it was not.",
        "failed": f"{doctor} checks what a run needs; {history} has what there was.",
        "missed": "Nothing was traded that day, nor is it made up for. Was the machine on, and the schedule running?",
        "halt": f"No order is sent until you lift the halt. Look at the account, and at {history}. {lift}",
        "order": f"No order is sent until you lift the halt. Look at the account's orders at the broker. {lift}",
        "keys": f"No run can trade until they work: `rebalance login {name}` stores new ones, {doctor} tries them.",
    }
    return words.get(kind, "")


# ------------------------------------------------------------------------------------------------ outside of runs


def of_event(event: ManualEvent, account: AccountConfig) -> Message:
    """What a person did."""
    kind, at = _kind_of_event(event), minute(event.at, account.venue.zone)
    text = _event_text(event, f"account {event.account}" if event.account else "every account", account)
    return Message(kind, _title(event.account or "all accounts", kind), f"{at}: {text}", f"{event.account} {at} {text}")


def _kind_of_event(event: ManualEvent) -> NoticeKind:
    return "halt" if isinstance(event, Halted) else "resume" if isinstance(event, HaltLifted) else "arming"


def _event_text(event: ManualEvent, whose: str, account: AccountConfig) -> str:
    only = f" --account {event.account}" if event.account else ""
    match event:
        case Halted():
            lift = f"`rebalance resume{only} --reason TEXT` lifts it."
            return f"{whose} was halted by {event.by}: {_sentence(event.reason)}\n{lift}"
        case HaltLifted():
            return f"the halt of {whose} was lifted by {event.by}: {_sentence(event.reason)}"
        case Armed():
            most, until = (
                money(event.max_dollars, account.venue.currency),
                end_of_day_text(event.until, account.venue.zone),
            )
            terms = f"up to {most} a run, until {until}"
            whole = f"{whose} (account {event.number}) may trade real money, by {event.by}: {terms}."
            return f"{whole}\n`rebalance live disarm{only}` revokes it."
        case Disarmed():
            again = f"`rebalance live arm{only}` arms it again."
            return f"{whose} may trade real money no more, by {event.by}: {_sentence(event.reason)}\n{again}"


def of_blocked(sentence: str) -> Message:
    """Why an enabled account sends no orders, as `status.blocks` says it, after the account's name."""
    name, _, why = sentence.partition(": ")
    kind: NoticeKind = "arming" if "armed" in why else "failed"
    return Message(kind, f"rebalance {name}: no orders are sent", _sentence(why), sentence)


def of_failure(error: Exception) -> Message:
    """An error outside all runs, such as a journal that can't be read."""
    text = f"{_sentence(str(error))}\nNo run starts until this is mended: `rebalance doctor` checks what a run needs."
    return Message("failed", "rebalance: no run can start", text, str(error))


def trial(name: str) -> Message:
    return Message("success", "rebalance: a test", f"This is what a message to {name} looks like. Nothing happened.")


def _sentence(text: str) -> str:
    found = text.strip()
    return found if found.endswith((".", "!", "?")) else f"{found}."
