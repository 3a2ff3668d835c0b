"""Routes of the market-data API."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from local_alpaca import corporate_actions, daily_bars, latest_prices
from local_alpaca.parameters import BadRequest

if TYPE_CHECKING:
    from local_alpaca.tape import Tape

LATEST_PATH = re.compile(r"/v2/stocks/(quotes|trades|bars)/latest")


def answer(tape: "Tape", path: str, params: Mapping[str, str], now: datetime) -> tuple[int, object]:
    """The HTTP status and the JSON body."""
    try:
        return 200, _body(tape, path, params, now)
    except BadRequest as refused:
        return refused.status, {"message": refused.message}


def _body(tape: "Tape", path: str, params: Mapping[str, str], now: datetime) -> object:
    if path == "/v2/stocks/bars":
        return daily_bars.page(tape, params, now)
    if path == "/v2/stocks/snapshots":
        return latest_prices.each(tape, params, now, latest_prices.snapshot)
    if path == "/v1/corporate-actions":
        return corporate_actions.page(tape.actions, params, now)
    if latest := LATEST_PATH.fullmatch(path):
        return {latest[1]: latest_prices.each(tape, params, now, latest_prices.LATEST[latest[1]])}
    raise BadRequest("Not Found", 404)
