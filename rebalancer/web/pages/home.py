"""The first page: what there is, what needs a person, and the halt."""

from collections.abc import Iterable, Iterator, Sequence

from markupsafe import Markup
from starlette.responses import Response

from rebalancer.app import controls
from rebalancer.app.overview import AccountOverview, overviews
from rebalancer.app.status import status_report
from rebalancer.errors import BadInputError
from rebalancer.events import Halted
from rebalancer.model.text import money
from rebalancer.web.pages.around import show_form, shown_again, spark
from rebalancer.web.refusals import Refusal
from rebalancer.web.site import Visit

DEFAULT_REASON = "halted on the web page"


def home(visit: Visit) -> Response:
    return _home(visit)


def _home(visit: Visit, refusal: Refusal | None = None) -> Response:
    config = visit.site.load()
    found = status_report(config, config.accounts, visit.site.clock)
    accounts = overviews(config, found)
    halts = tuple(dict.fromkeys(_halts(accounts)))
    return show_form(
        visit,
        config,
        "home.html",
        refusal,
        accounts=accounts,
        needs=tuple(dict.fromkeys((*_needs(accounts), *found.notes))),
        sparks={account.name: _spark(account) for account in accounts},
        halts=halts,
        resumable=not _of_real_money(accounts, halts),
        now=found.at,
    )


def _needs(accounts: Iterable[AccountOverview]) -> Iterator[str]:
    """A halt of all accounts once, not for each of them."""
    names: dict[str, list[str]] = {}
    for account in accounts:
        for trouble in account.status.troubles:
            names.setdefault(trouble, []).append(account.name)
    yield from (f"{', '.join(found)}: {trouble}" for trouble, found in names.items())


def _spark(account: AccountOverview) -> Markup:
    if account.track is None:
        return Markup()
    low, high = (money(each(account.track.values), account.status.currency) for each in (min, max))
    told = f"Equity since {account.track.sessions[0]}, between {low} and {high}"
    return spark(told, account.track)


def _of_real_money(accounts: Iterable[AccountOverview], halts: Sequence[Halted]) -> bool:
    return any(account.real_money and halt in account.halts for account in accounts for halt in halts)


def halt(visit: Visit) -> Response:
    """Asks nothing: a halt is lifted in a moment, and an order that should not have been sent is not taken back."""
    config = visit.site.load()
    reason = visit.form.get("reason").strip() or DEFAULT_REASON
    controls.halt(config, visit.form.get("account") or None, reason, visit.site.by)
    return visit.go("/#halt")


@shown_again(_home)
def resume(visit: Visit) -> Response:
    """Lifts every halt. Not of an account with real money: its first run stops to be reviewed on the terminal."""
    config = visit.site.load()
    found = overviews(config, status_report(config, config.accounts, visit.site.clock))
    if _of_real_money(found, _halts(found)):
        text = "an account with real money is halted: `rebalance resume` on the terminal lifts that"
        raise BadInputError.of("resume", text)
    controls.resume(config, None, _reason(visit), visit.site.by)
    return visit.go("/#halt")


def _halts(accounts: Iterable[AccountOverview]) -> tuple[Halted, ...]:
    return tuple(halt for account in accounts for halt in account.halts)


def _reason(visit: Visit) -> str:
    reason = visit.form["reason"].strip()
    if not reason:
        raise BadInputError.of("reason", "is empty: say why orders may be sent again, since it is journalled")
    return reason
