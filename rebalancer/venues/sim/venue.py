"""The simulated broker as a venue: orders meet market prices, and no real money moves."""

from rebalancer.ports import Venue

SIM = Venue("sim", simulated=True, title="the simulated broker", idempotent_ids=True)
