"""The commands, by name."""

from typing import Annotated

import typer

from rebalancer import __version__
from rebalancer.cli import adopt, bots, controls, doctor, invest, journal, research, runs, settings

app = typer.Typer(
    name="rebalance",
    help="Rebalance accounts to the target weights of their bots: sells first, then buys. Every step is journalled.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: importing rich takes longer than everything else
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 done or nothing to do; 1 unexpected error; 2 invalid settings, bot file or command line; "
        "3 partial, a target was missed; 4 failed, no orders were sent; 5 stopped for safety, check the account; "
        "6 from status: an account needs attention."
    ),
)
app.command("run")(runs.run)
app.command("recover")(runs.recover)
app.command("halt")(controls.halt)
app.command("resume")(controls.resume)
app.command("kill")(controls.kill)
app.command("schedule")(runs.schedule)
app.command("status")(runs.status)
app.command("doctor")(doctor.doctor)
app.command("explain")(research.explain)
app.command("backtest")(research.backtest)
app.command("history")(journal.history)
app.command("orders")(journal.orders)
app.command("positions")(journal.positions)
app.add_typer(bots.app, name="bots")
app.add_typer(research.app, name="data")
app.command("init")(settings.init)
app.command("login")(settings.login)
app.command("logout")(settings.logout)
app.command("adopt")(adopt.adopt)
app.command("write-off")(adopt.write_off)
app.command("backup")(journal.backup)
app.add_typer(journal.app, name="audit")
app.add_typer(settings.app, name="config")
app.add_typer(invest.app, name="invest")
app.add_typer(controls.app, name="live")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rebalance {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Needed for `--version`."""
