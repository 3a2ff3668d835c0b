"""`rebalance export`: the books of all bots for other programs."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import AccountOption, Answer, ConfigOption

FileArgument = Annotated[Path, Argument(help="The file to write; one of the same kind is replaced.")]


def export(
    kind: Annotated[Literal["beancount", "csv"], Argument(help="A plain-text ledger, or rows for spreadsheets.")],
    file: FileArgument,
    balances: Annotated[
        Literal["month", "session"], Option("--balances", help="How often beancount asserts every balance.")
    ] = "month",
    account: AccountOption = None,
    config: ConfigOption = None,
) -> Answer:
    """Write the books of all bots and of what is no bot's: every change since the first run."""
    from rebalancer.app.account_ledger import Exported
    from rebalancer.app.export import account_ledgers
    from rebalancer.app.outputs import Output, check_outputs
    from rebalancer.report import beancount, books_csv
    from rebalancer.report.journal import exported_screen

    settings = load_config(config)
    begins, written = {
        "beancount": (beancount.BEGINS, beancount.to_beancount),
        "csv": (books_csv.BEGINS, books_csv.to_csv),
    }[kind]
    output = Output("export", file, begins)
    check_outputs(settings, output)
    found = account_ledgers(settings, account, balances)
    output.write(written(found))
    made = Exported.of(file, found)
    return Answer(made, exported_screen(made))
