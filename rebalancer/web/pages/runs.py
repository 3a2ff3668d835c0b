"""What happened: the runs, one run in full with its replay, and the orders."""

from starlette.responses import Response

from rebalancer.app.past_run import from_journal
from rebalancer.app.replay import Replay, python_bots, replay
from rebalancer.config import Config
from rebalancer.errors import BadInputError
from rebalancer.journal import read
from rebalancer.journal.connection import head
from rebalancer.web.pages.around import account_of, number, show
from rebalancer.web.pages.run_shown import shown_run
from rebalancer.web.refusals import RefusedError
from rebalancer.web.site import Visit

A_PAGE, MOST_LISTED, MOST_RUNS = 50, 1000, 1_000_000_000


def runs(visit: Visit) -> Response:
    config, dry_run = visit.site.load(), "dry" in visit.query
    account, limit = account_of(visit, config), number(visit, "limit", A_PAGE, MOST_LISTED)
    journal = config.journal(dry_run=dry_run)
    found = read.runs(journal, account.name, limit)
    return show(
        visit,
        config,
        "runs.html",
        account=account,
        runs=found,
        dry_run=dry_run,
        more=min(2 * limit, MOST_LISTED) if len(found) == limit < MOST_LISTED else None,
        head=head(journal),
    )


def run(visit: Visit) -> Response:
    config, dry_run = visit.site.load(), "dry" in visit.query
    journal, wanted = config.journal(dry_run=dry_run), number(visit, "id", 0, MOST_RUNS)
    try:
        record = read.run(journal, wanted)
    except BadInputError as error:
        raise RefusedError(
            404, "no_run", f"There is no {'dry ' * dry_run}run {wanted}. The page Runs lists them."
        ) from error
    replayed = None if dry_run or "replay" not in visit.query else _replayed(config, wanted)
    return show(visit, config, "run.html", shown=shown_run(record, journal), dry_run=dry_run, replayed=replayed)


def _replayed(config: Config, run: int) -> Replay:
    """The plan made again, as `rebalance replay` does."""
    past = from_journal(config.journal(), run)
    if found := python_bots(past):
        text = f"{', '.join(found)} would be run, which a page does not do: `rebalance replay {run}` on the terminal"
        raise BadInputError.of(f"run {run}", text)
    return replay(past)


def orders(visit: Visit) -> Response:
    config = visit.site.load()
    account, limit = account_of(visit, config), number(visit, "limit", A_PAGE, MOST_LISTED)
    found = read.orders(config.journal(), account.name, None, limit)
    return show(
        visit,
        config,
        "orders.html",
        account=account,
        orders=found,
        more=min(2 * limit, MOST_LISTED) if len(found) == limit < MOST_LISTED else None,
    )
