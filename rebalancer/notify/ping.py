"""Pings of a dead-man's switch in the protocol of healthchecks.io (https://healthchecks.io/docs/http_api/).

The monitor alarms when no ping comes. An address has the form https://host/UUID or https://host/KEY/NAME?create=1.
"""

from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import NAMESPACE_OID, UUID, uuid5

SECONDS = 5.0
"""The deadline of a ping, by `deadline.within`; the timeout of a socket alone starts anew with every byte."""
MOST_BYTES = 10_000
"""What monitors keep of a body."""


def run_uuid(account: str, run: int) -> UUID:
    """What pairs the pings of one run: the same in every process."""
    return uuid5(NAMESPACE_OID, f"rebalancer run {run} of {account}")


def address_of(url: str, signal: str, run: UUID | None = None) -> str:
    """The address for `signal`: "" (success), "start", "fail", or an exit code from "0" to "255"."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{signal}" if signal else parts.path
    words = [parts.query, urlencode({"rid": run}) if run else ""]
    return urlunsplit(parts._replace(path=path, query="&".join(filter(None, words))))


def ping(url: str, signal: str, run: UUID | None = None, text: str = "") -> str | None:
    """Send `signal` with `text`; None where the monitor took it, else what went wrong, without the address.

    A redirect is not followed: a captive portal would take the ping, and the monitor would not.
    """
    import requests  # noqa: PLC0415 - not needed while nothing is due

    try:
        answer = requests.post(
            address_of(url, signal, run),
            data=text.encode()[:MOST_BYTES],
            headers={"Content-Type": "text/plain; charset=utf-8"},
            timeout=SECONDS,
            allow_redirects=False,
            stream=True,  # the body of the answer is of no use
        )
    except requests.RequestException as error:
        return f"the monitor can't be reached ({type(error).__name__})"
    answer.close()
    return None if answer.status_code == requests.codes.ok else f"the monitor answered {answer.status_code}"
