"""Alpaca as a venue. Light to import: what talks to Alpaca is imported when an account is opened."""

from rebalancer.ports import Venue

ALPACA = Venue(
    "alpaca",
    simulated=False,
    title="Alpaca",
    paper_prefix="PA",
    order_kinds=frozenset({"limit", "market", "moc"}),
    idempotent_ids=True,
    quiet_seconds=30,
)
