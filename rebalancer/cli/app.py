"""The commands, by name."""

from collections.abc import Callable
from functools import cache
from typing import Annotated

import typer
from typer.main import get_command

from rebalancer.cli import (
    bots,
    controls,
    export,
    invest,
    journal,
    notify,
    performance,
    release,
    replay,
    research,
    runs,
    schedule,
    service,
    settings,
    status,
    sweep,
    web,
)
from rebalancer.cli.options import Commands
from rebalancer.errors import BadInputError

app = Commands(
    name="rebalance",
    help="Rebalance accounts to the target weights of their bots: sells first, then buys. Every step is journalled.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # plain help: importing rich takes longer than everything else
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 done or nothing to do; 1 unexpected error; 2 invalid settings, bot file or command line; "
        "3 partial, a target was missed; 4 failed, no orders were sent; 5 stopped for safety, check the account; "
        "6 from status and service status: something needs attention."
    ),
)
app.with_json("run")(runs.run)
app.with_json("recover")(runs.recover)
app.with_json("halt")(controls.halt)
app.with_json("resume")(controls.resume)
app.with_json("kill")(controls.kill)
app.with_json("web")(web.web)
app.with_json("schedule")(schedule.schedule)
app.with_json("status")(status.status)
app.with_json("doctor")(runs.doctor)
app.with_json("explain")(research.explain)
app.with_json("backtest")(research.backtest)
app.with_json("sweep")(sweep.sweep)
app.with_json("history")(journal.history)
app.with_json("orders")(journal.orders)
app.with_json("positions")(journal.positions)
app.with_json("performance")(performance.performance)
app.with_json("audit-close")(journal.audit_close)
app.with_json("replay")(replay.replay)
app.with_json("export")(export.export)
app.add_typer(bots.app, name="bots")
app.add_typer(research.app, name="data")
app.with_json("init")(settings.init)
app.with_json("login")(settings.login)
app.with_json("logout")(settings.logout)
app.with_json("adopt")(controls.adopt)
app.with_json("write-off")(controls.write_off)
app.with_json("backup")(journal.backup)
app.with_json("self-check")(release.self_check)
app.add_typer(journal.app, name="audit")
app.add_typer(settings.app, name="config")
app.add_typer(invest.app, name="invest")
app.add_typer(controls.app, name="live")
app.add_typer(notify.app, name="notify")
app.add_typer(service.app, name="service")


VersionOption = Annotated[bool, typer.Option("--version", help="Show the version.")]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", help="With --version: also Python, SQLite and libraries, for a bug report.")
]


@app.callback(invoke_without_command=True)
def top(context: typer.Context, version: VersionOption = False, verbose: VerboseOption = False) -> None:
    """Needed for `--version`."""
    if version:
        release.show_versions(verbose=verbose)
        raise typer.Exit
    if verbose:
        raise BadInputError.of("--verbose", "goes with --version: `rebalance --version --verbose`")
    if context.invoked_subcommand is None:
        raise BadInputError.of("the command line", "names no command: `rebalance --help` lists them")


@cache
def command_line() -> Callable[..., int | None]:
    """Takes the words of the command line: built once, however many commands a process runs."""
    return get_command(app)
