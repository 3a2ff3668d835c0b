"""Writes docs/answers.schema.json, the JSON Schema of each command's answer, and the OpenAPI document with its own.

Run this after an answer was changed:

python tests/answers_schema.py
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from runpy import run_path
from types import NoneType, UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

from jsonschema import Draft202012Validator

from rebalancer.app.account_ledger import Exported
from rebalancer.app.bot_views import CheckedBot, Explanation, ImportedBot, ListedBot, ShownBot
from rebalancer.app.capital_views import MovedCapital
from rebalancer.app.close_audit import CloseAudit
from rebalancer.app.compaction import DataCompacted
from rebalancer.app.performance_views import AccountPerformance
from rebalancer.app.positions import AccountPositions
from rebalancer.app.price_views import PriceStatus
from rebalancer.app.replay import Replay
from rebalancer.app.service_files import Way
from rebalancer.app.service_installation import Started
from rebalancer.app.status_views import StatusReport, UpcomingRun
from rebalancer.app.sweep import Sweep
from rebalancer.app.verification import Verification
from rebalancer.app.views import (
    Adoption,
    Blocked,
    DeliveryTest,
    Invested,
    InvestmentsEdited,
    Killed,
    LiveAccount,
    Migrated,
    Restored,
    Resumed,
    RunResult,
)
from rebalancer.backtest.metrics import Statistics, Year
from rebalancer.config.effective import Setting
from rebalancer.errors import Problem
from rebalancer.events import Armed, Halted, SettingChanged
from rebalancer.journal.chain import AuditResult, Head
from rebalancer.journal.connection import Backup
from rebalancer.journal.input_store import Compacted
from rebalancer.journal.read import OrderSummary, RunRecord, RunSummary
from rebalancer.model import Position, RunStatus
from rebalancer.model.checkup import Checkup
from rebalancer.portfolio.crossings import Crossing
from rebalancer.report.answers import FRACTIONS, HERE, MONEY, QUANTITIES, RENAMED

FILE = Path(__file__).parent.parent / "docs" / "answers.schema.json"
MONEY_TEXT = {"type": "string", "pattern": r"^-?\d+\.\d\d$"}
AMOUNT_TEXT = {"type": "string", "pattern": r"^\d+\.\d\d+$"}
DECIMAL_TEXT = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
SCALARS: Mapping[object, Mapping[str, object]] = {
    Any: {},
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    Decimal: DECIMAL_TEXT,
    date: {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"},
    datetime: {
        "type": "string",
        "format": "date-time",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d$",
    },
}
TRACK = {
    "name": str,
    "kind": Literal["bot", "merged", "benchmark"],
    "statistics": Statistics,
    "years": tuple[Year, ...],
    "last_allocation": Mapping[str, float],
}
SYNCED = {
    "last": date,
    "symbol_count": int,
    "requests": int,
    "thrown_away": Mapping[str, str],
    "silent": Mapping[str, date],
}
NOTIFICATION = {
    "account": str,
    "session": date | None,
    "run": int | None,
    "status": RunStatus,
    "message": str,
    "exit_code": int,
    "head": Head | None,
}
ANSWERS: Mapping[str, Any] = {
    "run": {"accounts": [RunResult]},
    "recover": {"accounts": [{"account": str, "record": RunRecord | None, "cut_off_removals": [str]}]},
    "halt": {"halt": Halted},
    "resume": Resumed,
    "kill": Killed,
    "web": {"address": str, "token_file": str},
    "schedule": {"coming_runs": [UpcomingRun]},
    "status": StatusReport,
    "doctor": {"checkups": [Checkup]},
    "self-check": {"checkups": [Checkup]},
    "explain": Explanation,
    "backtest": {
        "first": date,
        "last": date,
        "sessions": int,
        "currency": str,
        "cash": float,
        "cost_bps": float,
        "tracks": [TRACK],
        "notes": [str],
    },
    "sweep": Sweep,
    "history": {"runs": [RunSummary], "head": Head | None},
    "history RUN": {"record": RunRecord, "crossed": [Crossing]},
    "orders": {"orders": [OrderSummary]},
    "positions": {"accounts": [AccountPositions]},
    "performance": {"accounts": [AccountPerformance]},
    "bots list": {"bots": [ListedBot]},
    "bots show": ShownBot,
    "bots new": {"file": str},
    "bots check": {"bots": [CheckedBot]},
    "bots verify": Verification,
    "bots import": ImportedBot,
    "data status": PriceStatus,
    "data compact": DataCompacted,
    "data sync": {"synced": (SYNCED, None)},
    "init": {"written": [str], "next": [str]},
    "login": {"account": str, "stored_in": str},
    "logout": {"account": str, "removed": bool},
    "adopt": Adoption,
    "write-off": {"account": str, "written_off": Position},
    "audit-close": CloseAudit,
    "backup": Backup,
    "audit verify": AuditResult,
    "audit compact": Compacted,
    "replay": Replay,
    "export": Exported,
    "audit accept-restore": Restored,
    "config check": {"file": str, "problems": [Problem], "warnings": [Problem]},
    "config show": {"file": str, "accounts": [{"account": str, "settings": [Setting]}]},
    "config changes": {"changes": [SettingChanged]},
    "config migrate": Migrated,
    "invest add": InvestmentsEdited,
    "invest set": InvestmentsEdited,
    "invest remove": InvestmentsEdited,
    "invest deposit": MovedCapital,
    "invest withdraw": MovedCapital,
    "invest list": {"accounts": [{"account": str, "investments": [Invested]}]},
    "live arm": {"armed": Armed},
    "live disarm": {"account": str, "was_armed": Armed | None},
    "live status": {"accounts": [LiveAccount]},
    "notify login": {"name": str, "stored_in": str},
    "notify test": {"recipients": [DeliveryTest]},
    "service install": {"way": Way, "texts": Mapping[str, str], "notes": [str], "installed": bool},
    "service uninstall": {"way": Way, "places": [str]},
    "service status": {"services": [Started]},
}
"""What each answer has beside `exit_code`."""
OTHERS: Mapping[str, Any] = {
    "error": {"exit_code": int, "error": {"message": str, "problems": [Problem]}},
    "schedule, a result": RunResult,
    "schedule, an account that sends no orders": Blocked,
    "schedule, a failed look": {"error": {"message": str, "problems": [Problem]}},
    "on_result": NOTIFICATION,
}


def schemas() -> dict[str, Any]:
    types: dict[str, Any] = {}
    answers = {name: _of_answer(found, types) for name, found in ANSWERS.items()}
    others = {name: _of(found, "", types) for name, found in OTHERS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "What each command writes with --json, and what on_result is told: see json.md.",
        "answers": {**answers, **others},
        "$defs": dict(sorted(types.items())),
    }


def _of_answer(found: Any, types: dict[str, Any]) -> dict[str, Any]:
    """With `exit_code` first; some answers have one of their own."""
    named = found if isinstance(found, dict) else _members_of(found)
    return _object({"exit_code": int, **named}, types)


def _members_of(form: type) -> dict[str, Any]:
    """The hints of the members that `report.answers` writes for a dataclass."""
    hints, names, members = get_type_hints(form), RENAMED.get(form, {}), dict[str, Any]()
    for field in fields(form):
        name = names.get(field.name, field.name)
        members.update(_members_of(hints[field.name]) if name == HERE else {name: hints[field.name]})
    return members


def _object(members: Mapping[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    properties = {name: _of(hint, name, types) for name, hint in members.items()}
    return {"type": "object", "properties": properties, "required": [*properties]}


def _of(hint: Any, name: str, types: dict[str, Any]) -> dict[str, Any]:
    """The schema of a member `name` of that type; those of dataclasses are put into `types`."""
    if isinstance(hint, NewType):
        return _of(hint.__supertype__, name, types)
    if isinstance(hint, dict):
        return _object(hint, types)
    if isinstance(hint, tuple):
        return {"anyOf": [_of(each or NoneType, name, types) for each in hint]}
    if isinstance(hint, list):
        return {"type": "array", "items": _of(hint[0], name, types)}
    if is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in types:
            types[hint.__name__] = {}
            types[hint.__name__] = _object(_members_of(hint), types)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return _of_generic(hint, name, types) if get_args(hint) else _of_scalar(hint, name)


def _of_generic(hint: Any, name: str, types: dict[str, Any]) -> dict[str, Any]:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": [*args]}
    if {*args} == {int, Decimal}:
        return _of_scalar(Decimal, name)
    if origin in {Union, UnionType}:
        return {"anyOf": [_of(arg, name, types) for arg in args]}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(args[1], "", types)}
    if origin is tuple and args[-1] is not Ellipsis:
        return {"type": "array", "prefixItems": [_of(arg, name, types) for arg in args], "items": False}
    assert origin in {tuple, Sequence}
    return {"type": "array", "items": _of(args[0], name, types)}


def _of_scalar(hint: Any, name: str) -> dict[str, Any]:
    if hint in {Decimal, float} and name in MONEY:
        return dict(AMOUNT_TEXT if name == "amount" else MONEY_TEXT)
    if name in FRACTIONS:
        return dict(SCALARS[float])
    assert name not in QUANTITIES or hint is Decimal
    return dict(SCALARS[hint])


def closed(schema: Any) -> Any:
    """The schema without leave for members that it does not name, which a reader of it should have."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if "required" in inner and "properties" in inner else inner


def name_of(words: Sequence[object]) -> str:
    """The answer of that command line."""
    text = " ".join(map(str, words))
    if re.match(r"history \d", text):
        return "history RUN"
    return max((name for name in ANSWERS if f"{text} ".startswith(f"{name} ")), key=len)


def require_valid(words: Sequence[object], text: str) -> None:
    """Raises jsonschema.ValidationError where the answer of that command line has not exactly what its schema names."""
    answer = json.loads(text)
    name = "error" if "error" in answer else name_of(words)
    validator(name).validate(answer)


@cache
def validator(name: str) -> Draft202012Validator:
    found = closed(json.loads(FILE.read_text("utf-8")))
    return Draft202012Validator({"$ref": f"#/answers/{name}", **found})


if __name__ == "__main__":
    FILE.write_text(json.dumps(schemas(), indent=1) + "\n", "utf-8")
    run_path(str(Path(__file__).with_name("web") / "openapi_document.py"), run_name="__main__")
