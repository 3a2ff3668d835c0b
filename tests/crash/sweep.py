"""The sweep: kill at every point of the evening, and at every point of each recovery."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Self

from crash.environment import Environment, ProcessResult, SavedState
from crash.evening import StartOptions
from crash.verdict import OwnTrade, Verdict, judge, traded_on_monday


@dataclass(slots=True)
class SweepResult:
    """`kills`: processes killed; `cases`: one or two kills; `states`: different states to recover from."""

    kills: int = 0
    cases: int = 0
    states: int = 0
    given_up: int = 0
    duplicates: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.duplicates or self.losses or self.unexplained)

    def __str__(self) -> str:
        lines = [
            f"{self.cases} cases, {self.kills} processes killed, {self.states} different states to recover from",
            f"duplicates  {len(self.duplicates)}",
            f"losses      {len(self.losses)}, and {self.given_up} cases with an order cut off twice on its way",
            f"unexplained {len(self.unexplained)}",
        ]
        return "\n".join([*lines, *self.duplicates[:20], *self.losses[:20], *self.unexplained[:20]])

    def __iadd__(self, other: "SweepResult") -> Self:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(slots=True)
class Sweep:
    """Judges each state once, however many kills lead to it."""

    environment: Environment
    total: SweepResult = field(default_factory=SweepResult)
    expected: OwnTrade = field(init=False)
    points: Sequence[str] = field(init=False)
    _judged: dict[str, Verdict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Run the evening without a kill."""
        self.environment.restore(self.environment.initial)
        result = self.environment.start(StartOptions())
        self.expected, self.points = traded_on_monday(self.environment), result.points
        verdict = judge(self.environment, result, self.expected)
        assert verdict.good, f"without any kill: {verdict}\n{result.traceback}"

    def kill_once(self, points: Iterable[int], *, inside: bool = False) -> list[tuple[str, SavedState]]:
        """Kill at each of `points`, recover, judge. Returns the new states with the names of their points."""
        found = []
        for point in points:
            result = self._killed(self.environment.initial, StartOptions(point, inside=inside))
            saved = self.environment.save()
            if saved.fingerprint not in self._judged:
                found.append((result.where, saved))
            self._recovered(result.where, saved)
        return found

    def kill_twice(self, points: Iterable[int]) -> None:
        """Kill at each of `points`, and kill each recovery at each of its points."""
        for where, saved in self.kill_once(points):
            for point in count(1):
                result = self._killed(saved, StartOptions(point))
                if not result.killed:
                    break
                self._recovered(f"{where}, then {result.where}", self.environment.save())

    def kill_random_pairs(self, pairs: int, rng: Random) -> None:
        """Kill at random pairs of points; a recovery that ends before the second point is not killed."""
        for _ in range(pairs):
            first, second = (StartOptions(rng.randint(1, len(self.points))) for _ in range(2))
            where = self._killed(self.environment.initial, first).where
            result = self._killed(self.environment.save(), second)
            if result.killed:
                self._recovered(f"{where}, then {result.where}", self.environment.save())
            else:
                self._count(where, judge(self.environment, result, self.expected))

    def _killed(self, saved: SavedState, options: StartOptions) -> ProcessResult:
        self.environment.restore(saved)
        result = self.environment.start(options)
        self.total.kills += result.killed
        return result

    def _recovered(self, where: str, saved: SavedState) -> None:
        """Recover from `saved` unless an equal state was judged before."""
        if saved.fingerprint not in self._judged:
            self.total.states += 1
            self._judged[saved.fingerprint] = judge(
                self.environment, self.environment.start(StartOptions()), self.expected
            )
        self._count(where, self._judged[saved.fingerprint])

    def _count(self, where: str, verdict: Verdict) -> None:
        self.total += SweepResult(
            cases=1,
            given_up=verdict.given_up,
            duplicates=[f"{where}: {each}" for each in verdict.duplicates],
            losses=[f"{where}: {each}" for each in verdict.losses],
            unexplained=[f"{where}: {each}" for each in verdict.unexplained],
        )
