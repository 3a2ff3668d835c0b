"""Buying a bot: a file or an upload is checked, explained and back-tested before anything is saved."""

from pathlib import Path

from starlette.responses import Response

from rebalancer.app import chart_upload, research
from rebalancer.app.bot_files import load_bots
from rebalancer.app.bots import bot_files
from rebalancer.app.overview import overview
from rebalancer.app.settings import invest
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, RebalancerError
from rebalancer.model import Allocation, BotFailure
from rebalancer.report.bots import wanted
from rebalancer.report.flips import with_flips
from rebalancer.web.pages.around import account_of, show_form, shown_again
from rebalancer.web.pages.bot import backtest_of
from rebalancer.web.pages.bots import disarms, done
from rebalancer.web.refusals import Refusal
from rebalancer.web.site import Visit

UPLOAD = "upload:"
"""Begins the choice of an uploaded chart; its id follows."""


def buy(visit: Visit) -> Response:
    return _buy(visit)


def _buy(visit: Visit, refusal: Refusal | None = None) -> Response:
    config = visit.site.load()
    account = account_of(visit, config)
    found = overview(config, account, visit.site.clock)
    return show_form(visit, config, "buy.html", refusal, account=found, choices=choices(config, account))


def choices(config: Config, account: AccountConfig) -> tuple[str, ...]:
    """The names of bots that the account is not invested in."""
    return tuple(name for name in bot_files(config) if name not in account.bots)


@shown_again(_buy)
def upload(visit: Visit) -> Response:
    """A form with a file: it is kept, and looked at."""
    config = visit.site.load()
    sent = visit.form.files.get("chart")
    if sent is None or not sent.content:
        raise BadInputError.of("the upload", "is empty: choose a file first")
    key = chart_upload.keep(config, sent.name, sent.content)
    return visit.go(f"/buy/check?account={account_of(visit, config).name}&bot={UPLOAD}{key}")


def check(visit: Visit) -> Response:
    return _check(visit, visit.query.get("bot", ""))


def _check_again(visit: Visit, refusal: Refusal) -> Response:
    return _check(visit, visit.form["bot"], refusal)


def _check(visit: Visit, choice: str, refusal: Refusal | None = None) -> Response:
    """The bot as it would be bought: what is in it, what it wants now, how it would have done."""
    config = visit.site.load()
    account, file = account_of(visit, config), _file(config, choice)
    bot = load_bots({file.stem: file})[file.stem]
    name = bot.findings().name if choice.startswith(UPLOAD) else choice
    found = overview(config, account, visit.site.clock)
    trouble, decision, backtest = "", None, None
    try:
        decision = research.explain(config, str(file), None)
        backtest = backtest_of(config, str(file), visit.site.clock.now().date())
    except RebalancerError as error:
        trouble = str(error)
    made = decision.decision if decision else None
    decided = made if isinstance(made, Allocation) else None
    return show_form(
        visit,
        config,
        "buy_check.html",
        refusal,
        account=found,
        choice=choice,
        name=name,
        findings=bot.findings(),
        rules=bot.outline(),
        session=decision.session if decision else None,
        wants=wanted(decided.weights) if decided else "",
        path=with_flips(decided.path, decided.flips) if decided else (),
        trouble=made.reason if isinstance(made, BotFailure) else trouble,
        backtest=backtest or "",
        disarms=disarms(config),
    )


def _file(config: Config, choice: str) -> Path:
    """Of a kept upload, or of a bot by its name: no text of a request is used as a path."""
    if choice.startswith(UPLOAD):
        return chart_upload.kept(config, choice.removeprefix(UPLOAD))
    named = bot_files(config)
    if choice not in named:
        raise BadInputError.of("bot", f"there is no bot {choice!r} among the files beside the config")
    return named[choice]


@shown_again(_check_again)
def bought(visit: Visit) -> Response:
    """The form that is sent last: the upload is saved, and the bot added to the settings."""
    config, choice, form = visit.site.load(), visit.form["bot"], visit.form
    account, file, name = account_of(visit, config), _file(config, choice), form["name"].strip()
    saved = chart_upload.save(config, choice.removeprefix(UPLOAD)) if choice.startswith(UPLOAD) else file
    try:
        made = invest(
            config,
            account,
            str(saved),
            form["amount"].strip(),
            percent=form.one_of("unit", "dollars", "percent") == "percent",
            name=name or None,
            by=visit.site.by,
            capital=form.one_of("capital", "fixed", "rollover"),
        )
    except BadInputError:  # nothing was changed; after any other error the settings may name the file
        if saved != file:
            saved.unlink(missing_ok=True)
        raise
    text = "The next run invests in it. A dry run shows what that would be."
    return done(visit, f"{name or saved.stem} is bought", made, text)
