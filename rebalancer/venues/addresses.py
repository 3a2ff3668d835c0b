"""Which addresses orders and keys may be sent to: a venue's own host, or this machine."""

import re

# Matched whole: an address that URL parsers and the network library read differently can't get through.
LOOPBACK = re.compile(r"https?://(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?/?", re.ASCII)


def is_loopback(url: str) -> bool:
    """Whether `url` is a bare base address on this machine, such as http://127.0.0.1:8080."""
    return LOOPBACK.fullmatch(url) is not None


def refusal(url: str, allowed: str) -> str | None:
    """Why nothing may be sent to `url`; None for `allowed` itself and for an address on this machine."""
    if url.rstrip("/") == allowed or is_loopback(url):
        return None
    return (
        f"{url[:80]} is neither {allowed} nor an address on this machine. Leave the base URL out to use {allowed}; "
        "a local one has no path, such as http://127.0.0.1:8080."
    )
