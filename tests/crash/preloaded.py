"""Everything an evening imports and keeps in memory, taken in once by the fork server."""

from datetime import date

import rebalancer.brokers.alpaca
import rebalancer.live.rebalance
import rebalancer.market.alpaca
import rebalancer.market.alpaca_history
import rebalancer.market.cache
import rebalancer.wiring  # noqa: F401
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock

ExchangeCalendar(SystemClock()).session(date(2026, 11, 20))
