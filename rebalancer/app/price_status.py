"""Whether the stored prices reach far enough, and what is missing or odd in them."""

from rebalancer.app.prices import kept_closes
from rebalancer.app.views import PriceStatus
from rebalancer.config import Config
from rebalancer.market.calendar import ExchangeCalendar
from rebalancer.market.clock import SystemClock
from rebalancer.market.coverage import coverage, sessions_due


def price_status(config: Config) -> PriceStatus:
    """Each ticker's span, gaps and age. Raises BadInputError where there are no prices, or none that can be used."""
    clock = SystemClock()
    calendar = ExchangeCalendar(clock)
    closes = kept_closes(config, calendar)
    due = sessions_due(calendar, closes, clock.now())
    if config.data_source == "sample":  # it ends in the past
        due = tuple(day for day in due if day <= closes.day(-1))
    return PriceStatus(closes.day(-1), due[-1] if due else None, coverage(closes, due), closes.notes)
