"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The settings; else REBALANCE_CONFIG, ./config.toml, your config folder, the demo."),
]
AccountOption = Annotated[str | None, typer.Option("--account", help="Only this account; else each in turn.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same facts for machines.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
