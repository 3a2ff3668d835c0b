"""The command line: parse, call a use case, print, exit. Heavy imports are deferred to the commands that need them."""

import sys
from typing import NoReturn

from rebalancer.cli.screen import protect_streams, say
from rebalancer.errors import RebalancerError, visible


def main() -> None:
    """Run the command line. Errors are printed as one sentence and set the exit code; `--debug` shows the traceback."""
    from rebalancer.cli.config_file import nothing_due

    protect_streams()
    try:
        if nothing_due(sys.argv[1:]):
            sys.exit(0)
        from rebalancer.cli.app import app

        app()
    except RebalancerError as error:
        _fail(error, str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the top level
        what = visible(f"{type(error).__name__}: {error}")
        _fail(error, f"unexpected error, {what}. Use --debug for the traceback", 1)


def _fail(error: Exception, sentence: str, exit_code: int) -> NoReturn:
    if "--debug" in sys.argv:
        import traceback

        say("".join(traceback.format_exception(error)), err=True)
    elif "--json" in sys.argv:
        import json

        say(json.dumps({"error": sentence, "exit_code": exit_code}))
    else:
        say(f"rebalance: {sentence}", err=True)
    sys.exit(exit_code)
