"""What the explanation of a decision reads: the values of the nodes of a chart, on all days or up to the last alone."""

from typing import Protocol

from rebalancer.bots.flowchart.conditions import Sessions
from rebalancer.bots.flowchart.evaluate import Values
from rebalancer.bots.flowchart.splits import Values as SplitValues
from rebalancer.model import Floats


class Decided(SplitValues, Protocol):
    """`weights` are (D, N), by row as `series` and `truths` are; those of the last day alone have the row -1 only."""

    @property
    def sessions(self) -> Sessions: ...

    @property
    def weights(self) -> Floats: ...

    @property
    def on_all_days(self) -> Values:
        """The values of every day, from row 0 on, computed when they are asked for."""

    def recent(self, series: int, rows: int) -> Floats:
        """The last `rows` values of a series, or all there are."""
