"""What stands around every page: which accounts have real money, and what is halted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import wraps

import numpy as np
from markupsafe import Markup
from starlette.responses import Response

from rebalancer.app.chosen import chosen_accounts
from rebalancer.app.overview import Track, is_real_money
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, BusyError, echoed
from rebalancer.events import Halted
from rebalancer.journal import read
from rebalancer.report.charts import sparkline
from rebalancer.web.refusals import Refusal, refusal_of
from rebalancer.web.site import Visit

Answer = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class Around:
    real_money: tuple[str, ...]
    halts: tuple[Halted, ...]
    zone: tzinfo


def show(visit: Visit, config: Config, template: str, status: int = 200, **values: object) -> Response:
    names = tuple(account.name for account in config.accounts)
    return visit.show(template, status, around=_around(config), account_names=names, **values)


def _around(config: Config) -> Around:
    real_money = tuple(account.name for account in config.accounts if is_real_money(account))
    found = (halt for account in config.accounts for halt in read.halts(config.journal(), account.name))
    return Around(real_money, tuple(dict.fromkeys(found)), config.accounts[0].venue.zone)


def shown_again(form: Callable[[Visit, Refusal], Response]) -> Callable[[Answer], Answer]:
    """Where what was sent is refused and nothing was changed, `form` is shown again, with what was typed."""

    def kept(answer: Answer) -> Answer:
        @wraps(answer)
        def tried(visit: Visit) -> Response:
            try:
                return answer(visit)
            except (BadInputError, BusyError) as error:
                return form(visit, refusal_of(error))

        return tried

    return kept


def show_form(visit: Visit, config: Config, template: str, refusal: Refusal | None, **values: object) -> Response:
    """A page with forms; after a `refusal` with why, and `typed`, what was sent by field."""
    refused: Sequence[object] = (refusal.problems or (refusal.message,)) if refusal else ()
    status = refusal.status if refusal else 200
    return show(visit, config, template, status, refused=refused, typed=visit.form.fields, **values)


def account_of(visit: Visit, config: Config) -> AccountConfig:
    """That which the address names, else the first; a form has to name one. Raises BadInputError for an unknown one."""
    name = visit.form["account"] if visit.request.method == "POST" else visit.query.get("account") or None
    return chosen_accounts(config, name)[0]


def spark(told: str, track: Track, *, growth: bool = False) -> Markup:
    """The values, or the `growth`, which capital that comes and goes does not move. `told` says in words what it is."""
    values = np.array(track.growth if growth else track.values, dtype=float)
    return Markup(sparkline(told, values))  # noqa: S704 - its text is escaped


def number(visit: Visit, name: str, otherwise: int, most: int) -> int:
    """A whole number above 0 in the address. Raises BadInputError for anything else."""
    text = visit.query.get(name) or str(otherwise)
    if text.isascii() and text.isdigit() and 1 <= int(text[:10]) <= most and len(text) <= 10:
        return int(text)
    raise BadInputError.of(name, f"{echoed(text)} is not allowed: use a whole number from 1 to {most:,}")
