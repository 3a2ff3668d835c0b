"""The one screen shown anew and anew: a terminal and a clock of the test, no waiting."""

from rich.console import Console
from rich.text import Text
from terminal import Terminal

from rebalancer.report.status import watch


class Waits:
    """In the place of a wait: how long each should have been, and the end after so many."""

    def __init__(self, looks: int) -> None:
        self.seconds: list[float] = []
        self._looks = looks

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == self._looks


def test_each_look_takes_the_place_of_the_one_before_until_the_end_is_asked_for() -> None:
    waits = Waits(3)
    looks = iter(["first look", "second look", "third look"])
    screen = Terminal()
    watch(lambda: [Text(next(looks))], Console(file=screen, force_terminal=True, width=80), waits, 10)
    shown = screen.getvalue()
    places = [shown.index(f"{word} look") for word in ("first", "second", "third")]
    assert places == sorted(places)
    assert waits.seconds == [10, 10, 10]
    assert shown.index("\x1b[2K") > shown.index("first look"), "the first look is erased before the second is drawn"


def test_a_screen_that_is_higher_than_the_window_is_not_cut() -> None:
    rows = [Text(f"row {number}") for number in range(40)]
    screen = Terminal()
    watch(lambda: rows, Console(file=screen, force_terminal=True, width=80, height=10), Waits(1), 1)
    assert all(row.plain in screen.getvalue() for row in rows)
    assert "\N{HORIZONTAL ELLIPSIS}" not in screen.getvalue()
