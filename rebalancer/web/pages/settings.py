"""Settings: every key with what it means; a change is shown as a difference of the file before it is saved."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from starlette.responses import Response

from rebalancer.app.setting_change import editable, propose, save
from rebalancer.config.effective import effective_settings
from rebalancer.errors import BadInputError, Problem
from rebalancer.web.pages.around import account_of, show
from rebalancer.web.pages.bots import done
from rebalancer.web.pages.setting_fields import PAIRS, SettingField, by_field, changed, fields_of, pairs_of, typed_of
from rebalancer.web.site import Visit

EMPTY_PAIRS = 2
"""So many more can be added at a time."""
TITLES = {
    "": "This account",
    "cash_reserve": "Cash that is never invested",
    "trading": "How it trades",
    "limits": "Limits that no order passes",
    "sim": "The simulated broker",
}


def settings(visit: Visit) -> Response:
    return _form(visit)


def _form(visit: Visit, problems: Sequence[Problem] = (), typed: Mapping[str, str] | None = None) -> Response:
    """`typed` is what a person wrote before, where that was refused."""
    config = visit.site.load()
    account = account_of(visit, config)
    fields, here = fields_of(editable(config, account)), f"accounts.{account.name}."
    values = {field.key: field.value for field in fields} | dict(typed or {})
    return show(
        visit,
        config,
        "settings.html",
        400 if problems else 200,
        account=account,
        tables=[(TITLES[table], list(found)) for table, found in groupby(fields, _table)],
        values=values,
        pairs=[*pairs_of(values[PAIRS]), *[("", "")] * EMPTY_PAIRS],
        others=[each for each in effective_settings(config, account) if each.key.removeprefix(here) not in values],
        file=config.path.name,
        wrong=by_field(account.name, problems),
    )


def _table(field: SettingField) -> str:
    return field.table


def change(visit: Visit) -> Response:
    """Shows what would change. Nothing is saved."""
    config, typed = visit.site.load(), typed_of(visit.form)
    account = account_of(visit, config)
    try:
        found = changed(fields_of(editable(config, account)), typed)
        proposed = propose(config, account, found, visit.site.by)
    except BadInputError as error:
        return _form(visit, error.problems, typed)
    return show(visit, config, "settings_change.html", account=account, proposed=proposed, typed=found)


def saved(visit: Visit) -> Response:
    """Makes the change that was shown, and no other."""
    config = visit.site.load()
    account = account_of(visit, config)
    proposed = propose(config, account, typed_of(visit.form), visit.site.by)
    made = save(config, account, proposed, visit.form["base"], visit.site.by)
    return done(visit, "The settings are saved", made, "The next run goes by them.")
