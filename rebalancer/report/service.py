"""The screens of `rebalance service`."""

from collections.abc import Mapping, Sequence
from shlex import quote

from rich.console import Group
from rich.text import Text

from rebalancer.app.service_installation import Planned, Started
from rebalancer.errors import visible
from rebalancer.report.console import Screen, line, lines


def texts_screen(texts: Mapping[str, str]) -> Screen:
    for name, text in texts.items():
        yield line(f"# {name}", "bold")
        yield _as_written(text)


def _as_written(text: str) -> Group:
    """In its own lines, however long: what is copied from the screen is the file."""
    return Group(Text("\n".join(map(visible, text.splitlines())), no_wrap=True, overflow="ignore"))


def planned_screen(planned: Planned) -> Screen:
    found = planned.found
    for piece in found.pieces:
        kept = " (as it is there already)" if piece.there == planned.texts[piece.name] else ""
        yield line(f"{piece.place}{kept}:", "bold", apart=True)
        yield _as_written(planned.texts[piece.name])
    if commands := (*found.reread, *found.begin):
        yield line("Then, where it is not active already:", "bold", apart=True)
        yield from lines(" ".join(words) for words in commands)
    yield from lines(planned.remarks, "yellow")


def installed_screen(planned: Planned) -> Screen:
    yield line(f"{' and '.join(piece.place for piece in planned.found.pieces)}: written.", "green")
    config = quote(str(planned.setup.config))
    yield line("Whether it is active, and when it runs:")
    yield line(f"  rebalance service status --name {planned.setup.name} --config {config}")
    yield line(f"  rebalance schedule --next 5 --config {config}")


def uninstalled_screen(way: str, places: Sequence[str]) -> Screen:
    yield line(f"{way}: {' and '.join(places)} taken away. Nothing runs by itself any more by this.", "green")


def status_screen(found: Sequence[Started], name: str) -> Screen:
    if not found:
        text = (
            f"Nothing is installed by the name {name}: `rebalance service install` shows what it would write, and asks."
        )
        yield line(text, "bold red")
    for each in found:
        state = "active" if each.active else "not active"
        where = f"{each.way}{' of the whole machine' if each.system else ''}, {' and '.join(each.places)}"
        yield line(f"{where}: {state}", "green" if each.active else "bold red")
        yield from lines((f"{each.way}: {trouble}" for trouble in each.troubles), "bold red")
