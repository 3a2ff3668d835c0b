"""One bot: tonight's way through its chart, how near it is to another, and what it earned beside its back-test."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from rebalancer.app import research
from rebalancer.app.bot_views import Explanation
from rebalancer.app.bots import bot_files, show_bot
from rebalancer.app.performance import performance
from rebalancer.app.research import DrawnChart
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import RebalancerError
from rebalancer.model import Allocation
from rebalancer.report import tearsheet
from rebalancer.report.backtest_sheet import sheet_of
from rebalancer.report.bots import wanted
from rebalancer.report.chart_svg import for_page
from rebalancer.report.flips import sentence, with_flips
from rebalancer.web.pages.around import account_of, number, show
from rebalancer.web.pages.performance import sheet_of_performance
from rebalancer.web.pages.run_shown import ShownFlip
from rebalancer.web.refusals import RefusedError
from rebalancer.web.site import Visit

MOST_DRAWINGS = 1_000_000


def bot(visit: Visit) -> Response:
    """By its name alone, and of which account: no path of a request leads to a file."""
    config, name = visit.site.load(), visit.query.get("name", "")
    account = _owner(visit, config, name)
    own = replace(config, accounts=(account,)) if account else config  # another's may have the name too
    if name not in bot_files(own):
        raise RefusedError(404, "no_bot", f"There is no bot {name!r}. The page Bots lists those that are invested.")
    explained, chart, trouble = _explained(own, name)
    earned = performance(own, name, account.name) if account and "live" in visit.query else ()
    return show(
        visit,
        config,
        "bot.html",
        name=name,
        account=account,
        shown=show_bot(own, name),
        file=_from_folder(config, bot_files(own)[name]),
        explained=explained,
        trouble=trouble,
        wants=_wants(explained),
        path=_path(explained),
        flips=_flips(name, explained),
        chart=_drawing(visit, name, account, chart) if chart else Markup(),
        backtest=backtest_of(own, name, visit.site.clock.now().date()) if "backtest" in visit.query else Markup(),
        live=sheet_of_performance(visit, earned[0]) if earned else Markup(),
    )


def _owner(visit: Visit, config: Config, bot: str) -> AccountConfig | None:
    """The account that the address names, else the first one that is invested in the bot."""
    asked = account_of(visit, config)
    return next((each for each in (asked, *config.accounts) if bot in each.bots), None)


def _from_folder(config: Config, file: Path) -> str:
    """As the config names it."""
    folder = config.path.parent
    return str(file.relative_to(folder) if file.is_relative_to(folder) else file)


def _explained(config: Config, name: str) -> tuple[Explanation | None, DrawnChart | None, str]:
    """The decision and the chart of a bot that has one, or why there is none, such as prices that can't be read."""
    try:
        return *research.explain_with_chart(config, name), ""
    except RebalancerError as error:
        return None, None, str(error)


def _wants(explained: Explanation | None) -> str:
    decision = explained.decision if explained else None
    return wanted(decision.weights) if isinstance(decision, Allocation) else ""


def _path(explained: Explanation | None) -> tuple[str, ...]:
    decision = explained.decision if explained else None
    return with_flips(decision.path, decision.flips) if isinstance(decision, Allocation) else ()


def _flips(name: str, explained: Explanation | None) -> tuple[ShownFlip, ...]:
    """Every gate on the way, the nearest first."""
    decision = explained.decision if explained else None
    if not isinstance(decision, Allocation):
        return ()
    found = (
        ShownFlip(name, flip.move, sentence(flip), decision.path[flip.step].strip())
        for flip in decision.flips
        if flip.move is not None
    )
    return tuple(sorted(found, key=lambda flip: abs(flip.move)))


def _drawing(visit: Visit, name: str, account: AccountConfig | None, chart: DrawnChart) -> Markup:
    """The drawing that the address asks for: one of a large chart is small, all of them are not."""
    title = f"{name} on {chart.session}{f': {chart.marked}' if chart.marked else ''}"
    here = urlencode({"name": name} | ({"account": account.name} if account else {}))
    asked = number(visit, "drawing", 1, MOST_DRAWINGS) - 1
    drawn = for_page(title, chart.parts, lambda drawing: f"/bot?{here}&drawing={drawing + 1}#chart", asked)
    return Markup(drawn)  # noqa: S704 - all names in it are escaped


def backtest_of(config: Config, bot: str, made: date) -> Markup:
    """`bot` is a name or a file."""
    sheet = sheet_of(research.backtest(config, [bot]), made)
    return Markup(tearsheet.content(sheet))  # noqa: S704 - all names in it are escaped
