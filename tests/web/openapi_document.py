"""Writes the OpenAPI document of the web API, into the package and into docs. Run this after a call was changed:

python tests/web/openapi_document.py
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from answers_schema import _members_of, _object  # noqa: E402

from rebalancer import __version__  # noqa: E402
from rebalancer.errors import Problem  # noqa: E402
from rebalancer.web.api import CALLS  # noqa: E402
from rebalancer.web.calls import BodyField, Call, Parameter  # noqa: E402

FILES = (ROOT / "rebalancer" / "web" / "openapi.json", ROOT / "docs" / "openapi.json")
ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "problems": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
            },
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "8 to 200 characters, new for each new request: sent again with the same one, it is done once.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 200},
}


UNCHANGED = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an answer that is known: one that is unchanged is not sent again.",
    "schema": {"type": "string"},
}
OF_THE_EVENT = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The last line that is known; without it, the lines from now on.",
    "schema": {"type": "string"},
}
REFUSED = {
    "description": "Refused.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def _text(summary: str, kind: str, **more: Any) -> dict[str, Any]:
    answered = {"description": "Done.", "content": {kind: {"schema": {"type": "string"}}}}
    name = summary.partition(":")[0].lower().replace(" ", "_")
    return {"summary": summary, "operationId": name, **more, "responses": {"200": answered, "default": REFUSED}}


HEALTHY = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
OTHERS: dict[str, dict[str, Any]] = {
    "/api/v1/events": _text(
        "Events: the journal's new lines, as they are written.", "text/event-stream", parameters=[OF_THE_EVENT]
    ),
    "/api/openapi.json": _text("Document: this one.", "application/json"),
    "/metrics": _text("Metrics: the figures of [metrics], for Prometheus.", "text/plain"),
    "/health": {
        "summary": "Whether the server answers.",
        "operationId": "health",
        "security": [],
        "responses": {"200": {"description": "It does.", "content": {"application/json": {"schema": HEALTHY}}}},
    },
}


def document() -> dict[str, Any]:
    types: dict[str, Any] = {"Problem": _object(_members_of(Problem), {})}
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, types)
    paths |= {path: {"get": operation} for path, operation in OTHERS.items()}
    found = {
        "openapi": "3.1.0",
        "info": {
            "title": "rebalance",
            "version": __version__,
            "description": "On this machine alone. Money is text; times have their zone.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": ERROR, **dict(sorted(types.items()))},
        },
    }
    referring: dict[str, Any] = json.loads(json.dumps(found).replace("#/$defs/", "#/components/schemas/"))
    return referring


def _operation(call: Call, types: dict[str, Any]) -> dict[str, Any]:
    answered = {"description": "Done.", "content": _json(_object(_given(call), types))}
    responses: dict[str, Any] = {str(call.status): answered, "default": REFUSED}
    if call.method == "GET":
        answered["headers"] = {"ETag": {"schema": {"type": "string"}}}
        responses["304"] = {"description": "Unchanged since the answer with that ETag."}
    header = {"GET": UNCHANGED, "POST": KEY, "DELETE": KEY | {"required": False}}[call.method]
    found: dict[str, Any] = {
        "summary": call.summary,
        "operationId": call.answer.__name__,
        "parameters": [*map(_parameter, call.parameters), header],
        "responses": responses,
    }
    return found | ({"requestBody": {"required": True, "content": _json(_body(call))}} if call.body else {})


def _given(call: Call) -> dict[str, Any]:
    return call.gives if isinstance(call.gives, dict) else _members_of(call.gives)


def _parameter(each: Parameter) -> dict[str, Any]:
    place = "path" if each.path else "query"
    named = {"name": each.name, "in": place, "required": each.required}
    return {**named, "description": each.meaning, "schema": dict(each.schema)}


def _body(call: Call) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {each.name: _field(each) for each in call.body},
        "required": [each.name for each in call.body if each.required],
        "additionalProperties": False,
    }


def _field(each: BodyField) -> dict[str, Any]:
    kinds = list(each.kinds)
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "description": each.meaning}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


if __name__ == "__main__":
    for file in FILES:
        file.write_text(f"{json.dumps(document(), indent=1)}\n", "utf-8")
