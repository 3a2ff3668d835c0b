"""The journal: whether it is whole, and what changed in the settings."""

from starlette.responses import Response

from rebalancer.app.arming import live_accounts
from rebalancer.journal import audit, setting_history
from rebalancer.journal.connection import head
from rebalancer.web.pages.around import number, show
from rebalancer.web.site import Visit

A_PAGE, MOST_LISTED = 50, 1000


def journal(visit: Visit) -> Response:
    """The audit reads every line, and so only where it is asked for."""
    config = visit.site.load()
    path = config.journal()
    verdict = audit.verify(path) if "verify" in visit.query else None
    return show(
        visit,
        config,
        "journal.html",
        path=str(path),
        head=head(path),
        verdict=verdict,
        live=live_accounts(config, None),
        changes=setting_history.changes(path, None, number(visit, "limit", A_PAGE, MOST_LISTED)),
    )
