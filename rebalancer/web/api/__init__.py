"""The API: one row a call."""

from rebalancer.web.api import reading, trading

CALLS = (*trading.CALLS, *reading.CALLS)
