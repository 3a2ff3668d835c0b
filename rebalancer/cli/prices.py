"""`rebalance data`: how complete the prices are, and bringing them up to date."""

import typer

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import ConfigOption, DebugOption, JsonOption

app = typer.Typer(help="Look at the prices, and bring them up to date.", no_args_is_help=True)


@app.command()
def status(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show each ticker's span, gaps and age. Exit code 2 where the prices can't be used."""
    from rebalancer.app.prices import price_status
    from rebalancer.report.console import show_json
    from rebalancer.report.prices import show_prices

    found = price_status(load_config(config))
    show_json(found) if json else show_prices(found)


@app.command()
def sync(config: ConfigOption = None, json: JsonOption = False, debug: DebugOption = False) -> None:
    """Fetch the missing closes of every ticker of every bot. Exit code 4: the source can't be read."""
    from rebalancer.app.prices import synced
    from rebalancer.report.console import show_json
    from rebalancer.report.prices import progress, show_synced

    settings = load_config(config)
    with progress("tickers") as on_progress:
        found = synced(settings, on_progress)
    show_json(found) if json else show_synced(found)
