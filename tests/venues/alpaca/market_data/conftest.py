"""A local Alpaca on the morning after a quiet fortnight, and a client that is connected to it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from local_alpaca import LocalAlpaca

from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.client import AlpacaClient


@pytest.fixture
def venue() -> Iterator[LocalAlpaca]:
    """On Tuesday, 2024-03-05, ten minutes before the close in New York."""
    with LocalAlpaca(now=datetime(2024, 3, 5, 20, 50, tzinfo=UTC)) as venue:
        yield venue


@pytest.fixture
def client(venue: LocalAlpaca) -> Iterator[AlpacaClient]:
    keys = Keys(venue.key_id, venue.secret)
    with closing(AlpacaClient(keys, venue.clock, trading_url=venue.url, data_url=venue.url)) as client:
        yield client
