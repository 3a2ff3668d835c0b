"""One bot: tonight's way through its chart, how near it is to another, and what it earned beside its back-test."""

from datetime import date
from pathlib import Path

from markupsafe import Markup
from starlette.responses import Response

from rebalancer.app import research
from rebalancer.app.bot_views import Explanation
from rebalancer.app.bots import bot_files, show_bot
from rebalancer.app.performance import performance
from rebalancer.config import Config
from rebalancer.errors import BadInputError, RebalancerError
from rebalancer.model import Allocation
from rebalancer.report import tearsheet
from rebalancer.report.backtest_sheet import sheet_of
from rebalancer.report.bots import wanted
from rebalancer.report.chart_svg import for_page
from rebalancer.report.flips import sentence, with_flips
from rebalancer.web.pages.around import show
from rebalancer.web.pages.performance import sheet_of_performance
from rebalancer.web.pages.run_shown import ShownFlip
from rebalancer.web.refusals import RefusedError
from rebalancer.web.site import Visit

MOST_PARTS = 400
"""Of a chart in the page; a larger one is drawn by the terminal, into a file of its own."""


def bot(visit: Visit) -> Response:
    """By its name alone: no path of a request leads to a file."""
    config, name = visit.site.load(), visit.query.get("name", "")
    if name not in bot_files(config):
        raise RefusedError(404, "no_bot", f"There is no bot {name!r}. The page Bots lists those that are invested.")
    explained, trouble = _explained(config, name)
    account = next((each for each in config.accounts if name in each.bots), None)
    earned = performance(config, name, account.name) if account and "live" in visit.query else ()
    return show(
        visit,
        config,
        "bot.html",
        name=name,
        account=account,
        shown=show_bot(config, name),
        file=_from_folder(config, bot_files(config)[name]),
        explained=explained,
        trouble=trouble,
        wants=_wants(explained),
        path=_path(explained),
        flips=_flips(name, explained),
        chart=_chart(config, name) if explained else Markup(),
        backtest=backtest_of(config, name, visit.site.clock.now().date()) if "backtest" in visit.query else Markup(),
        live=sheet_of_performance(visit, earned[0]) if earned else Markup(),
    )


def _from_folder(config: Config, file: Path) -> str:
    """As the config names it."""
    folder = config.path.parent
    return str(file.relative_to(folder) if file.is_relative_to(folder) else file)


def _explained(config: Config, name: str) -> tuple[Explanation | None, str]:
    """The decision, or why there is none, such as prices that can't be read."""
    try:
        return research.explain(config, name, None), ""
    except RebalancerError as error:
        return None, str(error)


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


def _chart(config: Config, name: str) -> Markup:
    """Nothing for a bot without a chart, and for a chart too large for a page."""
    try:
        drawn = research.chart(config, name, None)
    except BadInputError:
        return Markup()
    if len(drawn.parts) > MOST_PARTS:
        return Markup()
    title = f"{name} on {drawn.session}{f': {drawn.marked}' if drawn.marked else ''}"
    return Markup(for_page(title, drawn.parts))  # noqa: S704 - all names in it are escaped


def backtest_of(config: Config, bot: str, made: date) -> Markup:
    """`bot` is a name or a file."""
    sheet = sheet_of(research.backtest(config, [bot]), made)
    return Markup(tearsheet.content(sheet))  # noqa: S704 - all names in it are escaped
