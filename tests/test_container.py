"""The files of docs/container are well-formed and say what docs/container.md promises. No image is built here."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from forks import FORKS, Surroundings

from rebalancer.app.runs import run_account
from rebalancer.app.settings import begin
from rebalancer.app.time_limits import seconds_to_stop
from rebalancer.cli.app import app
from rebalancer.config import load
from rebalancer.demo import config_path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "container"
SECONDS = {"s": 1, "m": 60, "h": 3600}


class Instruction(NamedTuple):
    name: str
    words: str


def instructions(text: str) -> Iterator[Instruction]:
    """Comment lines are left out and continued lines joined, as the builder does."""
    lines = "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, words = line.strip().partition(" ")
            yield Instruction(name.upper(), words.strip())


def stages(found: list[Instruction]) -> list[list[Instruction]]:
    begins = [place for place, each in enumerate(found) if each.name == "FROM"]
    return [found[first:last] for first, last in zip(begins, [*begins[1:], len(found)], strict=True)]


def words_of(stage: list[Instruction], name: str) -> list[str]:
    return [each.words for each in stage if each.name == name]


@pytest.fixture(scope="module")
def dockerfile() -> list[Instruction]:
    return list(instructions((FOLDER / "Dockerfile").read_text("utf-8")))


@pytest.fixture(scope="module")
def service() -> dict[str, object]:
    (found,) = yaml.safe_load((FOLDER / "compose.example.yaml").read_text("utf-8"))["services"].values()
    return found


def test_there_are_two_stages_and_the_second_has_no_source_and_no_network(dockerfile):
    assert [each.name for each in dockerfile][:1] == ["ARG"]
    first, second = stages(dockerfile)
    assert first[0].words.endswith(" AS build")
    assert words_of(second, "COPY") == []
    (install,) = [words for words in words_of(second, "RUN") if "pip" in words]
    assert "--no-index" in install
    assert "from=build,source=/wheels,target=/wheels" in install
    assert "/wheels" in words_of(first, "RUN")[0]


def test_every_instruction_is_one_of_the_builder(dockerfile):
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "ENTRYPOINT", "CMD", "HEALTHCHECK"}
    assert {each.name for each in dockerfile} == known


def test_every_path_that_is_copied_exists_and_is_in_the_context(dockerfile):
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    sources = [source for words in words_of(dockerfile, "COPY") for source in words.split()[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored
    assert "*" in ignored
    needed = re.findall(
        r'^(?:readme|license-files) = \[?"(\w+(?:\.md)?)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert {*needed, "pyproject.toml", "rebalancer"} == {*sources}


def test_it_runs_as_nobody_from_before_the_first_command_of_ours(dockerfile):
    _, second = stages(dockerfile)
    (user,) = words_of(second, "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    place = second.index(Instruction("USER", user))
    assert not [each for each in second[:place] if '"rebalance"' in each.words]
    assert "--owner 10001" in second[1].words + second[2].words
    assert words_of(second, "VOLUME") == ["/state"]


def test_the_program_is_the_first_process_and_gets_the_signals(dockerfile):
    """The exec form: with a shell between, SIGTERM would not reach a run."""
    _, second = stages(dockerfile)
    (entry,), (command,), (health,) = (words_of(second, name) for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"))
    assert json.loads(entry) == ["rebalance"]
    probe = json.loads(health.partition("CMD ")[2])
    assert probe == ["rebalance", "status", "--json"]
    assert {probe[1], *json.loads(command)} <= {each.name for each in app.registered_commands}


def test_the_compose_example_asks_for_no_more_rights_than_a_run_needs(service, dockerfile):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - of the container
    assert service["build"] == {"context": "../..", "dockerfile": "docs/container/Dockerfile"}
    assert (FOLDER / service["build"]["context"]).resolve() == ROOT
    named, bound = service["volumes"]
    assert named == "state:/state"
    assert (bound["target"], bound["read_only"]) == ("/config", True)
    _, second = stages(dockerfile)
    (set_to,) = words_of(second, "ENV")
    assert "REBALANCE_STATE=/state" in set_to
    assert "REBALANCE_CONFIG=/config/config.toml" in set_to


def test_stopping_may_take_as_long_as_a_run_at_alpaca_needs_by_the_settings_as_they_come(service, tmp_path):
    number, unit = re.fullmatch(r"(\d+)([smh])", service["stop_grace_period"]).groups()
    begin(tmp_path, "alpaca", "paper")
    needed = seconds_to_stop(load(tmp_path / "config.toml"))
    assert int(number) * SECONDS[unit] == needed
    assert f"--time {needed}" in (ROOT / "docs" / "container.md").read_text("utf-8")


def _run_watched(folder: Path, said: Path) -> None:
    """Lists each path that an evening of the demo opens to write, or changes; 0o1103 are the flags of writing."""
    Surroundings((), folder, {"HOME": str(folder / "state"), "REBALANCE_STATE": str(folder / "state")}).enter({})
    config = load(config_path(), {"REBALANCE_STATE": str(folder / "state")})
    written: list[str] = []
    changes = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate"}

    def hook(event: str, values: tuple[object, ...]) -> None:
        if event == "open" and isinstance(values[0], str) and isinstance(values[2], int) and values[2] & 0o1103:
            written.append(values[0])
        elif (event in changes or event == "sqlite3.connect") and not isinstance(values[0], int):
            written.append(str(values[0]))

    sys.addaudithook(hook)
    result = run_account(config, config.accounts[0])
    said.write_text("\n".join([str(result.exit_code), *written]))


@pytest.mark.linux
def test_a_run_writes_to_its_state_alone(tmp_path):
    """So that the root may be read-only. Watched by Python's own audit events, in a process of its own."""
    said = tmp_path / "said"
    child = FORKS.Process(target=_run_watched, args=(tmp_path, said))
    child.start()
    child.join()
    code, *written = said.read_text().splitlines()
    assert (child.exitcode, code) == (0, "0")
    assert any(path.endswith("journal.sqlite") for path in written)
    places = (str(tmp_path / "state"), f"file://{tmp_path / 'state'}", ":memory:")
    assert [path for path in written if not path.startswith(places)] == []
