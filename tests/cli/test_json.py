"""What --json writes: one object, of which docs/answers.schema.json says every member. tests/conftest.py checks each
answer of each test by it; here are the commands that need no venue, and the rules.
"""

import json
from collections import defaultdict

import pytest
from accounts import write_config
from answers_schema import ANSWERS, FILE, OTHERS, schemas
from jsonschema import Draft202012Validator
from typer.main import get_command

from rebalancer.cli.app import app

COMMANDS = (
    "init mine",
    "config check",
    "config check --config gone.toml",
    "run --yes",
    "run --dry-run",
    "run --as-of 2016-07-01",
    "recover",
    "history",
    "history 1",
    "history 99",
    "orders",
    "positions",
    "performance",
    "performance Hold --from 2016-01-01",
    "status",
    "schedule --next 2",
    "doctor",
    "explain hold.json --tree",
    "explain hold.json --mermaid",
    "backtest hold.json --from 2016-01-04",
    "bots list",
    "bots show hold.json",
    "bots new Mine",
    "bots check hold.json config.toml",
    "bots import hold.json -o imported.json",
    "data status",
    "data sync",
    "adopt SPY --yes",
    "write-off SPY --reason gone --yes",
    "backup copy.sqlite",
    "audit verify",
    "audit accept-restore --yes",
    "config show",
    "config migrate",
    "invest list",
    "invest add bots/mine.json 5",
    "invest set mine 6",
    "config changes",
    "invest remove mine",
    "live status",
    "halt --reason storm",
    "run --yes",
    "resume --reason over",
    "kill",
    "logout main",
)


def test_every_answer_is_one_object_with_the_exit_code_and_fits_its_schema(rebalance, tmp_path):
    """The fixture validates; the commands follow one another on one account."""
    write_config(tmp_path)
    for command in COMMANDS:
        said = rebalance(*command.split(), "--json")
        answer = json.loads(said.out)
        assert next(iter(answer)) == "exit_code", command
        assert answer["exit_code"] == said.code, command


def test_every_command_with_json_has_a_schema():
    def named(command, path=()):
        if inner := getattr(command, "commands", None):
            return {name for word, each in inner.items() for name in named(each, (*path, word))}
        return {" ".join(path)} if any("--json" in option.opts for option in command.params) else set()

    assert named(get_command(app)) == ANSWERS.keys() - {"history RUN"}


def test_the_schemas_are_those_of_the_program_and_listed_in_the_manual():
    """`python tests/answers_schema.py` writes them anew."""
    written = json.loads(FILE.read_text("utf-8"))
    assert written == json.loads(json.dumps(schemas()))
    Draft202012Validator.check_schema(written)
    manual = (FILE.parent / "json.md").read_text("utf-8")
    assert all(f"| `{name}` |" in manual for name in ANSWERS)


def test_a_name_means_the_same_in_every_answer():
    """Lists of different objects may share a name, such as `accounts`; nothing else does."""
    meanings = defaultdict(set)

    def collect(schema):
        for name, member in schema.get("properties", {}).items():
            of_objects = "$ref" in str(member.get("items")) or "properties" in str(member.get("items"))
            meanings[name].add("a list of objects" if of_objects else json.dumps(_without_null(member)))
        for inner in (*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", ())):
            if isinstance(inner, dict):
                collect(inner)

    found = schemas()
    for schema in (*found["answers"].values(), *found["$defs"].values()):
        collect(schema)
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def _without_null(member):
    parts = [part for part in member.get("anyOf", ()) if part != {"type": "null"}]
    return parts[0] if len(parts) == 1 else member


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("history", "--limit", "many"), "Invalid value for '--limit'"),
        (("histroy",), "No such command 'histroy'. Did you mean 'history'?"),
        (("run", "--as-of", "tomorrow"), "Invalid value for '--as-of'"),
        (("run", "--what"), "No such option"),
        (("backup",), "Missing argument 'file'"),
        (("explain", "nobody"), "'nobody' is no file and no bot"),
    ],
)
def test_a_mistake_in_the_command_line_is_an_answer_too(rebalance, words, said):
    output = rebalance(*words, "--json")
    answer = json.loads(output.out)
    assert (output.code, answer["exit_code"]) == (2, 2)
    assert said in answer["error"]["message"]
    (problem,) = answer["error"]["problems"]
    assert said in problem["text"]


def test_without_json_a_mistake_in_the_command_line_shows_the_usage(rebalance):
    output = rebalance("history", "--limit", "many")
    assert (output.code, output.out) == (2, "")
    assert "Usage: " in output.err


def test_the_answers_that_are_no_commands_have_a_schema():
    assert OTHERS.keys() <= json.loads(FILE.read_text("utf-8"))["answers"].keys()
