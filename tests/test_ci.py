"""The steps of `.ci/run` and the hooks of pre-commit are what CONTRIBUTING.md says, and need nothing from elsewhere."""

import re
import subprocess
from pathlib import Path
from tomllib import loads

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = (ROOT / ".ci" / "run").read_text("utf-8")
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
STEPS = {"tests", "lint", "types", "rows", "lab", "bench", "search", "newest", "lowest"}


def test_every_step_is_a_function_and_is_explained():
    (allowed,) = re.findall(r"^    (all\|.+)\) ", SCRIPT, re.MULTILINE)
    assert set(allowed.split("|")) == STEPS | {"all"}
    assert {step for step in STEPS if re.search(rf"^{step}\(\) ", SCRIPT, re.MULTILINE)} == STEPS
    assert set(re.findall(r"^#   \.ci/run (\w+)", SCRIPT, re.MULTILINE)) == STEPS
    named = re.findall(r"^\.ci/run ([a-z]+(?: \| [a-z]+)*)  ", CONTRIBUTING, re.MULTILINE)
    assert {step for steps in named for step in steps.split(" | ")} == STEPS


@pytest.mark.posix
def test_an_unknown_step_is_refused_with_the_steps():
    done = subprocess.run([ROOT / ".ci" / "run", "nothing"], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert all(step in done.stderr for step in STEPS)


def test_nothing_of_the_checkout_is_deleted():
    deleted = re.findall(r"rm -\w+ (\S+)", SCRIPT)
    assert {path.strip("\"'").split("/")[0] for path in deleted} == {"$state"}


def test_the_hooks_are_local_and_call_tools_of_the_dev_extra():
    assert re.findall(r"repo: (\S+)", HOOKS) == ["local"]
    tools = {tool.partition(" ")[0] for tool in re.findall(r"entry: \.venv/bin/(.+)", HOOKS)}
    dev = loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["dev"]
    assert tools == {"ruff", "mypy", "lint-imports"}
    assert {"ruff", "mypy", "import-linter"} <= {re.split(r"[><=]", requirement)[0] for requirement in dev}
