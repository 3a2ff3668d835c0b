"""Progress on a terminal is one line that goes away; elsewhere it is a line of text now and then."""

from datetime import UTC, datetime
from io import StringIO

import pytest

from rebalancer.market.clock import SimulatedClock
from rebalancer.report.progress import ProgressLine, progress_line

CLEARED = "\r\x1b[K"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2024, 3, 4, 20, 50, tzinfo=UTC))


@pytest.fixture(autouse=True)
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")


def test_a_terminal_shows_the_work_with_a_bar_and_the_line_goes_away(clock: SimulatedClock) -> None:
    out = Terminal()
    line = ProgressLine(out, clock)
    line("Reading spy.csv", 1, 4)
    assert out.getvalue() == "\r[#####...............] 1 of 4  Reading spy.csv\x1b[K"
    line.clear()
    assert out.getvalue().endswith(CLEARED)


def test_work_of_unknown_size_is_a_line_without_a_bar(clock: SimulatedClock) -> None:
    out = Terminal()
    ProgressLine(out, clock)("Waiting at most 95 s for the sell of SPY")
    assert out.getvalue() == "\rWaiting at most 95 s for the sell of SPY\x1b[K"


def test_the_line_is_never_wider_than_the_terminal(clock: SimulatedClock) -> None:
    out = Terminal()
    ProgressLine(out, clock)("Reading " + 100 * "目", 1, 4)
    assert out.getvalue() == "\r[#####...............] 1 of 4  Reading " + 10 * "目" + "\x1b[K"


def test_what_a_screen_would_obey_is_shown_as_an_escape(clock: SimulatedClock) -> None:
    out = Terminal()
    ProgressLine(out, clock)("Asking \x1b[31mred")
    assert out.getvalue() == "\rAsking \\x1b[31mred\x1b[K"


def test_the_line_is_drawn_ten_times_a_second_at_most(clock: SimulatedClock) -> None:
    out = Terminal()
    line = ProgressLine(out, clock)
    for done in range(100):
        line("Checking", done, 100)
        clock.sleep(0.03125)
    assert out.getvalue().count("\r") == 25


def test_the_line_is_cleared_before_each_result(clock: SimulatedClock) -> None:
    out = Terminal()
    line = ProgressLine(out, clock)
    seen = []
    for result in line.between(iter("abc")):
        seen.append(out.getvalue())
        line(f"Working on {result}")
    assert seen == ["", f"\rWorking on a\x1b[K{CLEARED}", f"\rWorking on a\x1b[K{CLEARED}\rWorking on b\x1b[K{CLEARED}"]


def test_a_pipe_gets_a_line_of_text_every_so_often(clock: SimulatedClock) -> None:
    out = StringIO()
    line = ProgressLine(out, clock)
    for second in range(40):
        line("Waiting for the sell of SPY", second, 40)
        clock.sleep(1)
    assert out.getvalue() == "Waiting for the sell of SPY: 15 of 40\nWaiting for the sell of SPY: 30 of 40\n"


def test_a_pipe_gets_nothing_of_what_is_over_soon(clock: SimulatedClock) -> None:
    out = StringIO()
    line = ProgressLine(out, clock)
    for _ in range(10):
        line("Reading spy.csv", 1, 4)
        clock.sleep(14)
        line.clear()
    assert out.getvalue() == ""


def test_a_terminal_that_can_not_move_its_cursor_is_like_a_pipe(
    clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    out = Terminal()
    line = ProgressLine(out, clock)
    clock.sleep(15)
    line("Reading spy.csv", 1, 4)
    line.clear()
    assert out.getvalue() == "Reading spy.csv: 1 of 4\n"


def test_nothing_is_shown_with_json(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr("sys.stderr", out)
    with progress_line(quiet=True) as line:
        line("Reading spy.csv", 1, 4)
    assert out.getvalue() == ""


def test_the_line_is_cleared_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr("sys.stderr", out)

    def work() -> None:
        with progress_line() as line:
            line("Reading spy.csv", 1, 4)
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        work()
    assert out.getvalue().endswith(CLEARED)


class Gone(Terminal):
    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_a_screen_that_is_gone_changes_nothing(clock: SimulatedClock) -> None:
    for screen in (Gone(), None):
        line = ProgressLine(screen, clock)
        line("Reading spy.csv", 1, 4)
        line.clear()
