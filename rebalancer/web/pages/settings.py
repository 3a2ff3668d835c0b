"""Settings: every key with what it means; a change is shown as a difference of the file before it is saved."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from starlette.responses import Response

from rebalancer.app.settings_form import SettingField, propose, save, setting_fields
from rebalancer.config.effective import effective_settings
from rebalancer.errors import BadInputError, Problem
from rebalancer.web.forms import Form
from rebalancer.web.pages.around import account_of, show
from rebalancer.web.pages.bots import done
from rebalancer.web.site import Visit

PAIRS = "trading.paired_tickers"
EMPTY_PAIRS = 2
"""So many more can be added at a time."""
TITLES = {
    "": "This account",
    "cash_reserve": "Cash that is never invested",
    "trading": "How it trades",
    "limits": "Limits that no order passes",
    "sim": "The simulated broker",
}
NOT_TYPED = {"account", "base", "form_token", "request_id"}


def settings(visit: Visit) -> Response:
    return _form(visit)


def _form(visit: Visit, problems: Sequence[Problem] = (), typed: Mapping[str, str] | None = None) -> Response:
    """`typed` is what a person wrote before, where that was refused."""
    config = visit.site.load()
    account = account_of(visit, config)
    fields, here = setting_fields(config, account), f"accounts.{account.name}."
    values = {field.key: field.value for field in fields} | dict(typed or {})
    others = [each for each in effective_settings(config, account) if each.key.removeprefix(here) not in values]
    return show(
        visit,
        config,
        "settings.html",
        400 if problems else 200,
        account=account,
        tables=[(TITLES[table], list(found)) for table, found in groupby(fields, _table)],
        values=values,
        pairs=[*_pairs(values[PAIRS]), *[("", "")] * EMPTY_PAIRS],
        others=others,
        file=str(config.path),
        problems=problems,
    )


def _table(field: SettingField) -> str:
    return field.table


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, text.split(", ")):
        first, _, second = pair.partition("/")
        yield first, second


def change(visit: Visit) -> Response:
    """Shows what would change. Nothing is saved."""
    config = visit.site.load()
    account, typed = account_of(visit, config), typed_of(visit.form)
    try:
        proposed = propose(config, account, typed)
    except BadInputError as error:
        return _form(visit, error.problems, typed)
    here = f"accounts.{account.name}."
    kept = {each.key.removeprefix(here): typed[each.key.removeprefix(here)] for each in proposed.changes}
    return show(visit, config, "settings_change.html", account=account, proposed=proposed, typed=kept)


def typed_of(form: Form) -> Mapping[str, str]:
    """The settings in the form; pairs stand in two fields each, "pair-0-one" and "pair-0-other"."""
    found = {
        name: value for name, value in form.fields.items() if name not in NOT_TYPED and not name.startswith("pair-")
    }
    numbers = sorted({name.split("-")[1] for name in form.fields if name.startswith("pair-")}, key=_as_number)
    if not numbers:
        return found
    pairs = ((form.get(f"pair-{each}-one").strip(), form.get(f"pair-{each}-other").strip()) for each in numbers)
    return {**found, PAIRS: ", ".join(f"{one}/{other}" for one, other in pairs if one or other)}


def _as_number(text: str) -> tuple[int, str]:
    return len(text), text


def saved(visit: Visit) -> Response:
    """Makes the change that was shown, and no other."""
    config = visit.site.load()
    account = account_of(visit, config)
    made = save(config, account, typed_of(visit.form), visit.form["base"], visit.site.by)
    return done(visit, "The settings are saved", made, "The next run goes by them.")
