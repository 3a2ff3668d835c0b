"""The command line: parse, call a use case, print, exit. Heavy imports are deferred to the commands that need them."""

import atexit
import gc
import sys
from dataclasses import asdict
from typing import NoReturn

from rebalancer.cli.screen import protect_streams, say
from rebalancer.errors import BadInputError, RebalancerError, visible


def main() -> None:
    """Run the command line. Errors are printed as one sentence and set the exit code; `--debug` shows the traceback."""
    from rebalancer.cli.config_file import nothing_due

    # What is left at the end goes with the process: to search it for what is unused takes a tenth of a command's time.
    atexit.register(gc.freeze)
    protect_streams()
    try:
        if nothing_due(sys.argv[1:]):
            sys.exit(0)
        sys.exit(_command_line())
    except RebalancerError as error:
        _fail(error, str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the top level
        what = visible(f"{type(error).__name__}: {error}")
        _fail(error, f"unexpected error, {what}. Use --debug for the traceback", 1)


def _command_line() -> int:
    """The exit code. With --json a mistake in the words is raised as BadInputError, else shown with the usage."""
    from typer import Abort, TyperException

    from rebalancer.cli.app import command_line

    try:
        return int(command_line()(prog_name="rebalance", standalone_mode="--json" not in sys.argv) or 0)
    except TyperException as error:
        raise BadInputError.of("the command line", error.format_message()) from error
    except Abort as error:
        raise BadInputError.of("the command line", "the question was not answered: nothing was done") from error


def _fail(error: Exception, sentence: str, exit_code: int) -> NoReturn:
    if "--debug" in sys.argv:
        import traceback

        say("".join(traceback.format_exception(error)), err=True)
    elif "--json" in sys.argv:
        import json

        problems = [asdict(problem) for problem in error.problems] if isinstance(error, BadInputError) else []
        say(json.dumps({"exit_code": exit_code, "error": {"message": sentence, "problems": problems}}))
    else:
        say(f"rebalance: {sentence}", err=True)
    sys.exit(exit_code)
