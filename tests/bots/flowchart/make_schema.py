"""Writes the indicators' rows into native.schema.json and docs/indicators.md. Run this after a row was changed:

python tests/bots/flowchart/make_schema.py
"""

import json
from importlib.resources import files
from pathlib import Path

from rebalancer.bots.flowchart.indicators import INDICATORS, IndicatorSpec, Parameter

PAGE = Path(__file__).parents[3] / "docs" / "indicators.md"
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
    return {
        "type": "number" if parameter.fraction else "integer",
        "minimum": parameter.least,
        "maximum": parameter.most,
    }


HEAD = """# Indicators

Of the closes of a ticker, or of the simulated value of a part of a chart; those "of tickers only" need a price. Each
reads the days up to its own and no later one. A value is undefined until there are enough days in a row without a gap,
and starts anew after one; what is undefined is never read as 0 or as no (see [bots](bots.md)).

| name, on screens | numbers | unit | meaning | first value on day | by |
|---|---|---|---|---|---|
"""


def page() -> str:
    """All rows as a table."""
    return HEAD + "".join(map(_line, INDICATORS.values()))


def _line(spec: IndicatorSpec) -> str:
    numbers = ", ".join(f"`{each.name}` {each.least:,g} to {each.most:,g}" for each in spec.parameters) or "none"
    meaning = spec.meaning + (f" Undefined where {spec.undefined}." if spec.undefined else "")
    first = _first_day(spec)
    return f"| `{spec.name}`, {spec.short} | {numbers} | {spec.unit} | {meaning} | {first} | {spec.source} |\n"


def _first_day(spec: IndicatorSpec) -> str:
    """Such as "20, of 10": the day of the first value with 10, or with the usual numbers of several."""
    usual = {"short-window": 12, "long-window": 26, "smooth-window": 9, "deviations": 2, "gamma": 0.5}
    numbers = [usual.get(each.name, 10) for each in spec.parameters]
    example = f", with {'/'.join(map(str, numbers))}" if numbers else ""
    return f"{spec.prices(*numbers)}{example}"


if __name__ == "__main__":
    made = with_indicators(json.loads(FILE.read_text("utf-8")))
    FILE.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(), "utf-8")
