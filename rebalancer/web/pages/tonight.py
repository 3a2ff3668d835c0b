"""Tonight: a dry run now, and then a run bound to the plan that it made."""

from starlette.responses import Response

from rebalancer.app.overview import is_real_money, overview
from rebalancer.app.proposals import Execution, Tonight
from rebalancer.app.tonight import execute, executions, tonight_again
from rebalancer.app.tonight import tonight as dry_run
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError
from rebalancer.web.pages.around import account_of, show, show_form, shown_again
from rebalancer.web.pages.run_shown import shown_run
from rebalancer.web.refusals import Refusal, RefusedError
from rebalancer.web.site import Visit

MOST_LISTED = 10
YES = "yes"


def tonight(visit: Visit) -> Response:
    return _tonight(visit)


def _tonight(visit: Visit, refusal: Refusal | None = None) -> Response:
    config = visit.site.load()
    return _page(visit, config, account_of(visit, config), refusal=refusal)


@shown_again(_tonight)
def plan(visit: Visit) -> Response:
    """The dry run. It sends nothing; what it finds is in the journal of dry runs alone."""
    config = visit.site.load()
    account = account_of(visit, config)
    return _page(visit, config, account, dry_run(config, account))


def _page(
    visit: Visit,
    config: Config,
    account: AccountConfig,
    found: Tonight | None = None,
    refusal: Refusal | None = None,
) -> Response:
    record = found.result.run if found else None
    return show_form(
        visit,
        config,
        "tonight.html",
        refusal,
        account=overview(config, account, visit.site.clock),
        found=found,
        shown=shown_run(record, config.journal(dry_run=True)) if record else None,
        executions=executions(config, MOST_LISTED, [account.name]),
        now=visit.site.clock.now(),
        zone=account.venue.zone,
    )


def _plan_again(visit: Visit, refusal: Refusal) -> Response:
    config = visit.site.load()
    account = account_of(visit, config)
    return _page(visit, config, account, tonight_again(config, account, visit.form["plan"]), refusal)


@shown_again(_plan_again)
def confirm(visit: Visit) -> Response:
    """Starts the run for the plan that was shown, and for no other."""
    config, form = visit.site.load(), visit.form
    account = account_of(visit, config)
    if is_real_money(account) and form.get("real_money") != YES:
        text = "trades real money: tick that you want that, then execute"
        raise BadInputError.of(f"account {account.name}", text)
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
