"""A message to a person, sent by apprise to one of the many services that it knows.

apprise is an extra, and is loaded when something is sent: it takes longer than the rest of an evening's imports.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rebalancer.model import URGENT, NoticeKind

if TYPE_CHECKING:
    from apprise import NotifyType

NO_LIBRARY = "needs its library: pip install 'rebalancer[notify]'"
MOST_CHARACTERS = 3_000
"""What every service takes; some refuse a longer one, others send only its beginning."""


@dataclass(frozen=True, slots=True)
class Message:
    """`title` is one line and `body` plain text. Messages with the same `key` say the same."""

    kind: NoticeKind
    title: str
    body: str
    key: str = ""


def send(url: str, message: Message) -> str | None:
    """None where the service took it, else what went wrong, without the address."""
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError:
        return NO_LIBRARY
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # what it logs may have tokens of the address in it
    # A captive portal answers a redirect with success, and the message is lost.
    service = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    if not service.add(url):
        return "its address is none of apprise's: see https://github.com/caronc/apprise/wiki"
    sent = service.notify(
        title=message.title,
        body=shortened(message.body),
        notify_type=_type(message.kind, apprise.NotifyType),
        body_format=apprise.NotifyFormat.TEXT,
    )
    return None if sent else "the service did not take the message"


def shortened(body: str) -> str:
    """Whole lines up to MOST_CHARACTERS, and how many were left out."""
    lines = body.split("\n")
    kept = len(lines)
    while kept > 1 and len("\n".join(lines[:kept])) > MOST_CHARACTERS:
        kept -= 1
    left_out = len(lines) - kept
    return "\n".join(lines[:kept]) + (f"\nand {left_out:,} more lines" if left_out else "")


def _type(kind: NoticeKind, types: "type[NotifyType]") -> "NotifyType":
    others: Mapping[NoticeKind, NotifyType] = {"success": types.SUCCESS, "digest": types.INFO}
    return types.FAILURE if kind in URGENT else others.get(kind, types.WARNING)
