"""The program's exceptions, each with its exit code. docs/json.md lists the same codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


def visible(text: object) -> str:
    r"""`text` on one line, with an escape such as \x1b or \u202e for every character that a screen obeys, not shows.

    These are control characters, line breaks, marks of direction, invisible marks and lone surrogates: a name in
    another's file, or a broker's message, can't forge a line, colour one or turn it around.
    """
    written = str(text)
    return written if written.isprintable() else "".join(map(_visible, written))


def _visible(character: str) -> str:
    from unicodedata import category  # noqa: PLC0415 - most texts have no such character

    obeyed = category(character)[0] == "C" or category(character) in {"Zl", "Zp"}
    return character.encode("unicode_escape").decode() if obeyed else character


MOST_ECHOED = 40


def echoed(value: object) -> str:
    """What a person wrote, in quotes, for an error; a long value by its length: half a number would be another one."""
    text = value if isinstance(value, str) else str(value)
    return repr(text) if len(text) <= MOST_ECHOED else f"a text of {len(text):,} characters"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file or a command line. Problems are collected and shown together.

    `place` is a dotted key ("accounts.demo.broker") or a path in a document ("children[0].children[2]"); it may be "".
    `line` counts from 1; None where no line is known.
    """

    source: str
    place: str
    text: str
    line: int | None = None

    def __str__(self) -> str:
        file = self.source if self.line is None else f"{self.source}, line {self.line}"
        where = f"{file}: {self.place}" if self.place else file
        return visible(f"{where}: {self.text}")


class RebalancerError(Exception):
    """The base class. Its message is one sentence that names the remedy, on one line."""

    exit_code = 1

    def __str__(self) -> str:
        return visible(super().__str__())


class BadInputError(RebalancerError):
    """A config, a bot file or a command line that can't be used; nothing was done."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """A line for each problem."""
        return "\n".join(map(str, self.problems))

    @classmethod
    def of(cls, source: object, text: str, place: str = "", line: int | None = None) -> Self:
        """An error of a single problem. `source` is what a person named: a file, an option, an argument."""
        return cls([Problem(str(source), place, text, line)])


class RunFailedError(RebalancerError):
    """The run ended before any order was sent."""

    exit_code = 4


class BusyError(RunFailedError):
    """Another run is in progress."""


class SourceError(RunFailedError):
    """A broker or a data source did not answer, or only in part, which never counts as zero or as a flat account."""


class TradingBlockedError(RebalancerError):
    """The account was halted or disarmed before the intent of an order was journalled: the order is not sent."""

    exit_code = 4


class EndedError(RebalancerError):
    """A person ended what changes nothing, such as a dry run, before it was done."""

    exit_code = 130


class StoppedError(RebalancerError):
    """An invariant was violated: orders may be open at the broker, and a person must check the account."""

    exit_code = 5


class UnexpectedError(RebalancerError):
    """A fault of this program or of a library. Its text leaves out the original error, which may contain a key."""

    @classmethod
    def of(cls, error: Exception) -> Self:
        """What `error` was, and the last line of this program that it passed."""
        from traceback import walk_tb  # noqa: PLC0415 - loads slowly, and most commands meet no fault

        lines = [(str(frame.f_globals.get("__name__")), line) for frame, line in walk_tb(error.__traceback__)]
        module, line = next((each for each in reversed(lines) if each[0].startswith("rebalancer.")), ("rebalancer", 0))
        return cls(
            f"unexpected error, {type(error).__name__} in {module}, line {line}. Please report it with this text; with "
            "--debug a command shows the traceback."
        )


def in_tree(error: Exception) -> RebalancerError:
    """`error` itself if it is a RebalancerError, else the UnexpectedError of it."""
    return error if isinstance(error, RebalancerError) else UnexpectedError.of(error)
