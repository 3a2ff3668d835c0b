from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from local_alpaca import LocalAlpaca

from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.client import AlpacaClient

EVENING = datetime(2024, 3, 4, 20, 45, tzinfo=UTC)


@pytest.fixture
def venue() -> Iterator[LocalAlpaca]:
    """Fifteen minutes before the close; it lists SPY."""
    with LocalAlpaca(EVENING) as venue:
        venue.market.list("SPY", {date(2024, 3, 4): Decimal(500)})
        yield venue


@pytest.fixture
def client(venue: LocalAlpaca) -> Iterator[AlpacaClient]:
    keys = Keys(venue.key_id, venue.secret)
    client = AlpacaClient(keys, venue.clock, trading_url=venue.url, data_url=venue.url, seconds=60)
    yield client
    client.close()


@pytest.fixture
def hasty(venue: LocalAlpaca) -> AlpacaClient:
    """Gives up an attempt after a second, and a read after a minute: on a busy machine good answers are late too."""
    keys = Keys(venue.key_id, venue.secret)
    return AlpacaClient(keys, venue.clock, trading_url=venue.url, data_url=venue.url, seconds=1, patience=60)
