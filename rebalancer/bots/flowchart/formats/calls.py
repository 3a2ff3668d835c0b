"""Calls to the named charts of a document, which are read anew at each place that calls them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from rebalancer.bots.flowchart.formats.elements import Element, quoted


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """`charts` can be called by name; `path` are the calls that led here; `called` are all names called so far.

    `titles` are what a person calls them, where that is not their name.
    """

    charts: Mapping[str, Element]
    path: tuple[str, ...] = ()
    called: set[str] = field(default_factory=set)
    titles: Mapping[str, str] = field(default_factory=dict)

    def chart(self, name: str, caller: Element) -> Element | None:
        """The chart of that name. Refused are a name that there is none of, and a chart that would call itself."""
        self.called.add(name)
        if name not in self.charts:
            known = ", ".join(map(quoted, sorted(self.charts))) or "none"
            caller.refuse(f"there is no chart {quoted(name)} to call; there are: {known}")
        elif name in self.path:
            names = (*self.path[self.path.index(name) :], name)
            circle = " -> ".join(quoted(self.title(each)) for each in names)
            caller.refuse(f"calls in a circle: {circle}")
        else:
            return self.charts[name]
        return None

    def title(self, name: str) -> str:
        return self.titles.get(name, name)

    def into(self, name: str) -> Self:
        """The calls as they stand within the chart of that name."""
        return replace(self, path=(*self.path, name))

    def uncalled(self) -> list[Element]:
        return [chart for name, chart in self.charts.items() if name not in self.called]
