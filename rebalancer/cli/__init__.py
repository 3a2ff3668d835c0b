"""The command line. Thin: parse, call, print, exit code. Heavy imports wait until a command needs them."""

import sys

from rebalancer.errors import RebalancerError


def main() -> None:
    """Run the command line; every known error becomes one sentence on stderr and its documented exit code."""
    from rebalancer.cli.app import app

    try:
        app()
    except RebalancerError as error:
        fail(error)


def fail(error: RebalancerError) -> None:
    """Raises SystemExit with the error's code; with `--debug` the error itself, so that its traceback shows."""
    if "--debug" in sys.argv:
        raise error
    if "--json" in sys.argv:
        import json

        print(json.dumps({"error": str(error), "exit_code": error.exit_code}))
    else:
        print(f"rebalance: {error}", file=sys.stderr)
    sys.exit(error.exit_code)
