"""`rebalance sweep`."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import Answer, ConfigOption, JsonOption, WorkersOption, showing_progress
from rebalancer.cli.signals import shutdown_signal
from rebalancer.errors import BadInputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rebalancer.app.executor import Executor
    from rebalancer.app.outputs import Output
    from rebalancer.app.sweep import Sweep
    from rebalancer.config.sweep import SweepSpec


def sweep(
    spec: Annotated[Path, Argument(metavar="SPEC.toml", help="What to vary and how: see docs/sweep.md.")],
    workers: WorkersOption = None,
    dask: Annotated[
        str | None,
        Option(
            "--dask",
            metavar="ADDRESS",
            help="A Dask scheduler, such as tls://10.0.0.5:8786; default: that of the spec. Needs rebalancer[cluster].",
        ),
    ] = None,
    store: Annotated[
        Path | None, Option("--store", help="Keeps every trial; default: sweeps.sqlite in the state folder.")
    ] = None,
    csv: Annotated[Path | None, Option("--csv", help="Write all variants to this file.")] = None,
    parquet: Annotated[Path | None, Option("--parquet", help="The same as parquet; needs rebalancer[parquet].")] = None,
    html: Annotated[Path | None, Option("--html", help="Write a page with heat maps to this file.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer:
    """Back-test a bot with many values of its parameters, and say what of the best is luck.

    Exit code 3 if variants failed or are unfinished, 4 if there is nothing to rank. Run again, it goes on.
    """
    from rebalancer.app.outputs import check_outputs
    from rebalancer.app.sweep import sweep as try_all
    from rebalancer.config.sweep import load
    from rebalancer.market.clock import SystemClock
    from rebalancer.report.sweep import sweep_screen

    settings, outputs, asked = load_config(config, quietly=True), _outputs(csv, parquet, html), load(spec)
    check_outputs(settings, *outputs)
    with (
        showing_progress(json=json) as progress,
        shutdown_signal(at_once=True),
        _cluster(asked, dask, workers) as cluster,
    ):
        found = try_all(
            settings, asked, SystemClock(), store=store, workers=workers, executor=cluster, progress=progress
        )
        for output, content in outputs.items():
            progress(f"Writing {output.path.name}")
            output.write(content(found))
    return Answer(found, sweep_screen(found, [(each.option, each.path) for each in outputs]), found.exit_code)


def _cluster(spec: "SweepSpec", dask: str | None, workers: int | None) -> "AbstractContextManager[Executor | None]":
    """The cluster of the command line, else of the spec; None for this machine."""
    address = dask or (spec.cluster.address if workers is None else None)
    if address is None:
        return nullcontext()
    if workers is not None:
        raise BadInputError.of("--workers", "is of this machine, and --dask of others: take one of them out")
    from rebalancer.app.cluster import connected, require_usable

    require_usable(spec, address)
    return connected(spec.cluster, address)


def _outputs(
    csv: Path | None, parquet: Path | None, html: Path | None
) -> "dict[Output, Callable[[Sweep], str | bytes]]":
    """The files to write, each with what makes its content."""
    from rebalancer.app.outputs import Output
    from rebalancer.report import sweep_page, sweep_rows

    found: dict[Output, Callable[[Sweep], str | bytes]] = {}
    if csv:
        found[Output("--csv", csv, sweep_rows.CSV_BEGINS)] = sweep_rows.to_csv
    if parquet:
        sweep_rows.require_parquet()
        found[Output("--parquet", parquet, sweep_rows.PARQUET_BEGINS)] = sweep_rows.to_parquet
    if html:
        found[Output("--html", html, sweep_page.HTML_BEGINS)] = sweep_page.to_html
    return found
