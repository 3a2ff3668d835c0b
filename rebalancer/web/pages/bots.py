"""Invested bots: what each has and earned, its amount changed, the bot removed."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from rebalancer.app import capital, removal
from rebalancer.app.controls import revoked_armings
from rebalancer.app.overview import AccountOverview, overview
from rebalancer.app.positions import positions
from rebalancer.app.settings import change_amount
from rebalancer.app.views import InvestmentsEdited
from rebalancer.config import Config
from rebalancer.events import SettingChanged
from rebalancer.model.text import money
from rebalancer.web.pages.around import account_of, show, show_form, shown_again, spark
from rebalancer.web.refusals import Refusal
from rebalancer.web.site import Visit


def bots(visit: Visit) -> Response:
    return _bots(visit)


def _bots(visit: Visit, refusal: Refusal | None = None) -> Response:
    config = visit.site.load()
    account = account_of(visit, config)
    found = overview(config, account, visit.site.clock)
    values = {"account": found, "sparks": _sparks(found), "held": positions(config, account)}
    return show_form(visit, config, "bots.html", refusal, **values)


def _sparks(account: AccountOverview) -> Mapping[str, Markup]:
    return {
        bot.name: spark(f"What {bot.name} earned since {bot.track.sessions[0]}", bot.track, growth=True)
        for bot in account.bots
        if bot.track
    }


@shown_again(_bots)
def amount(visit: Visit) -> Response:
    """A form: another amount for a bot."""
    config = visit.site.load()
    account, bot = account_of(visit, config), visit.form["bot"]
    unit = visit.form.one_of("unit", "dollars", "percent")
    typed = visit.form["amount"].strip()
    made = change_amount(config, account, bot, typed, percent=unit == "percent", by=visit.site.by)
    return done(visit, f"The amount of {bot} {'is changed' if made.changes else 'was that already'}", made)


def removing(visit: Visit) -> Response:
    """Asks what becomes of the bot's shares, and says what removing it disarms."""
    return _removing(visit, visit.query.get("bot", ""))


def _removing_again(visit: Visit, refusal: Refusal) -> Response:
    return _removing(visit, visit.form["bot"], refusal)


def _removing(visit: Visit, bot: str, refusal: Refusal | None = None) -> Response:
    config = visit.site.load()
    account = account_of(visit, config)
    shares = removal.shares_of_bot(config, account, bot)
    return show_form(
        visit,
        config,
        "remove.html",
        refusal,
        account=account,
        bot=bot,
        shares=removal.in_words(shares) if shares else "",
        disarms=disarms(config),
    )


@shown_again(_removing_again)
def remove(visit: Visit) -> Response:
    """A form: the bot removed, and its shares sold or the owner's."""
    config = visit.site.load()
    account, bot = account_of(visit, config), visit.form["bot"]
    made = removal.remove(config, account, bot, visit.form.one_of("to", "market", "owner"), visit.site.by)
    return done(visit, f"{bot} is removed", made)


@shown_again(_bots)
def move(visit: Visit) -> Response:
    """A form: money given to a bot whose capital rolls over, or taken from it."""
    config = visit.site.load()
    account, bot, typed = account_of(visit, config), visit.form["bot"], visit.form["amount"].strip()
    way = visit.form.one_of("way", "in", "out")
    moved = (capital.deposit if way == "in" else capital.withdraw)(config, account, bot, typed, visit.site.by)
    text = (
        f"Its book has {money(moved.value, moved.currency)} now, {money(moved.value_before, moved.currency)} before, "
        f"at the prices of {moved.session}. The next run trades by this."
    )
    title = f"{money(moved.amount, moved.currency)} {'given to' if way == 'in' else 'taken from'} {bot}"
    return _done(visit, title, text, disarmed=moved.disarmed)


def done(visit: Visit, title: str, made: InvestmentsEdited, text: str = "") -> Response:
    """What an edit of the settings changed."""
    return _done(visit, title, text, made.changes, made.disarmed)


def _done(
    visit: Visit, title: str, text: str, changes: Sequence[SettingChanged] = (), disarmed: Sequence[str] = ()
) -> Response:
    """With links to the pages of the same account."""
    config = visit.site.load()
    values: dict[str, Any] = {"title": title, "text": text, "changes": changes, "disarmed": disarmed}
    return show(visit, config, "done.html", account=account_of(visit, config), **values)


def disarms(config: Config) -> tuple[str, ...]:
    """A sentence for each arming that a change of the settings would undo."""
    return tuple(revoked_armings(config, config.journal(), "", ""))
