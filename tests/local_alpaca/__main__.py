"""The local Alpaca, started by hand: `python tests/local_alpaca --port 8790 --now 2024-03-04T15:50:00-05:00`."""

import argparse
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from local_alpaca import LocalAlpaca, Tape  # noqa: E402 - the folder above has to be on the path first

WELCOME = """\
url     {venue.url}
key_id  {venue.key_id}
secret  {venue.secret}
stocks  {stocks}
Ctrl-C ends it.
"""


def main() -> None:
    words = argparse.ArgumentParser(
        prog="local_alpaca", description="An Alpaca on this machine alone, with made-up prices."
    )
    words.add_argument("--port", type=int, default=8790)
    words.add_argument("--now", type=datetime.fromisoformat, default=None, help="its time at the start, with a zone")
    words.add_argument("--cash", type=int, default=100_000, help="dollars")
    asked = words.parse_args()
    now = asked.now or datetime.now(UTC)
    if now.tzinfo is None:
        words.error(f"--now {now.isoformat()} has no zone; write for example {now.isoformat()}-05:00")
    with (
        suppress(KeyboardInterrupt),
        LocalAlpaca(now, cash=asked.cash, market=Tape.sample(), port=asked.port, running=True) as venue,
    ):
        sys.stdout.write(WELCOME.format(venue=venue, stocks=", ".join(sorted(venue.market.closes))))
        sys.stdout.flush()
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
