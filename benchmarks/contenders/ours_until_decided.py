"""The first half of our own back-test: charts compiled, and every indicator computed. Nothing is decided or traded."""

import numpy as np
from ours import inputs
from worker import Run, serve

from rebalancer.bots.flowchart.compile import compile_together
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.model import Floats


def prepare(name: str) -> Run:
    charts, closes, _ = inputs(name)

    def run() -> Floats:
        program, _roots = compile_together(charts)
        values = Values(program.name, program.table, program.symbols, program.bars, closes)
        values.compute_indicators()
        return np.array([[series[-1] for series in values.series.values()]])

    return run


if __name__ == "__main__":
    serve(prepare)
