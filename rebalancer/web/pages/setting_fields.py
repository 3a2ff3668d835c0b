"""A setting as a field of a form: how it is chosen or typed, and what is allowed, in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rebalancer.app.proposals import EditableSetting
from rebalancer.errors import BadInputError, Problem
from rebalancer.model.settings import Range
from rebalancer.web.forms import Form

PAIRS = "trading.paired_tickers"
NOT_TYPED = {"account", "base", "form_token", "request_id"}
PAIR = "pair-"


@dataclass(frozen=True, slots=True)
class SettingField:
    """`value` is as it is typed. `choices`, with the word for each, are empty where it is typed; `allowed` is "" where
    they say it all.
    """

    setting: EditableSetting
    value: str
    choices: Mapping[str, str]
    is_number: bool
    allowed: str

    @property
    def key(self) -> str:
        return self.setting.key

    @property
    def table(self) -> str:
        return self.key.rpartition(".")[0]

    @property
    def id(self) -> str:
        """Of its element in the page."""
        return self.key.replace(".", "-")

    @property
    def label(self) -> str:
        return self.key.rpartition(".")[2].replace("_", " ").capitalize()


def fields_of(settings: Iterable[EditableSetting]) -> tuple[SettingField, ...]:
    return tuple(map(_field, settings))


def _field(setting: EditableSetting) -> SettingField:
    schema = setting.schema
    value = "" if setting.value == "none" else setting.value
    return SettingField(setting, value, _choices(schema), "maximum" in schema, _allowed(schema))


def _choices(schema: Mapping[str, Any]) -> Mapping[str, str]:
    if schema.get("type") == "boolean":
        return {"true": "yes", "false": "no"}
    return {choice: choice.replace("_", " ") for choice in schema.get("enum", ())}


def _allowed(schema: Mapping[str, Any]) -> str:
    if "maximum" in schema:
        above = "exclusiveMinimum" in schema
        words = str(Range(schema["exclusiveMinimum" if above else "minimum"], schema["maximum"], above))
        return f"{words[0].upper()}{words[1:]}."
    if schema.get("type") == "array":
        pairs = schema["items"].get("type") == "array"
        return "Pairs such as SPY/SH, QQQ/PSQ." if pairs else "Tickers such as SPY, TLT."
    return ""


def typed_of(form: Form) -> Mapping[str, str]:
    """The settings in the form. Pairs stand in two fields each, "pair-0-one" and "pair-0-other"."""
    found = {name: value for name, value in form.fields.items() if name not in NOT_TYPED and not name.startswith(PAIR)}
    sides = [name.removesuffix("-one") for name in form.fields if name.startswith(PAIR) and name.endswith("-one")]
    if not sides:
        return found
    pairs = ((form.get(f"{side}-one").strip(), form.get(f"{side}-other").strip()) for side in sides)
    return {**found, PAIRS: ", ".join(f"{one}/{other}" for one, other in pairs if one or other)}


def pairs_of(text: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, text.split(", ")):
        first, _, second = pair.partition("/")
        yield first, second


def by_field(account: str, problems: Iterable[Problem]) -> Mapping[str, list[Problem]]:
    """The problems by the key of the field that they are of; the places of others have no field of that key."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        key = (problem.place or problem.source).removeprefix(f"accounts.{account}.")
        found.setdefault(key, []).append(problem)
    return found


def changed(fields: Sequence[SettingField], typed: Mapping[str, str]) -> Mapping[str, str]:
    """What is typed otherwise than it is set. Raises BadInputError where that is nothing."""
    now = {field.key: field.value for field in fields}
    found = {key: text for key, text in typed.items() if text.strip() != now.get(key)}
    if not found:
        raise BadInputError.of("settings", "nothing differs from what is set already: change a value first")
    return found
