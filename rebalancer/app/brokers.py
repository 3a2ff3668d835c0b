"""An account's broker."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from rebalancer.app.lines import Connections
from rebalancer.config import AccountConfig, Config
from rebalancer.ports import Broker, Calendar, Clock, Quotes
from rebalancer.venues.sim.broker import SimBroker


@contextmanager
def broker_of(
    config: Config, account: AccountConfig, clock: Clock, quotes: Quotes, calendar: Calendar, lines: Connections
) -> Iterator[Broker]:
    """Open the account where it is. Raises BadInputError where its keys can't be read, SourceError for a sim file."""
    if account.broker == "alpaca":
        from rebalancer.venues.alpaca.broker import AlpacaBroker  # noqa: PLC0415 - only where it is used

        yield AlpacaBroker(lines.to(account.name), lines.clock)
        return
    sim = SimBroker.open(
        config.sim_file(account),
        clock,
        quotes,
        calendar,
        starting_cash=account.sim.starting_cash,
        commission_dollars=account.sim.commission_dollars,
        slippage_percent=account.sim.slippage_percent,
    )
    with closing(sim):
        yield sim
