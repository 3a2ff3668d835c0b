"""`rebalance replay`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import Answer, ConfigOption, JsonOption
from rebalancer.cli.screen import say
from rebalancer.errors import BadInputError, visible

if TYPE_CHECKING:
    from rebalancer.app.past_run import PastRun

NUMBER = re.compile("[0-9]{1,9}")
"""Anything else is a file."""


def replay(
    run: Annotated[
        str | None, Argument(metavar="RUN|FILE", help="The number of a run, or a bundle. Default: the last run.")
    ] = None,
    bundle: Annotated[
        Path | None, Option("--bundle", help="Also write what is needed elsewhere, without keys and account numbers.")
    ] = None,
    run_python: Annotated[bool, Option("--run-python", help="Run the Python bots of a bundle.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Make the plan of a past run again from what was kept, and show whether it is the same byte for byte.

    Nothing is sent. Exit code 3 if it differs.
    """
    from rebalancer.app.replay import replay as replayed
    from rebalancer.report.replay import replay_screen

    if run is None or NUMBER.fullmatch(run):
        past = _of_journal(int(run) if run else None, bundle, config, quiet=json)
    else:
        past = _of_bundle(Path(run), bundle, run_python=run_python)
    found = replayed(past)
    return Answer(found, replay_screen(found), found.exit_code)


def _of_journal(run: int | None, bundle: Path | None, config: Path | None, *, quiet: bool) -> "PastRun":
    from rebalancer.app.bundle import BEGINS, secrets_of, to_bundle
    from rebalancer.app.outputs import Output, check_outputs
    from rebalancer.app.past_run import from_journal

    settings = load_config(config)
    outputs = [Output("--bundle", bundle, BEGINS)] if bundle else []
    check_outputs(settings, *outputs)
    past = from_journal(settings.journal(), run)
    for output in outputs:
        output.write(to_bundle(past, secrets_of(settings)))
        if not quiet:
            bots = ", ".join(past.bots)
            say(
                f"--bundle: written to {visible(output.path)}. It has the bots as they are ({visible(bots)}).", err=True
            )
    return past


def _of_bundle(file: Path, bundle: Path | None, *, run_python: bool) -> "PastRun":
    from rebalancer.app.bundle import from_bundle
    from rebalancer.app.replay import python_bots

    if bundle:
        raise BadInputError.of("--bundle", f"{file} is a bundle already: leave it out, or name the number of a run")
    past = from_bundle(file)
    if (found := python_bots(past)) and not run_python:
        raise BadInputError.of(
            file,
            f"has {', '.join(found)} in Python, which may do whatever you may: read it, then repeat with --run-python",
        )
    return past
