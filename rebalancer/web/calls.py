"""One call of the API: what it takes and gives, in one row, from which the server and the OpenAPI document are made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from rebalancer.app.chosen import chosen_accounts
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError
from rebalancer.model.text import listed
from rebalancer.web.refusals import RefusedError
from rebalancer.web.site import Visit

USUALLY_LISTED, MOST_LISTED = 20, 200
MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Parameter:
    """In the query, or with `path` in the path. `schema` is that of its text; `meaning` one sentence."""

    name: str
    meaning: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    required: bool = False
    path: bool = False


@dataclass(frozen=True, slots=True)
class BodyField:
    """`kinds` are the JSON types that are taken."""

    name: str
    meaning: str
    kinds: tuple[Literal["string", "number", "boolean", "array", "null"], ...] = ("string",)
    required: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """`answer` gives a dataclass or a mapping, which is written as `--json` writes it.

    `gives` describes the answer for the OpenAPI document: a dataclass, or a mapping of names to types. `stops` is that
    of `Page`.
    """

    path: str
    answer: Callable[["Asked"], object]
    summary: str
    gives: Any
    method: Literal["GET", "POST", "DELETE"] = "GET"
    parameters: tuple[Parameter, ...] = ()
    body: tuple[BodyField, ...] = ()
    status: int = 200
    stops: bool = False


PYTHON = {"string": str, "number": (int, Decimal), "boolean": bool, "array": list, "null": type(None)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the API, with the config as it is now and the fields of its body, checked by the call's row."""

    visit: Visit
    config: Config
    body: Mapping[str, Any]

    @property
    def by(self) -> str:
        return self.visit.site.by

    def query(self, name: str) -> str | None:
        return self.visit.query.get(name)

    def whole(self, name: str) -> int | None:
        """A whole number from 0 on. Raises RefusedError for anything else."""
        text = self.query(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
            raise RefusedError(400, "bad_parameter", f"{name} has to be a whole number.")
        return int(text)

    def limit(self) -> int:
        found = self.whole("limit")
        if found is not None and not 1 <= found <= MOST_LISTED:
            raise RefusedError(400, "bad_parameter", f"limit has to be from 1 to {MOST_LISTED}.")
        return USUALLY_LISTED if found is None else found

    def account(self) -> str | None:
        """Raises BadInputError for an account that the config has not."""
        name = self.query("account")
        chosen_accounts(self.config, name)
        return name

    def accounts(self) -> tuple[AccountConfig, ...]:
        """Those of `mode` (all without it), or the one of that name."""
        mode = self.query("mode")
        if mode not in {None, "paper", "live"}:
            raise RefusedError(400, "bad_parameter", "mode is paper or live.")
        chosen = chosen_accounts(self.config, self.query("account"))
        return tuple(each for each in chosen if mode in {None, each.mode})

    def one_account(self) -> AccountConfig:
        """The only one of them. Raises BadInputError where there is none, or several."""
        found = self.accounts()
        if len(found) != 1:
            text = f"name one account by ?account=: there are {listed([each.name for each in found]) or 'none'}"
            raise BadInputError.of("account", text)
        return found[0]


def checked(fields: tuple[BodyField, ...], found: object) -> Mapping[str, Any]:
    """Raises RefusedError for a body that is no object of these fields."""
    if not isinstance(found, dict):
        raise RefusedError(400, "bad_body", "The body has to be a JSON object.")
    known = {each.name: each for each in fields}
    if unknown := sorted(found.keys() - known.keys()):
        names = listed(list(known)) or "no field"
        raise RefusedError(400, "bad_body", f"{listed(unknown)!r} is unknown here; known: {names}.")
    for name, each in known.items():
        if name not in found and each.required:
            raise RefusedError(400, "bad_body", f"The body has no {name!r}: {each.meaning}")
        if name in found and not any(_is(found[name], kind) for kind in each.kinds):
            raise RefusedError(400, "bad_body", f"{name!r} has to be of type {' or '.join(each.kinds)}.")
    return found


def _is(value: object, kind: str) -> bool:
    """A JSON true is no number, though it is one in Python."""
    return isinstance(value, PYTHON[kind]) and (kind == "boolean" or not isinstance(value, bool))  # type: ignore[arg-type]
