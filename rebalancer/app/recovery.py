"""Opening an account between its runs: to settle what a run left, or for what a person does to a simulated one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rebalancer.app.account import open_for_a_run, opening
from rebalancer.app.evening import claim_of, context_of
from rebalancer.config import AccountConfig, Config
from rebalancer.events import Claim
from rebalancer.model import Session
from rebalancer.trading.context import RunContext
from rebalancer.venues.plugin import SimulatedBroker


@dataclass(frozen=True, slots=True)
class Recovery:
    context: RunContext
    claim: Claim
    session: Session


@contextmanager
def recovery(config: Config, account: AccountConfig) -> Iterator[Recovery]:
    """Open the account as it is now, at any hour and without its bots.

    Its session is the one going on, or the last one; a simulated account that lives in the past of its prices is opened
    at the window of their last session. Raises as `evening` does.
    """
    with opening(config, account) as opened:
        moment = opened.latest()
        with open_for_a_run(opened, moment) as ready:
            claim = claim_of(config, account, moment, {}, dry_run=False, force=False)
            own_orders = replace(account, trading=replace(account.trading, cancel_scope="own"))
            context = context_of(own_orders, opened, moment, ready, claim, bots={}, files={})
            yield Recovery(context, claim, moment.session)


@contextmanager
def simulated(config: Config, account: AccountConfig) -> Iterator[tuple[Recovery, SimulatedBroker]]:
    """For a simulated account alone. Raises as `recovery` does."""
    with recovery(config, account) as now:
        broker = now.context.broker
        if not isinstance(broker, SimulatedBroker):
            raise TypeError(f"account {account.name} is at {broker.venue.name}")
        yield now, broker
