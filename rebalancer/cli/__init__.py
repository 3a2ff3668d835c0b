"""The command line. Thin: parse, call, print, exit code. Heavy imports wait until a command needs them."""

import sys
from typing import NoReturn

from rebalancer.errors import RebalancerError


def main() -> None:
    """Run the command line; every error becomes one sentence on stderr and its documented exit code.

    With `--debug` the error itself is raised, so that its traceback shows.
    """
    from rebalancer.cli.config_file import nothing_due

    try:
        if nothing_due(sys.argv[1:]):
            sys.exit(0)
        from rebalancer.cli.app import app

        app()
    except RebalancerError as error:
        _fail(error, str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the edge of the program
        _fail(error, f"an error of the program, {type(error).__name__}: {error}. --debug shows where it happened", 1)


def _fail(error: Exception, sentence: str, exit_code: int) -> NoReturn:
    if "--debug" in sys.argv:
        raise error
    if "--json" in sys.argv:
        import json

        print(json.dumps({"error": sentence, "exit_code": exit_code}))
    else:
        print(f"rebalance: {sentence}", file=sys.stderr)
    sys.exit(exit_code)
