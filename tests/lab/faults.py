"""The fault injector: which faults exist, which are active today, and whether one occurs now.

The code that a fault affects asks for it. An inactive fault draws no random number, so that a seed reproduces its day.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fault:
    """`row`: its class of failure (README.md). `chance`: the probability each time it is asked for."""

    row: str
    chance: float

    @property
    def lasts(self) -> bool:
        """Whether it may become an outage; a fault that is rare by nature can't."""
        return self.chance >= 0.1


FAULTS: dict[str, Fault] = {
    # connection to the venue
    "request lost": Fault("N1", 0.4),
    "answer lost": Fault("N2 N3 N10 N13", 0.4),
    "order arrives late": Fault("N5", 0.4),
    "order arrives after the quiet time": Fault("N5", 0.4),
    "find does not answer": Fault("N9", 0.4),
    "account does not answer": Fault("N9", 0.3),
    "positions do not answer": Fault("N9", 0.3),
    "positions come empty": Fault("N21", 0.3),
    "positions come in part": Fault("N21", 0.3),
    "equity is no number": Fault("N14", 0.3),
    "orders do not answer": Fault("N9", 0.3),
    "orders come in part": Fault("N20", 0.3),
    "order lists lag": Fault("N23", 0.5),
    "positions lag": Fault("N23", 1),
    "statuses out of order": Fault("N7", 0.2),
    "fills do not answer": Fault("N9", 0.3),
    "fills come twice": Fault("N6", 0.5),
    "calls are slow": Fault("N15", 0.1),
    "venue's clock does not answer": Fault("N9", 0.3),
    "quotes do not answer": Fault("N9", 0.2),
    "history does not answer": Fault("N9", 0.2),
    # orders
    "fills in parts": Fault("O1", 0.6),
    "fills stop in the middle": Fault("O1", 0.5),
    "fills are slow": Fault("O1", 0.5),
    "rejected after accept": Fault("O3", 0.3),
    "cancel is lost": Fault("O5", 0.5),
    "cancel is slow": Fault("O4", 0.6),
    "filled beyond the order": Fault("O6", 0.3),
    "stands with another quantity": Fault("O16", 0.2),
    "no funds, says the venue": Fault("O9", 0.3),
    "account can't trade": Fault("N22", 0.2),
    "an order by hand is open": Fault("O11", 1),
    "a trade by hand": Fault("O12", 1),
    # prices
    "quote is crossed": Fault("Q2", 1),
    "quote has no bid": Fault("Q3", 1),
    "quote is no number": Fault("Q4", 1),
    "prices are stale": Fault("Q1", 1),
    "prices are of yesterday": Fault("Q7", 1),
    "prices are a hundredfold": Fault("Q5", 1),
    "no prices": Fault("Q6", 1),
    "market falls": Fault("Q", 1),
    "split": Fault("Q9", 1),
    "split is booked a day late": Fault("Q9", 1),
    "closes are not adjusted for the split": Fault("Q9", 1),
    "closes have a hole": Fault("Q6", 0.5),
    "closes have a day too many": Fault("Q7", 0.3),
    # symbols
    "symbol is halted": Fault("S1", 1),
    "symbol can't be traded": Fault("S3", 1),
    # time
    "machine's clock is off": Fault("T1", 1),
    "machine's clock steps": Fault("T2", 0.7),
    "triggered late": Fault("T6", 1),
    "triggered twice": Fault("T6 P3", 1),
    "triggered after the close": Fault("T6 T7", 1),
    "venue closes early": Fault("T5", 1),
    # disk
    "journal can't be written": Fault("D1", 0.02),
    "journal says no after it wrote": Fault("D1", 0.02),
    "journal is of yesterday": Fault("D6", 1),
    "journal is deleted": Fault("D7", 1),
    # process
    "crash": Fault("P1", 1),
    "crash in the recovery": Fault("P1", 0.7),
    "program is told to end": Fault("P2", 1),
    "forced second run": Fault("P3", 1),
    "another process at once": Fault("P3", 1),
    "another host at once": Fault("P3 D8", 1),
    "machine sleeps": Fault("T6 T7", 0.5),
    "config changes": Fault("P7", 0.5),
    # input and people
    "a bot fails": Fault("W2", 1),
    "a bot wants cash": Fault("W2", 1),
    "halted by a person": Fault("P5", 1),
    "halted in the middle": Fault("P5", 1),
    "deposit": Fault("O12", 1),
    "withdrawal": Fault("O12", 1),
    "another program trades": Fault("O11 O12", 0.01),
    "the owner trades in the evening": Fault("O12", 0.01),
    "another program takes our names": Fault("D6", 0.02),
}
"""Most are asked for at every request; those of chance 1 once a day or once a process."""
EXTERNAL_TRADING = ("another program trades", "the owner trades in the evening", "another program takes our names")
"""Concurrent trading in the account: in some worlds only, asked for at each step of the program."""
OUTSIDE_CHANGES = (
    "a trade by hand",
    "journal is of yesterday",
    "journal is deleted",
    "filled beyond the order",
    "stands with another quantity",
)
"""After these the journal alone can't explain every share; half of the worlds have none of them."""
COMPANIONS = {
    "cancel is lost": "fills stop in the middle",
    "cancel is slow": "fills are slow",
    "split is booked a day late": "split",
    "closes are not adjusted for the split": "split",
    "order arrives after the quiet time": "forced second run",
    "crash in the recovery": "crash",
}
"""Faults that need another one to have an effect."""
CRASHES = ("crash", "crash in the recovery")


class Log(Protocol):
    def __call__(self, text: str) -> None: ...


OUTAGE = 0.95
"""Probability of a fault during an outage."""


@dataclass(slots=True)
class FaultInjector:
    """`active` faults of today with their probabilities; `occurred` counts those that happened."""

    rng: Random
    active: Mapping[str, float]
    log: Log
    occurred: Counter[str] = field(default_factory=Counter)

    def occurs(self, name: str) -> bool:
        if name not in self.active or self.rng.random() >= self.active[name]:
            return False
        self.occurred[name] += 1
        self.log(f"! {name}")
        return True


def draw_faults(rng: Random, possible: tuple[str, ...]) -> dict[str, float]:
    """The day's faults with their probabilities: none on every fourth day, mostly one to three, up to twelve on some.

    Every third day with faults the process is killed too, and on half of those its recovery. Every fifth fault is an
    outage.
    """
    kind = rng.random()
    if kind < 0.25:
        return {}
    count = rng.randint(1, 3) if kind < 0.9 else rng.randint(4, 12)
    killed = CRASHES[: max(0, rng.randint(-3, 2))]
    sampled = (*rng.sample(possible, count), *killed)
    names = dict.fromkeys((*sampled, *(COMPANIONS[name] for name in sampled if name in COMPANIONS)))
    return {name: OUTAGE if rng.random() < 0.2 and FAULTS[name].lasts else FAULTS[name].chance for name in names}
