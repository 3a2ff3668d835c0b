"""What was earned: the tearsheet of an account, or of a bot beside its back-test."""

from datetime import date

from markupsafe import Markup
from starlette.responses import Response

from rebalancer.app.performance import performance as earned
from rebalancer.app.performance_views import AccountPerformance
from rebalancer.config import parsers
from rebalancer.errors import BadInputError
from rebalancer.report import tearsheet
from rebalancer.report.performance import headline
from rebalancer.report.performance_sheet import sheet_of
from rebalancer.web.pages.around import account_of, show
from rebalancer.web.site import Visit


def performance(visit: Visit) -> Response:
    config = visit.site.load()
    account, bot = account_of(visit, config), visit.query.get("bot") or None
    found = earned(
        config,
        bot,
        account.name,
        _day(visit, "from"),
        _day(visit, "to"),
        benchmark=visit.query.get("benchmark") or None,
    )
    return show(
        visit,
        config,
        "performance.html",
        account=account,
        bot=bot or "",
        headline=headline(found[0]) if found[0].earned else "",
        sheet=sheet_of_performance(visit, found[0]),
        first=visit.query.get("from", ""),
        last=visit.query.get("to", ""),
        benchmark=visit.query.get("benchmark", ""),
    )


def sheet_of_performance(visit: Visit, found: AccountPerformance) -> Markup:
    """Nothing before the first session."""
    if not found.earned:
        return Markup()
    made = visit.site.clock.now().date()
    return Markup(tearsheet.content(sheet_of(found, made)))  # noqa: S704 - all names in it are escaped


def _day(visit: Visit, name: str) -> date | None:
    text = visit.query.get(name, "")
    try:
        return parsers.day(text) if text else None
    except ValueError as error:
        raise BadInputError.of(name, str(error)) from error
