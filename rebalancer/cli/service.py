"""`rebalance service`: have systemd, launchd or cron start the program by itself."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from rebalancer.cli.config_file import own_config
from rebalancer.cli.options import Answer, Commands, JsonOption, OwnConfigOption, YesOption, ask, show
from rebalancer.cli.status import NEEDS_ATTENTION
from rebalancer.errors import BadInputError, Problem

if TYPE_CHECKING:
    from rebalancer.app.service_files import Way

app = Commands(help="Have the program run by itself, by systemd, launchd or cron.", no_args_is_help=True)

ScheduleOption = Annotated[bool, Option("--schedule", help="A systemd service that stays: `rebalance schedule`.")]
TimerOption = Annotated[bool, Option("--timer", help="A systemd timer that wakes `rebalance run --when-due`.")]
CronOption = Annotated[bool, Option("--cron", help="A line of your crontab that wakes `rebalance run --when-due`.")]
LaunchdOption = Annotated[bool, Option("--launchd", help="A launchd agent that stays, on a Mac.")]
SystemOption = Annotated[
    bool, Option("--system", help="With systemd: for the whole machine, run as the user who owns the config.")
]
NameOption = Annotated[str, Option("--name", help="What it is called: each config needs a name of its own.")]
NAME = "rebalance"


@app.with_json()
def install(
    schedule: ScheduleOption = False,
    timer: TimerOption = False,
    cron: CronOption = False,
    launchd: LaunchdOption = False,
    system: SystemOption = False,
    print_only: Annotated[bool, Option("--print", help="Show what would be written; write nothing.")] = False,
    name: NameOption = NAME,
    yes: YesOption = False,
    config: OwnConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Show files and commands, ask, then write and start them. What others wrote or changed is never overwritten."""
    from rebalancer.app import service_setup
    from rebalancer.app.service_installation import ran
    from rebalancer.report.service import installed_screen, planned_screen, texts_screen

    way = _way(schedule=schedule, timer=timer, cron=cron, launchd=launchd, system=system) or service_setup.usual_way()
    settings = own_config(config)
    if print_only:
        texts = service_setup.texts(settings, way, _valid(name), system=system)
        return Answer({"way": way, "texts": texts, "notes": (), "installed": False}, texts_screen(texts))
    planned = service_setup.planned(settings, way, _valid(name), os.environ, ran, system=system)
    if not json:
        show(planned_screen(planned))
    ask("Write this, and start it?", "service install", "nothing was written", yes=yes)
    service_setup.carry_out(planned, os.environ, ran)
    found = {"way": way, "texts": planned.texts, "notes": planned.remarks, "installed": True}
    return Answer(found, installed_screen(planned))


@app.with_json()
def uninstall(
    schedule: ScheduleOption = False,
    timer: TimerOption = False,
    cron: CronOption = False,
    launchd: LaunchdOption = False,
    system: SystemOption = False,
    name: NameOption = NAME,
    yes: YesOption = False,
    config: Annotated[Path | None, Option("--config", help="Only if it was installed for this config.")] = None,
) -> Answer:
    """End it and take it away. A run that is under way sends nothing more, and awaits the orders that it sent."""
    from rebalancer.app import service_setup
    from rebalancer.app.service_installation import ran
    from rebalancer.app.service_installation import uninstall as take_away
    from rebalancer.report.service import uninstalled_screen

    way = _way(schedule=schedule, timer=timer, cron=cron, launchd=launchd, system=system)
    found = service_setup.to_uninstall(_valid(name), os.environ, ran, way=way, system=system)
    if config is not None:
        service_setup.require_for(found, config)
    places = tuple(piece.place for piece in found.pieces)
    ask(f"Take away {' and '.join(places)}, and end what runs by it?", "service uninstall", "it stays", yes=yes)
    take_away(found, ran)
    return Answer({"way": found.way, "places": places}, uninstalled_screen(found.way, places))


@app.with_json()
def status(name: NameOption = NAME, config: OwnConfigOption = None) -> Answer:
    """Show what is installed, and whether it is active and as your settings want it. Exit code 6 if it is not."""
    from rebalancer.app import service_setup
    from rebalancer.app.service_installation import ran
    from rebalancer.report.service import status_screen

    found = tuple(service_setup.started(own_config(config), _valid(name), os.environ, ran))
    wrong = not found or any(each.troubles for each in found)
    return Answer({"services": found}, status_screen(found, name), NEEDS_ATTENTION if wrong else 0)


def _way(*, system: bool, **chosen: bool) -> "Way | None":
    """The one that was chosen; None where none was."""
    ways: list[Way] = [way for way in ("schedule", "timer", "cron", "launchd") if chosen[way]]
    if len(ways) > 1:
        raise BadInputError([Problem(f"--{ways[1]}", "", f"can't be combined with --{ways[0]}: one of them is enough")])
    if system and ways and ways[0] in {"cron", "launchd"}:
        raise BadInputError([Problem("--system", "", f"is for systemd: --{ways[0]} is always your own")])
    return ways[0] if ways else "schedule" if system else None


def _valid(name: str) -> str:
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and name[0].isalnum()):
        raise BadInputError([Problem("--name", "", "is no name of a service: use letters, digits, - and _")])
    return name
