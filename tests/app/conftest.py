from collections.abc import Iterator

import pytest
from stage import OPENED


@pytest.fixture(autouse=True)
def no_broker_stays_open() -> Iterator[None]:
    with OPENED:
        yield
