"""Everything that an evening imports and caches, loaded once by the fork server."""

from datetime import date

import rebalancer.venues.alpaca.broker
import rebalancer.venues.alpaca.history
import rebalancer.venues.alpaca.quotes  # noqa: F401
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock

ExchangeCalendar(SystemClock()).session(date(2026, 11, 20))
