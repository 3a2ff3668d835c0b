"""Every point of the evening, and every point of each recovery."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Self

from crash.evening import Turn
from crash.scene import Ended, Photo, Scene
from crash.verdict import Traded, Verdict, judge, traded_on_monday


@dataclass(slots=True)
class Tally:
    """`kills` killed processes, `cases` ways to be killed once or twice, `states` of them that differ."""

    kills: int = 0
    cases: int = 0
    states: int = 0
    given_up: int = 0
    doubles: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.doubles or self.losses or self.unexplained)

    def __str__(self) -> str:
        told = [
            f"{self.cases} cases, {self.kills} processes killed, {self.states} different states to recover from",
            f"doubles     {len(self.doubles)}",
            f"losses      {len(self.losses)}, and {self.given_up} cases with an order cut off twice on its way",
            f"unexplained {len(self.unexplained)}",
        ]
        return "\n".join([*told, *self.doubles[:20], *self.losses[:20], *self.unexplained[:20]])

    def __iadd__(self, other: "Tally") -> Self:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(slots=True)
class Sweep:
    """Each state that a kill leaves is judged once, however many kills leave it."""

    scene: Scene
    tally: Tally = field(default_factory=Tally)
    expected: Traded = field(init=False)
    points: Sequence[str] = field(init=False)
    _judged: dict[str, Verdict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The evening that nobody interrupts."""
        self.scene.hang(self.scene.opening)
        ended = self.scene.start(Turn())
        self.expected, self.points = traded_on_monday(self.scene), ended.points
        verdict = judge(self.scene, ended, self.expected)
        assert verdict.good, f"without any kill: {verdict}\n{ended.words}"

    def one_deep(self, points: Iterable[int], *, inside: bool = False) -> list[tuple[str, Photo]]:
        """Kill at each of `points`, recover, judge. The states that were not seen before, by the point's name."""
        found = []
        for point in points:
            ended = self._killed(self.scene.opening, Turn(point, inside=inside))
            photo = self.scene.photograph()
            if photo.fingerprint not in self._judged:
                found.append((ended.where, photo))
            self._recovered(ended.where, photo)
        return found

    def two_deep(self, points: Iterable[int]) -> None:
        """Kill as `one_deep` does, and kill each recovery at each of its points."""
        for where, photo in self.one_deep(points):
            for point in count(1):
                ended = self._killed(photo, Turn(point))
                if not ended.killed:
                    break
                self._recovered(f"{where}, then {ended.where}", self.scene.photograph())

    def some(self, pairs: int, dice: Random) -> None:
        """So many pairs of points, drawn from all; where the recovery ends before the second, it is not killed."""
        for _ in range(pairs):
            first, second = (Turn(dice.randint(1, len(self.points))) for _ in range(2))
            where = self._killed(self.scene.opening, first).where
            ended = self._killed(self.scene.photograph(), second)
            if ended.killed:
                self._recovered(f"{where}, then {ended.where}", self.scene.photograph())
            else:
                self._count(where, judge(self.scene, ended, self.expected))

    def _killed(self, photo: Photo, turn: Turn) -> Ended:
        self.scene.hang(photo)
        ended = self.scene.start(turn)
        self.tally.kills += ended.killed
        return ended

    def _recovered(self, where: str, photo: Photo) -> None:
        """Start the program once more, where this state was never seen before."""
        if photo.fingerprint not in self._judged:
            self.tally.states += 1
            self._judged[photo.fingerprint] = judge(self.scene, self.scene.start(Turn()), self.expected)
        self._count(where, self._judged[photo.fingerprint])

    def _count(self, where: str, verdict: Verdict) -> None:
        self.tally += Tally(
            cases=1,
            given_up=verdict.given_up,
            doubles=[f"{where}: {each}" for each in verdict.doubles],
            losses=[f"{where}: {each}" for each in verdict.losses],
            unexplained=[f"{where}: {each}" for each in verdict.unexplained],
        )
