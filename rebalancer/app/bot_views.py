"""Results of the use cases about bots: frozen values for the terminal, a web page or `--json`. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rebalancer.bots.findings import Findings
from rebalancer.errors import Problem
from rebalancer.model import Decision, Investment


@dataclass(frozen=True, slots=True)
class CheckedBot:
    """A bot file: its findings if it is valid, else every problem."""

    file: str
    findings: Findings | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ShownBot:
    """A valid bot file: its findings, and its rules as lines of text."""

    file: str
    findings: Findings
    chart: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedBot:
    """A bot file with its findings, or with its problems.

    `format` is "" if unknown. `account`, `currency` and `investment` are None for a bot that is not invested.
    """

    name: str
    file: str
    format: str
    findings: Findings | None
    problems: tuple[Problem, ...]
    account: str | None = None
    investment: Investment | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedBot:
    """`file` is the native file of the bot that was read from `source`, whose format is `format`."""

    source: str
    format: str
    file: str
    findings: Findings


@dataclass(frozen=True, slots=True)
class Explanation:
    """A bot's decision on the close of `session`. `tree` (rules) and `mermaid` (diagram) are None unless requested.

    `marked` says which day's way the diagram marks, where it is not simply that of `session`.
    """

    decision: Decision
    session: date
    tree: tuple[str, ...] | None
    mermaid: str | None
    notes: Sequence[str]
    marked: str = ""
