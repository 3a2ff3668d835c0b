"""The first page."""

from starlette.responses import Response

from rebalancer.app.status import account_statuses
from rebalancer.web.site import Visit


def home(visit: Visit) -> Response:
    config = visit.site.load()
    return visit.show("home.html", accounts=account_statuses(config, config.accounts, visit.site.clock))
