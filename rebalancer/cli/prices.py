"""`rebalance data`: what the prices are worth, and bringing them up to date."""

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption

app = typer.Typer(help="Look at the prices, and bring them up to date.", no_args_is_help=True)


@app.command()
def status(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show each ticker's span, gaps and age. Exit code 0: shown, whatever it says; 2: the prices can't be used."""
    from rebalancer.app.prices import kept_closes
    from rebalancer.market.calendar import ExchangeCalendar
    from rebalancer.market.clock import SystemClock
    from rebalancer.market.coverage import coverage, sessions_due
    from rebalancer.report.console import show_json
    from rebalancer.report.prices import PriceStatus, show_prices

    settings, clock = load_config(config), SystemClock()
    calendar = ExchangeCalendar(clock)
    closes = kept_closes(settings, calendar)
    due = sessions_due(calendar, closes, clock.now())
    if settings.data_source == "sample":  # its "today" is its last day
        due = tuple(day for day in due if day <= closes.day(-1))
    found = PriceStatus(closes.day(-1), due[-1] if due else None, coverage(closes, due), closes.notes)
    show_json(found) if json else show_prices(found)


@app.command()
def sync(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Fetch what is missing of Alpaca's closes for every ticker of every bot. Exit code 4: Alpaca can't be read."""
    from rebalancer.app.prices import synced
    from rebalancer.report.console import show_json
    from rebalancer.report.prices import progress, show_synced

    settings = load_config(config)
    with progress("tickers") as told:
        found = synced(settings, told)
    show_json(found) if json else show_synced(found)
