"""What `--help` says of an option is what the program does."""

from collections.abc import Iterator
from typing import Any

import pytest

from rebalancer.cli.app import command_line

TAKES_NO_DEMO = {
    "invest add": ("bot.json", "100"),
    "invest set": ("bot", "100"),
    "invest deposit": ("bot", "100"),
    "invest withdraw": ("bot", "100"),
    "invest remove": ("bot",),
    "live arm": ("--max-dollars", "100", "--until", "2027-01-29"),
    "login": ("main",),
    "notify login": ("ping",),
    "notify test": (),
    "service install": (),
    "service status": (),
}
"""With words that they take."""


def helps_of_config() -> Iterator[tuple[str, str]]:
    """The help of --config of each command that has it."""
    waiting: list[tuple[str, Any]] = [("", command_line())]
    while waiting:
        name, command = waiting.pop()
        waiting += [(f"{name} {each}".strip(), found) for each, found in getattr(command, "commands", {}).items()]
        yield from ((name, option.help) for option in command.params if "--config" in option.opts)


def test_the_demo_is_named_as_the_default_config_by_the_commands_that_take_it_alone():
    found = {name for name, told in helps_of_config() if told.startswith("Default:") and "the demo" not in told}
    assert found == TAKES_NO_DEMO.keys()


@pytest.mark.parametrize(("name", "words"), TAKES_NO_DEMO.items())
def test_a_command_whose_help_names_no_demo_needs_settings_of_ones_own(rebalance, name, words):
    refused = rebalance(*name.split(), *words)
    assert (refused.code, "there are no settings of yours yet" in refused.err) == (2, True)
