"""An account's broker alone, at any hour: to ask for the account, and to cancel."""

from collections.abc import Iterator
from contextlib import contextmanager

from rebalancer.app.checkup import patient_of
from rebalancer.app.lines import Connections, clock_of
from rebalancer.config import AccountConfig, Config
from rebalancer.ports import Broker, Clock


@contextmanager
def counter_of(config: Config, account: AccountConfig) -> Iterator[tuple[Broker, Clock]]:
    """A real broker's, without prices; a simulated one's with those it lives by. It waits for no lock: a kill, too,
    comes this way, and never waits for a run.

    Raises BadInputError where its keys can't be read, SourceError where what it opens does not answer.
    """
    if account.broker == "alpaca":
        from rebalancer.venues.alpaca.broker import AlpacaBroker  # noqa: PLC0415 - only where it is used

        present = clock_of(account)
        with Connections(config, present) as lines:
            yield AlpacaBroker(lines.to(account.name), present), present
        return
    with patient_of(config, account, {}) as patient:
        yield patient.broker, patient.clock
