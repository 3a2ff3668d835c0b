"""Writes the indicators' rows into native.schema.json. Run this after a row was added or changed:

python tests/bots/flowchart/make_schema.py
"""

import json
from importlib.resources import files
from pathlib import Path

from rebalancer.bots.flowchart.indicators import INDICATORS, IndicatorSpec, Parameter

FILE = Path(str(files("rebalancer.bots.flowchart.formats").joinpath("native.schema.json")))


def with_indicators(schema: dict) -> dict:
    """`schema` with one entry for each indicator, as a value in a condition and as the score of a filter."""
    made = json.loads(json.dumps(schema))
    composed = {"$ref": "#/$defs/composed_value"}
    made["$defs"]["value"]["oneOf"] = [{"type": "number"}, composed, *map(_as_value, INDICATORS.values())]
    scores = made["$defs"]["filter"]["properties"]["filter"]["properties"]["by"]
    scores["oneOf"] = [*map(_as_score, INDICATORS.values())]
    return made


def _as_value(spec: IndicatorSpec) -> dict:
    body = _object(spec, {"of": {"$ref": "#/$defs/subject"}})
    return {
        "description": spec.meaning,
        "type": "object",
        "properties": {spec.name: body},
        "required": [spec.name],
        "additionalProperties": False,
    }


def _as_score(spec: IndicatorSpec) -> dict:
    return {"description": spec.meaning, **_object(spec, {"function": {"const": spec.name}})}


def _object(spec: IndicatorSpec, properties: dict) -> dict:
    numbers = {parameter.name: _number(parameter) for parameter in spec.parameters}
    return {
        "type": "object",
        "properties": properties | numbers,
        "required": [*properties, *numbers],
        "additionalProperties": False,
    }


def _number(parameter: Parameter) -> dict:
    shared = {Parameter("window"): "window", Parameter("window", least=2): "window_of_a_deviation"}
    if parameter in shared:
        return {"$ref": f"#/$defs/{shared[parameter]}"}
    return {"type": "integer", "minimum": parameter.least, "maximum": parameter.most}


if __name__ == "__main__":
    made = with_indicators(json.loads(FILE.read_text("utf-8")))
    FILE.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", "utf-8")
