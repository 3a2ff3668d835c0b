"""Where Alpaca is: the addresses this program may talk to, and which others it refuses."""

import re
from collections.abc import Mapping
from typing import Literal

Mode = Literal["paper", "live"]

PAPER = "https://paper-api.alpaca.markets"
LIVE = "https://api.alpaca.markets"
DATA = "https://data.alpaca.markets"
TRADING: Mapping[str, str] = {"paper": PAPER, "live": LIVE}
"""Where orders go, by an account's mode."""
PAPER_NUMBERS = "PA"
"""What the number of every paper account begins with, and of no other."""

# Matched whole: what a parser of addresses and the network library read differently can't get through.
LOOPBACK = re.compile(r"https?://(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?/?", re.ASCII)


def is_loopback(url: str) -> bool:
    """Whether `url` is a bare base address on this machine, such as http://127.0.0.1:8080."""
    return LOOPBACK.fullmatch(url) is not None


def refusal(url: str, allowed: str = PAPER) -> str | None:
    """Why orders or questions don't go to `url`; None for `allowed` itself and for an address on this machine."""
    if url.rstrip("/") == allowed or is_loopback(url):
        return None
    return (
        f"{url[:80]} is neither {allowed} nor an address on this machine. Leave the base URL out to use {allowed}; "
        "a local one has no path, such as http://127.0.0.1:8080."
    )


def mode_of(number: str) -> Mode:
    """Whether the account with this `number` is one of Alpaca's paper accounts, or holds real money."""
    return "paper" if number.startswith(PAPER_NUMBERS) else "live"
