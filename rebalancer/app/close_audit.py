"""Past evenings' decisions beside those that the official closes of their sessions would have brought."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from math import fsum, isfinite

import numpy as np

from rebalancer.app.bot_files import content_of, load_bot
from rebalancer.app.source import closes_up_to
from rebalancer.bots.base import Bot
from rebalancer.config import Config
from rebalancer.errors import BadInputError
from rebalancer.events import BotDecided, BotFailed
from rebalancer.journal import read
from rebalancer.journal.read import RunRecord
from rebalancer.market.bars import bars_read
from rebalancer.model import BotFailure, Closes, RunId, Weights
from rebalancer.ports import Progress, unwatched

TOLERANCE = 0.005
"""Weights that differ by less are the same decision: prices of the evening move most weights a little."""
EVERY = -1
BotKey = tuple[str, str, str]
"""Account, name, and SHA-256 of the file that decided; "" where the run recorded none."""


@dataclass(frozen=True, slots=True)
class AuditedDecision:
    """A bot's decision in a run, and the one of the same file on the official closes of the run's session.

    `share` is the bot's fraction of Investable. Weights are fractions of it; None where the bot could not decide.
    `same` is None where it was not asked again; `note` says why. `lost_bps` is what `weights_by_closes` would have
    earned more than `decided_weights` from this session's close to the next one's, in basis points of the bot's money:
    negative where the evening's decision earned more, None where either decision or a close is missing.
    """

    run: int
    account: str
    session: date
    bot: str
    share: float
    decided_weights: Weights | None
    weights_by_closes: Weights | None = None
    path_by_closes: tuple[str, ...] = ()
    same: bool | None = None
    lost_bps: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CloseAudit:
    """The decisions of `run_count` runs, oldest first; `notes` are those of the price source.

    Of the decisions `other_count` would have been another, `unaudited_count` were not made again. The sum and the mean
    of `lost_bps` are over those where it is known; None where it never is.
    """

    audited: tuple[AuditedDecision, ...]
    run_count: int
    other_count: int
    unaudited_count: int
    lost_bps_sum: float | None
    lost_bps_mean: float | None
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return 3 if self.other_count else 0


def audit_close(
    config: Config,
    run: int | None = None,
    account: str | None = None,
    *,
    every: bool = False,
    progress: Progress = unwatched,
) -> CloseAudit:
    """Decide again what the bots decided in `run`, None: the last one; `every`: in all runs; only those of `account`.

    Raises BadInputError where there is no such run, and for a single run whose session has no official close yet.
    """
    records = _records(config, run, account, every=every)
    bots = {key: _bot_of(config, *key) for record in records for key in _keys(record)}
    closes = _closes(config, records, bots, progress)
    first = records[0].run
    if len(closes.sessions) and not every and not _has_close(closes, first.session):
        raise BadInputError.of(f"run {first.id}", _no_close(closes, first.session))
    audited: list[AuditedDecision] = []
    for number, record in enumerate(records):
        progress(f"Deciding run {record.run.id} again", number, len(records))
        audited += (_audited(record, event, bots, closes) for event in record.decisions)
    return _summed(tuple(audited), len(records), closes.notes)


def _records(config: Config, run: int | None, account: str | None, *, every: bool) -> tuple[RunRecord, ...]:
    journal = config.journal()
    if every and run is not None:
        raise BadInputError.of("--all", f"audits every run: leave out the run's number, {run}")
    if run is None:
        found = read.runs(journal, account, EVERY if every else 1)
        if not found:
            of = f" of account {account!r}" if account else ""
            raise BadInputError.of(journal, f"the journal has no run{of} yet; `rebalance history` lists its runs")
        return tuple(read.run(journal, RunId(each.id)) for each in reversed(found))
    record = read.run(journal, RunId(run))
    if account not in {None, record.run.account}:
        raise BadInputError.of("--account", f"run {run} is one of account {record.run.account!r}, not of {account!r}")
    return (record,)


def _keys(record: RunRecord) -> Iterator[BotKey]:
    return (_key(record, _name(event)) for event in record.decisions)


def _key(record: RunRecord, bot: str) -> BotKey:
    return record.run.account, bot, record.files.get(f"bot {bot}", "")


def _name(event: BotDecided | BotFailed) -> str:
    return event.bot if isinstance(event, BotDecided) else event.failure.bot


def _bot_of(config: Config, account: str, name: str, recorded: str) -> Bot | str:
    """The bot with the file that decided; else the reason why it can't be asked again."""
    path = next((each.bots[name] for each in config.accounts if each.name == account and name in each.bots), None)
    if path is None:
        return f"account {account} no longer invests in it: `rebalance invest list` shows in what it does"
    try:
        content = content_of(path)
    except OSError as error:
        return f"its file {path} can't be read: {error.strerror}"
    found = sha256(content).hexdigest()
    if found != recorded:
        return f"its file {path} has changed since: its SHA-256 is {found[:12]}, that of the run {recorded[:12]}"
    bot, problems = load_bot(content, name, str(path))
    return bot or f"its file is refused now: {'; '.join(map(str, problems))}"


def _closes(
    config: Config, records: tuple[RunRecord, ...], bots: Mapping[BotKey, Bot | str], progress: Progress
) -> Closes:
    """All closes of what the bots read and held; none are read where no bot can be asked again."""
    loaded = [bot for bot in bots.values() if not isinstance(bot, str)]
    if not loaded:
        return Closes(np.empty(0, "datetime64[D]"), (), np.empty((0, 0)))
    held = {name for record in records for event in record.decisions for name in _weights(event) or ()}
    symbols = held.union(*(bot.symbols for bot in loaded))
    return closes_up_to(config, sorted(symbols), None, progress, bars_read(loaded))


def _weights(event: BotDecided | BotFailed) -> Weights | None:
    return event.weights if isinstance(event, BotDecided) else None


def _has_close(closes: Closes, session: date) -> bool:
    return bool((closes.sessions == np.datetime64(session, "D")).any())


def _no_close(closes: Closes, session: date) -> str:
    last = closes.day(-1)
    if session < last:
        return f"the prices in [data] have no row for {session}: add its closes, and ask again"
    return (
        f"there is no official close of {session} yet: the prices in [data] end on {last}. Bring them up to date after "
        "the close, and ask again"
    )


def _audited(
    record: RunRecord, event: BotDecided | BotFailed, bots: Mapping[BotKey, Bot | str], closes: Closes
) -> AuditedDecision:
    run, name, decided = record.run, _name(event), _weights(event)
    bot = bots[_key(record, name)]
    base = AuditedDecision(run.id, run.account, run.session, name, event.share, decided)
    if isinstance(bot, str):
        return replace(base, note=bot)
    if not _has_close(closes, run.session):
        return replace(base, note=_no_close(closes, run.session))
    again = bot.decide(closes.until(run.session), event.since if isinstance(event, BotDecided) else None)
    if isinstance(again, BotFailure):
        return replace(base, same=decided is None, note=f"on the official closes it can't decide: {again.reason}")
    there = replace(base, weights_by_closes=again.weights, path_by_closes=again.path)
    if isinstance(event, BotFailed):
        return replace(there, same=False, note=f"in the run it could not decide: {event.failure.reason}")
    lost = lost_bps(event.weights, again.weights, closes, run.session)
    return replace(there, same=_same(event.weights, again.weights), lost_bps=lost)


def _same(decided: Weights, other: Weights) -> bool:
    return all(abs(decided.get(name, 0.0) - other.get(name, 0.0)) <= TOLERANCE for name in {*decided, *other})


def lost_bps(decided: Weights, by_closes: Weights, closes: Closes, session: date) -> float | None:
    """How much more `by_closes` earns than `decided` from the close of `session` to the next, in basis points.

    The rest of either is cash, which earns nothing. None where one of those closes is missing.
    """
    row = int(closes.sessions.searchsorted(np.datetime64(session, "D")))
    if row + 1 >= len(closes.sessions):
        return None
    more = {name: by_closes.get(name, 0.0) - decided.get(name, 0.0) for name in sorted({*decided, *by_closes})}
    columns = {name: closes.values[row : row + 2, closes.symbols.index(name)].tolist() for name in more if more[name]}
    if not all(isfinite(close) and close > 0 for pair in columns.values() for close in pair):
        return None
    return 10_000 * fsum(more[name] * (after / before - 1) for name, (before, after) in columns.items())


def _summed(audited: tuple[AuditedDecision, ...], runs: int, notes: tuple[str, ...]) -> CloseAudit:
    lost = [each.lost_bps for each in audited if each.lost_bps is not None]
    return CloseAudit(
        audited=audited,
        run_count=runs,
        other_count=sum(each.same is False for each in audited),
        unaudited_count=sum(each.same is None for each in audited),
        lost_bps_sum=fsum(lost) if lost else None,
        lost_bps_mean=fsum(lost) / len(lost) if lost else None,
        notes=notes,
    )
