"""/api/admin/trading: money of bots, settings, and executing tonight's plan. Nothing here arms an account."""

from decimal import Decimal

from rebalancer.app import removal, setting_change, settings
from rebalancer.app.bots import bot_files
from rebalancer.app.proposals import EditableSetting, Execution, SettingProposal, Tonight
from rebalancer.app.tonight import execute, executions, tonight
from rebalancer.app.views import Invested, InvestmentsEdited
from rebalancer.config import Config
from rebalancer.errors import BadInputError
from rebalancer.model import numbers
from rebalancer.model.text import known_names
from rebalancer.web.api.parameters import ACCOUNT, BOT, DRY_RUN, LIMIT, MODE
from rebalancer.web.calls import Asked, BodyField, Call, Parameter
from rebalancer.web.refusals import RefusedError

HERE = "/api/admin/trading"


def investments(asked: Asked) -> object:
    found = asked.accounts()
    return {
        "accounts": [
            {"account": each.name, "mode": each.mode, "investments": settings.investments(each)} for each in found
        ]
    }


def invest(asked: Asked) -> InvestmentsEdited:
    bot = asked.body["bot"]
    _require_known(asked.config, bot)
    return settings.invest(
        asked.config,
        asked.one_account(),
        bot,
        _text(asked.body["amount"]),
        percent=asked.body.get("percent", False),
        name=asked.body.get("name"),
        by=asked.by,
        capital="rollover" if asked.body.get("rollover") else "fixed",
    )


def _require_known(config: Config, bot: str) -> None:
    """A bot of the bots' folder by its name: a path would lead to any file of this machine."""
    if bot not in bot_files(config):
        raise BadInputError.of("bot", f"there is no bot {bot!r}; {known_names(bot, bot_files(config))}")


def change_amount(asked: Asked) -> InvestmentsEdited:
    account, percent = asked.one_account(), asked.body.get("percent")
    amount = _text(asked.body["amount"])
    return settings.change_amount(asked.config, account, asked.visit.path["bot"], amount, percent=percent, by=asked.by)


def remove(asked: Asked) -> InvestmentsEdited:
    """As in the terminal, a person says what becomes of shares."""
    account, bot, to = asked.one_account(), asked.visit.path["bot"], asked.query("shares")
    shares = removal.shares_of_bot(asked.config, account, bot)
    if to not in {"market", "owner"} and (to is not None or shares):
        text = f"{bot} has {removal.in_words(shares) or 'no shares'}: say shares=market, and the next run sells them, "
        raise RefusedError(409, "choice_needed", f"{text}or shares=owner, and they stay and are yours.")
    return removal.remove(asked.config, account, bot, "owner" if to == "owner" else "market", asked.by)


def all_settings(asked: Asked) -> object:
    account = asked.one_account()
    return {
        "account": account.name,
        "file_hash": setting_change.file_hash(asked.config),
        "editable": setting_change.editable(asked.config, account),
    }


def change_setting(asked: Asked) -> object:
    """Shown first: saved only with the hash of the file that was shown."""
    account = asked.one_account()
    seen = setting_change.propose(asked.config, account, {asked.body["key"]: asked.body["value"]}, asked.by)
    if not _for_real(asked):
        return {"proposal": _without_content(seen), "edited": None}
    if "file_hash" not in asked.body:
        raise RefusedError(409, "not_shown", "Look at the change first: the answer has the file_hash to save it with.")
    saved = setting_change.save(asked.config, account, seen, asked.body["file_hash"], asked.by)
    return {"proposal": _without_content(seen), "edited": saved}


PROPOSAL = {
    "account": str,
    "key": str,
    "diff": [str],
    "disarms": [str],
    "file_hash": str,
}


def _without_content(proposal: SettingProposal) -> dict[str, object]:
    (key,) = proposal.keys
    return {"key": key, **{name: getattr(proposal, name) for name in PROPOSAL if name != "key"}}


def execute_tonight(asked: Asked) -> object:
    """A dry run, or with dryRun=false the run for the plan that was shown."""
    account = asked.one_account()
    if not _for_real(asked):
        return {"tonight": tonight(asked.config, account), "execution": None}
    if "plan_hash" not in asked.body:
        raise RefusedError(409, "not_shown", "Make a dry run first: the answer has the plan_hash to execute.")
    confirmed = asked.body.get("confirmed", False)
    begun = execute(asked.config, account, asked.body["plan_hash"], asked.by, confirmed=confirmed)
    return {"tonight": None, "execution": begun}


def _for_real(asked: Asked) -> bool:
    return asked.query("dryRun") == "false"


def listed_executions(asked: Asked) -> object:
    limit, names = asked.limit(), [each.name for each in asked.accounts()]
    found = executions(asked.config, limit + 1, names, asked.query("before"))
    more = found[limit - 1].execution if len(found) > limit else None
    return {"executions": found[:limit], "next": more}


def _text(amount: str | int | Decimal) -> str:
    """In plain digits where there are not too many of them: those of 1e99999999 would fill the memory."""
    if isinstance(amount, Decimal) and numbers.in_bounds(amount):
        return f"{amount:f}"
    return str(amount)


AMOUNT = BodyField("amount", "An amount of money as text; with percent a percentage.", ("string", "number"))
PERCENT = BodyField("percent", "The amount is a percentage of what may be invested.", ("boolean",), required=False)
CALLS = (
    Call(
        f"{HERE}/investments",
        investments,
        "The money committed to bots.",
        {"accounts": [{"account": str, "mode": str, "investments": [Invested]}]},
        parameters=(MODE, ACCOUNT),
    ),
    Call(
        f"{HERE}/investments",
        invest,
        "Commit money to a bot of the bots' folder.",
        InvestmentsEdited,
        "POST",
        (MODE, ACCOUNT),
        (
            BodyField("bot", "The bot's name, as the bots' folder has it."),
            AMOUNT,
            PERCENT,
            BodyField("name", "What the screens call it.", required=False),
            BodyField("rollover", "It keeps what it earns and loses.", ("boolean",), required=False),
        ),
        201,
    ),
    Call(
        f"{HERE}/investments/{{bot}}",
        change_amount,
        "Change the amount of a bot.",
        InvestmentsEdited,
        "POST",
        (BOT, MODE, ACCOUNT),
        (AMOUNT, PERCENT),
    ),
    Call(
        f"{HERE}/investments/{{bot}}",
        remove,
        "Remove a bot.",
        InvestmentsEdited,
        "DELETE",
        (
            BOT,
            MODE,
            ACCOUNT,
            Parameter("shares", "What becomes of its shares.", {"enum": ["market", "owner"]}),
        ),
    ),
    Call(
        f"{HERE}/settings",
        all_settings,
        "Every setting that can be changed here, with its help, range and default.",
        {"account": str, "file_hash": str, "editable": [EditableSetting]},
        parameters=(MODE, ACCOUNT),
    ),
    Call(
        f"{HERE}/settings",
        change_setting,
        "Show the change of a setting, or with dryRun=false save it.",
        {"proposal": PROPOSAL, "edited": (InvestmentsEdited, None)},
        "POST",
        (MODE, ACCOUNT, DRY_RUN),
        (
            BodyField("key", "The setting, such as trading.order_type."),
            BodyField(
                "value",
                "Its new value; null takes its line out of the file.",
                ("string", "number", "boolean", "array", "null"),
            ),
            BodyField("file_hash", "That of the change that was shown.", required=False),
        ),
    ),
    Call(
        f"{HERE}/execute",
        execute_tonight,
        "Make tonight's plan by a dry run; with dryRun=false start the run for a plan that was shown.",
        {"tonight": (Tonight, None), "execution": (Execution, None)},
        "POST",
        (MODE, ACCOUNT, DRY_RUN),
        (
            BodyField("plan_hash", "The plan of the dry run that was shown.", required=False),
            BodyField("confirmed", "Run outside the account's window too.", ("boolean",), required=False),
        ),
    ),
    Call(
        f"{HERE}/executions",
        listed_executions,
        "The runs that were started for a confirmed plan, newest first.",
        {"executions": [Execution], "next": (str, None)},
        parameters=(MODE, ACCOUNT, LIMIT, Parameter("before", "Only those before this one.")),
    ),
)
