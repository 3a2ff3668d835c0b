"""Tonight's plan, by a dry run; and the run that executes this plan and no other, as a process of its own.

Such a run goes on whatever becomes of the program that started it.
"""

import json
import re
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from itertools import islice
from pathlib import Path
from threading import Thread

from rebalancer import demo
from rebalancer.app.evening import clock_of_run
from rebalancer.app.proposals import Execution, Tonight
from rebalancer.app.runs import past_dry_run, run_by_hand
from rebalancer.app.schedule import outside_window
from rebalancer.app.status import blocks
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, RunFailedError, echoed
from rebalancer.files import create_private, replace_atomically
from rebalancer.journal import plans, read
from rebalancer.market.clock import SystemClock
from rebalancer.portfolio.confirmed import ConfirmedPlan, limits_in_words
from rebalancer.ports import Progress, unwatched

RUN_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
PLAN_HASH = re.compile(r"[0-9a-f]{64}")


def tonight(config: Config, account: AccountConfig, progress: Progress = unwatched) -> Tonight:
    """Make the plan of a run that began now. Sends nothing. Raises as `run_by_hand`."""
    result = run_by_hand(config, account, confirm=_never_asks, dry_run=True, progress=progress)
    if result.run is None or result.run.plan is None:
        return Tonight(result, "", "", result.sentence, limits_in_words())
    line = plans.plan_line(config.journal(dry_run=True), result.run.run.id, dry_run=True) or ""
    return _to_confirm(config, account, result, line, result.run.run.session)


def tonight_again(config: Config, account: AccountConfig, line: str) -> Tonight | None:
    """The dry run of `account` that made the plan `line`, and what has to be confirmed now; None where none made it."""
    found = plans.plan_at(config.journal(dry_run=True), line)
    result = past_dry_run(config, account, found[0]) if found else None
    if result is None or result.run is None or result.run.run.account != account.name:
        return None
    return _to_confirm(config, account, result, line, result.run.run.session)


def _to_confirm(config: Config, account: AccountConfig, result: RunResult, line: str, session: date) -> Tonight:
    question, refused = _question_or_refusal(config, account, session)
    return Tonight(result, line, question, refused, limits_in_words())


def _never_asks(question: str) -> None:
    raise AssertionError(f"a dry run asks nothing: {question}")


def _question_or_refusal(config: Config, account: AccountConfig, session: date) -> tuple[str, str]:
    """What must be confirmed before a run now, and why it can't be started; "" for each that does not apply."""
    clock = clock_of_run(config, account, dry_run=False, as_of=None)
    for why in blocks(config, account, (clock or SystemClock()).now()):
        return "", why
    if done := read.ended_run(config.journal(), account.name, session):
        return "", done.reason
    if clock is None:
        return "", ""
    try:
        return outside_window(config, account, clock) or "", ""
    except RunFailedError as error:
        return "", str(error)


def confirmed_plan(config: Config, account: AccountConfig, named: str, by: str) -> ConfirmedPlan:
    """The plan of a dry run of `account`, `named` by its hash or the run's number. Raises BadInputError."""
    journal = config.journal(dry_run=True)
    line = (plans.plan_line(journal, int(named), dry_run=True) or named) if RUN_NUMBER.fullmatch(named) else named
    found = plans.plan_at(journal, line)
    if found is None:
        raise BadInputError.of(
            "--only-plan", f"no dry run here has made the plan {line}: make a dry run, and confirm it"
        )
    run, plan = found
    made = read.run(journal, run).run
    if made.account != account.name:
        raise BadInputError.of("--only-plan", f"this plan is of account {made.account}, not of {account.name}")
    note = f"Only for the plan of dry run {run}, {line[:12]}, which {by} confirmed."
    return ConfirmedPlan(made.session, plan, note)


# ---------------------------------------------------------------------------------------------------------- executing


def execute(config: Config, account: AccountConfig, line: str, by: str, *, confirmed: bool) -> Execution:
    """Start a run for the plan `line` alone: the hash of what was shown. The number of a dry run would be another one's
    where they were deleted. `confirmed`: a person wants it outside the account's window too.

    Raises BadInputError for an unknown plan and a question that was not confirmed, RunFailedError where no run can be
    started now. The run itself compares its plan before its first order.
    """
    if not PLAN_HASH.fullmatch(line):
        raise BadInputError.of("plan_hash", f"{echoed(line)} is no hash of a plan: make a dry run, which has it")
    plan = confirmed_plan(config, account, line, by)
    question, refused = _question_or_refusal(config, account, plan.session)
    if refused:
        raise RunFailedError(refused)
    if question and not confirmed:
        raise BadInputError.of(f"account {account.name}", f"{question} Confirm it to go on", "confirmed")
    at = SystemClock().now()
    asked = {"account": account.name, "plan": line, "by": by, "started": at.isoformat()}
    source = () if config.path == demo.config_path() else ("--config", str(config.path.absolute()))
    yes = ("--yes",) if confirmed else ()
    words = ("run", *source, "--account", account.name, "--only-plan", line, "--confirmed-by", by, *yes, "--json")
    return _started(_folder(config) / f"{at:%Y%m%dT%H%M%S.%f}-{line[:8]}", asked, words)


def _started(folder: Path, asked: Mapping[str, str], words: tuple[str, ...]) -> Execution:
    try:
        folder.mkdir(mode=0o700, parents=True)
        for name in ("answer.json", "errors.txt"):
            create_private(folder / name)
        replace_atomically(folder / "asked.json", json.dumps(asked).encode())
        _start(words, folder)
    except OSError as error:
        raise RunFailedError(f"the run could not be started: {error.strerror} ({folder}). Nothing was sent.") from error
    return _execution(folder)


def _start(words: tuple[str, ...], folder: Path) -> None:
    """In a session of its own: neither Ctrl-C nor the end of this process reaches it.

    The process inherits a lock on its answer, which tells for as long as it lives that it does.
    """
    with (folder / "answer.json").open("wb") as answer, (folder / "errors.txt").open("wb") as errors:
        flock(answer, LOCK_EX)
        process = subprocess.Popen(  # noqa: S603 - this program
            (sys.executable, "-P", "-m", "rebalancer", *words),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=errors,
            start_new_session=True,
        )
    Thread(target=process.wait, name="run", daemon=True).start()  # so that what is left of it goes when it ends


def executions(
    config: Config, limit: int = 20, accounts: Collection[str] | None = None, before: str | None = None
) -> tuple[Execution, ...]:
    """The last runs that were started for a confirmed plan, newest first: of these `accounts`, `before` that one."""
    folders = sorted((file.parent for file in _folder(config).glob("*/asked.json")), reverse=True)
    found = (_execution(folder) for folder in folders if before is None or folder.name < before)
    return tuple(islice((each for each in found if accounts is None or each.account in accounts), limit))


def _folder(config: Config) -> Path:
    return config.state_dir / "executions"


def _execution(folder: Path) -> Execution:
    asked = json.loads((folder / "asked.json").read_bytes())
    asked["started"] = datetime.fromisoformat(asked["started"])
    begun = Execution(folder.name, **asked)
    try:
        with (folder / "answer.json").open("rb") as answer:
            flock(answer, LOCK_SH | LOCK_NB)
            return _with_answer(begun, answer.read())
    except BlockingIOError:
        return begun


def _with_answer(begun: Execution, content: bytes) -> Execution:
    try:
        answer = json.loads(content)
    except ValueError:
        return replace(begun, state="cut off", message="its process is gone and did not say how it ended: see the runs")
    ended = replace(begun, state="ended", exit_code=answer["exit_code"])
    if "error" in answer:
        return replace(ended, message=answer["error"]["message"])
    (account,) = answer["accounts"]
    record = account["record"]
    return replace(
        ended, run=record and record["run"], message=account["message"] or (record["reason"] if record else "")
    )
