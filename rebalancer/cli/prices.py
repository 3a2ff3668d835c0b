"""`rebalance data`: what the prices are worth."""

import typer

from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption, load_config

app = typer.Typer(help="Look at the prices.", no_args_is_help=True)


@app.callback()
def prices() -> None:
    """Keeps `status` a command of its own name, however few stand beside it."""


@app.command()
def status(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show each ticker's span, gaps and age. Exit code 0: shown, whatever it says; 2: the prices can't be used."""
    from rebalancer.market.calendar import ExchangeCalendar
    from rebalancer.market.clock import SystemClock
    from rebalancer.market.coverage import coverage, sessions_due
    from rebalancer.report.console import show_json
    from rebalancer.report.prices import PriceStatus, show_prices
    from rebalancer.wiring import closes_up_to

    settings, clock = load_config(config), SystemClock()
    closes = closes_up_to(settings, None, None)
    due = sessions_due(ExchangeCalendar(clock), closes, clock.now())
    if settings.data_folder is None:  # the sample's "today" is its last day
        due = tuple(day for day in due if day <= closes.day(-1))
    found = PriceStatus(closes.day(-1), due[-1] if due else None, coverage(closes, due), closes.notes)
    show_json(found) if json else show_prices(found)
