"""`rebalance run`: the evening, by hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, chosen_accounts, load_config
from rebalancer.errors import RebalancerError, StoppedError

if TYPE_CHECKING:
    from datetime import date

    from rebalancer.config import AccountConfig, Config
    from rebalancer.journal.queries import RunRecord

EXIT_CODES = {"success": 0, "skipped": 0, "partial": 3, "failed": 4}


@dataclass(frozen=True, slots=True)
class Result:
    """What one account's trigger came to. `run` is None where none was claimed, and `message` says why."""

    account: str
    exit_code: int
    message: str
    run: "RunRecord | None"


def run(
    config: ConfigOption = None,
    account: AccountOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; send nothing.")] = False,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Another day of the sample (sim only).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again although this session's run is done.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Back-test the bots up to now, sell, then buy."""
    from rebalancer.report.console import show, show_json
    from rebalancer.report.run import screen

    settings = load_config(config)
    day = as_of.date() if as_of else None
    results = []
    for chosen in chosen_accounts(settings, account):
        result = _one(settings, chosen, dry_run=dry_run, as_of=day, force=force, debug=debug)
        results.append(result)
        if not json:
            show(*screen(result.run)) if result.run else typer.echo(result.message, err=result.exit_code != 0)
    if json:
        show_json({"exit_code": max(result.exit_code for result in results), "accounts": results})
    raise typer.Exit(max(result.exit_code for result in results))


def _one(
    config: "Config", account: "AccountConfig", *, dry_run: bool, as_of: "date | None", force: bool, debug: bool
) -> Result:
    """An account's trouble is its own: the next account's turn comes all the same."""
    from rebalancer.journal import queries
    from rebalancer.live.rebalance import claim_session, run_evening
    from rebalancer.ports import AlreadyRun
    from rebalancer.wiring import evening

    journal = config.journal(dry_run=dry_run)
    try:
        with evening(config, account, dry_run=dry_run, as_of=as_of, force=force) as tonight:
            run = claim_session(tonight.desk, tonight.claim, tonight.session)
            if isinstance(run, AlreadyRun):
                return Result(account.name, 0, run.reason, None)
            try:
                run_evening(tonight.desk, run, tonight.session)
            except RebalancerError as error:
                if debug:
                    raise
                record = queries.run(journal, run)
                code = error.exit_code if isinstance(error, StoppedError) else EXIT_CODES[record.run.status]
                return Result(account.name, code, str(error), record)
            record = queries.run(journal, run)
            return Result(account.name, EXIT_CODES[record.run.status], "", record)
    except RebalancerError as error:
        if debug:
            raise
        return Result(account.name, error.exit_code, str(error), None)
