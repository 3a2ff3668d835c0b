"""`rebalance self-check` and `rebalance --version`."""

from rebalancer.cli.options import Answer, JsonOption, showing_progress
from rebalancer.cli.screen import say
from rebalancer.errors import RunFailedError


def self_check(json: JsonOption = False) -> Answer:
    """Check the installed release: files, libraries, SQLite, time zones, an evening with known answers. 4 if one fails.

    Needs no settings, and touches no account and no state of yours.
    """
    from itertools import chain

    from rebalancer.app.self_check import self_check as checked
    from rebalancer.report.doctor import checkup_screen, verdict_screen

    with showing_progress(json=json) as progress:
        found = checked(progress)
    exit_code = RunFailedError.exit_code if found.failed else 0
    screen = chain(checkup_screen(found, "This release"), verdict_screen(found))
    return Answer({"checkups": [found]}, screen, exit_code)


def show_versions(*, verbose: bool) -> None:
    """The version; `verbose` for a bug report, without anything of the user's."""
    from rebalancer import __version__

    if not verbose:
        say(f"rebalance {__version__}")
        return
    from rebalancer.app.release import versions

    found = versions()
    width = max(map(len, found))
    for name, version in found.items():
        say(f"{name:{width}}  {version}")
