"""An address of each page that there is, taken from the routes, so that a test of every page misses none."""

from rebalancer.app.tonight import executions
from rebalancer.config import Config
from rebalancer.web.pages import PAGES

QUERIES = {
    "/bots/remove": "bot=Dual%20momentum",
    "/bot": "name=Dual%20momentum",
    "/buy/check": "bot=Dual%20momentum",
    "/run": "id=1",
    "/journal": "verify=1",
}
"""What a page has to be asked for, of the demo's account."""
READ = tuple(page.path for page in PAGES if page.method == "GET")
FORMS = frozenset(page.path for page in PAGES if page.method == "POST")


def address(path: str, settings: Config) -> str:
    """A page that shows something; an unknown query would be told as an error, and fail the test."""
    if path == "/tonight/execution":
        return f"{path}?id={executions(settings)[0].execution}"
    return f"{path}?{QUERIES[path]}" if path in QUERIES else path
