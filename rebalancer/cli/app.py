"""The commands, by name."""

from typing import Annotated

import typer

from rebalancer import __version__
from rebalancer.cli import (
    adopt,
    audit,
    backtest,
    bots,
    doctor,
    explain,
    halt,
    history,
    invest,
    live,
    login,
    prices,
    recover,
    run,
    schedule,
    settings,
)

app = typer.Typer(
    name="rebalance",
    help="Rebalance an account to what its bots want tonight: sells first, then buys, every step in a journal.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: loading the pretty one takes longer than all the rest
    pretty_exceptions_enable=False,
    epilog=(
        "Exit codes: 0 done or nothing to do; 1 an error of the program; 2 wrong settings, bot file or command line; "
        "3 partial, a target was missed; 4 failed, nothing was sent; 5 stopped for safety, look at the account; "
        "6 from status: an account needs a look."
    ),
)
app.command("run")(run.run)
app.command("recover")(recover.recover)
app.command("halt")(halt.halt)
app.command("resume")(halt.resume)
app.command("kill")(halt.kill)
app.command("schedule")(schedule.schedule)
app.command("status")(schedule.status)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("backtest")(backtest.backtest)
app.command("history")(history.history)
app.command("orders")(history.orders)
app.command("positions")(history.positions)
app.add_typer(bots.app, name="bots")
app.add_typer(prices.app, name="data")
app.command("init")(settings.init)
app.command("login")(login.login)
app.command("logout")(login.logout)
app.command("adopt")(adopt.adopt)
app.command("write-off")(adopt.write_off)
app.command("backup")(audit.backup)
app.add_typer(audit.app, name="audit")
app.add_typer(settings.app, name="config")
app.add_typer(invest.app, name="invest")
app.add_typer(live.app, name="live")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rebalance {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Nothing to set up: every command opens what it needs."""
