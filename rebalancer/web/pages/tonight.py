"""Tonight: a dry run now, and then a run bound to the plan that it made."""

from starlette.responses import Response

from rebalancer.app.overview import is_real_money, overview
from rebalancer.app.proposals import Execution, Tonight
from rebalancer.app.tonight import execute, executions
from rebalancer.app.tonight import tonight as dry_run
from rebalancer.config import AccountConfig, Config
from rebalancer.web.pages.around import account_of, show
from rebalancer.web.pages.run_shown import ShownRun, shown_run
from rebalancer.web.refusals import RefusedError
from rebalancer.web.site import Visit

MOST_LISTED = 10
YES = "yes"


def tonight(visit: Visit) -> Response:
    config = visit.site.load()
    return _page(visit, config, account_of(visit, config))


def plan(visit: Visit) -> Response:
    """The dry run. It sends nothing; what it finds is in the journal of dry runs alone."""
    config = visit.site.load()
    account = account_of(visit, config)
    found = dry_run(config, account)
    record = found.result.run
    shown = shown_run(record, config.journal(dry_run=True)) if record else None
    return _page(visit, config, account, found, shown)


def _page(
    visit: Visit,
    config: Config,
    account: AccountConfig,
    found: Tonight | None = None,
    shown: ShownRun | None = None,
) -> Response:
    about = overview(config, account, visit.site.clock)
    started = executions(config, MOST_LISTED, [account.name])
    return show(
        visit,
        config,
        "tonight.html",
        account=about,
        found=found,
        shown=shown,
        executions=started,
        now=visit.site.clock.now(),
        zone=account.venue.zone,
    )


def confirm(visit: Visit) -> Response:
    """Starts the run for the plan that was shown, and for no other."""
    config, form = visit.site.load(), visit.form
    account = account_of(visit, config)
    if is_real_money(account) and form.get("real_money") != YES:
        text = f"Account {account.name} trades real money. Tick that you want that, then execute. Nothing was sent."
        raise RefusedError(400, "not_confirmed", text)
    started = execute(config, account, form["plan"], visit.site.by, confirmed=form.get("confirmed") == YES)
    return visit.go(f"/tonight/execution?id={started.execution}")


def execution(visit: Visit) -> Response:
    """How a run that was started here goes on."""
    config = visit.site.load()
    found = _execution(config, visit.query.get("id", ""))
    account = next((each for each in config.accounts if each.name == found.account), config.accounts[0])
    return show(visit, config, "execution.html", found=found, zone=account.venue.zone)


def _execution(config: Config, name: str) -> Execution:
    for each in executions(config):
        if each.execution == name:
            return each
    raise RefusedError(404, "no_execution", "There is no such run among the last ones that were started here.")
