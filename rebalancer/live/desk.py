"""What one account's evening stands on, and the pen it writes with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from rebalancer.errors import RunFailedError, StoppedError
from rebalancer.events import Event, Noted, OrderIntended
from rebalancer.flowchart.compile import Program
from rebalancer.model import Investment, Reserve, RunId, Session, Symbol, Trading
from rebalancer.ports import Broker, Calendar, Clock, History, Journal, Quotes


@dataclass(frozen=True, slots=True)
class Desk:
    """One account with everything behind its ports. `programs` has each investment's bot by name.

    `pinned` is the only account number that may be traded, None where the owner named none.

    Once `ending` says so the program was told to end: no order leaves any more, and those that left are followed on.
    """

    account: str
    broker: Broker
    history: History
    quotes: Quotes
    calendar: Calendar
    clock: Clock
    journal: Journal
    trading: Trading
    reserve: Reserve
    investments: tuple[Investment, ...]
    programs: Mapping[str, Program]
    ending: Callable[[], bool] = lambda: False
    pinned: str | None = None

    def symbols(self) -> tuple[Symbol, ...]:
        """Every ticker tonight's decisions can name, sorted."""
        charts = {symbol for program in self.programs.values() for symbol in program.symbols}
        fallback = {self.trading.fallback_ticker} if self.trading.fallback_ticker else set()
        return tuple(sorted(charts | fallback))


class Diary:
    """Writes the events of one run. `sent` tells whether an order may have left."""

    def __init__(self, desk: Desk, run: RunId, session: Session) -> None:
        self.run = run
        self.session = session
        self.number = desk.journal.run_number(run)
        self.sent = False
        self._desk = desk

    def write(self, event: Callable[..., Event], **fields: object) -> None:
        """Commit `event` with the present time. Where this raises, nothing may be sent after it.

        Raises what the journal raises while nothing has left, StoppedError after that.
        """
        try:
            self._desk.journal.record(self.run, event(at=self._desk.clock.now(), **fields))
        except RunFailedError as error:
            if self.sent:
                raise StoppedError(f"{error} Orders had left before: look at the account.") from error
            raise
        self.sent = self.sent or event is OrderIntended

    def note(self, text: str, level: Literal["note", "warning", "error"] = "note") -> None:
        self.write(Noted, level=level, text=text)
