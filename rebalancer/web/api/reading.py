"""/api/v1: what is in the journal, and the halt."""

from datetime import date

from rebalancer.app import controls
from rebalancer.app.performance import performance as earned
from rebalancer.app.performance_views import AccountPerformance
from rebalancer.app.positions import AccountPositions
from rebalancer.app.positions import positions as held
from rebalancer.app.status import account_statuses
from rebalancer.app.status_views import AccountStatus
from rebalancer.config import parsers
from rebalancer.errors import BadInputError
from rebalancer.events import Halted
from rebalancer.journal import follow, read
from rebalancer.journal.chain import Head
from rebalancer.journal.connection import head
from rebalancer.journal.follow import Line
from rebalancer.journal.read import OrderSummary, RunRecord, RunSummary
from rebalancer.web.api.parameters import ACCOUNT, LIMIT, MODE
from rebalancer.web.calls import MOST_DIGITS, MOST_LISTED, Asked, BodyField, Call, Parameter
from rebalancer.web.refusals import RefusedError

HERE = "/api/v1"
DAY = {"type": "string", "format": "date"}


def accounts(asked: Asked) -> object:
    return {"accounts": account_statuses(asked.config, asked.accounts(), asked.visit.site.clock)}


def runs(asked: Asked) -> object:
    """`next` is the `before` of the next page; null on the last one."""
    limit = asked.limit()
    found = read.runs(asked.config.journal(), asked.account(), limit + 1, asked.whole("before"))
    more = found[limit - 1].id if len(found) > limit else None
    return {"runs": found[:limit], "head": head(asked.config.journal()), "next": more}


def run(asked: Asked) -> object:
    number = asked.visit.path["run"]
    if not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS):
        raise RefusedError(404, "not_found", "A run has a number.")
    try:
        return {"record": read.run(asked.config.journal(), int(number))}
    except BadInputError as error:
        raise RefusedError(404, "not_found", str(error)) from error


def orders(asked: Asked) -> object:
    limit = asked.limit()
    journal, number = asked.config.journal(), asked.whole("run")
    found = read.orders(journal, asked.account(), number, limit + 1, asked.query("before"))
    more = found[limit - 1].id if len(found) > limit else None
    return {"orders": found[:limit], "next": more}


def positions(asked: Asked) -> object:
    return {"accounts": [held(asked.config, each) for each in asked.accounts()]}


def performance(asked: Asked) -> object:
    first, last = _day(asked, "from"), _day(asked, "to")
    return {"accounts": earned(asked.config, asked.query("bot"), asked.query("account"), first, last)}


def _day(asked: Asked, name: str) -> date | None:
    text = asked.query(name)
    try:
        return parsers.day(text) if text is not None else None
    except ValueError as error:
        raise RefusedError(400, "bad_parameter", f"{name} has to be a day such as 2024-03-04.") from error


def halts(asked: Asked) -> object:
    journal = asked.config.journal()
    found = (halt for each in asked.accounts() for halt in read.halts(journal, each.name))
    return {"halts": list(dict.fromkeys(found))}


def halt(asked: Asked) -> object:
    """Stops all orders at once. Lifting a halt may lift a limit of an arming too, so it is left to the terminal."""
    reason = asked.body.get("reason") or "by hand"
    return {"halt": controls.halt(asked.config, asked.body.get("account"), reason, asked.by)}


def state(asked: Asked) -> object:
    """What happened after the line `since`: to follow a run, ask again with the last `seq`. Without it, the end."""
    journal = asked.config.journal()
    since = asked.whole("since")
    last = follow.last_line(journal)
    lines = follow.lines_after(journal, last if since is None else since, MOST_LISTED)
    return {"last_seq": lines[-1].seq if lines else last, "lines": lines}


CALLS = (
    Call(
        f"{HERE}/accounts",
        accounts,
        "Each account: its last and next run, and what needs a person.",
        {"accounts": [AccountStatus]},
        parameters=(MODE, ACCOUNT),
    ),
    Call(
        f"{HERE}/runs",
        runs,
        "The runs, newest first.",
        {"runs": [RunSummary], "head": (Head, None), "next": (int, None)},
        parameters=(ACCOUNT, LIMIT, Parameter("before", "Only runs before this one.", {"type": "integer"})),
    ),
    Call(
        f"{HERE}/runs/{{run}}",
        run,
        "One run in full.",
        {"record": RunRecord},
        parameters=(Parameter("run", "Its number.", {"type": "integer"}, required=True, path=True),),
    ),
    Call(
        f"{HERE}/orders",
        orders,
        "The orders, newest first.",
        {"orders": [OrderSummary], "next": (str, None)},
        parameters=(
            ACCOUNT,
            LIMIT,
            Parameter("run", "Only orders of this run.", {"type": "integer"}),
            Parameter("before", "Only orders before the one with this id."),
        ),
    ),
    Call(
        f"{HERE}/positions",
        positions,
        "What the bots hold.",
        {"accounts": [AccountPositions]},
        parameters=(MODE, ACCOUNT),
    ),
    Call(
        f"{HERE}/performance",
        performance,
        "What the accounts and their bots earned.",
        {"accounts": [AccountPerformance]},
        parameters=(
            ACCOUNT,
            Parameter("bot", "Only this bot."),
            Parameter("from", "The first day.", DAY),
            Parameter("to", "The last day.", DAY),
        ),
    ),
    Call(f"{HERE}/halts", halts, "The halts in force.", {"halts": [Halted]}, parameters=(MODE, ACCOUNT)),
    Call(
        f"{HERE}/halts",
        halt,
        "Send no orders for an account, or for all.",
        {"halt": Halted},
        "POST",
        body=(
            BodyField("account", "Only this account.", ("string", "null"), required=False),
            BodyField("reason", "Why; shown until it is lifted.", required=False),
        ),
        status=201,
        stops=True,
    ),
    Call(
        f"{HERE}/state",
        state,
        "The lines of the journal after a known one, to follow a run.",
        {"last_seq": int, "lines": [Line]},
        parameters=(Parameter("since", "The last line that is known.", {"type": "integer"}),),
    ),
)
