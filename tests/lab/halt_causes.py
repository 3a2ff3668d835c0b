"""Expected halts: each reason with the faults that can cause it. Any other halt is a bug."""

import re
from collections.abc import Collection

DISK = {"journal can't be written", "journal says no after it wrote"}
LOST_JOURNAL = {"journal is of yesterday", "journal is deleted"}
EXTERNAL_TRADING = {"another program trades", "the owner trades in the evening", "another program takes our names"}
OUTSIDE_CHANGES = {
    *EXTERNAL_TRADING,
    "a trade by hand",
    "filled beyond the order",
    "stands with another quantity",
    "statuses out of order",
}

CAUSES: tuple[tuple[str, Collection[str]], ...] = (
    ("was (lost|refused) by the journal and stands", {"order arrives after the quiet time"}),
    (
        "was lost, and the broker now shows",
        OUTSIDE_CHANGES | {"order arrives after the quiet time", "split", "a venue that forgets"},
    ),
    ("does not know it any more", {"a venue that forgets"}),
    (
        "this journal (does not know|has not), or has as refused",
        LOST_JOURNAL | {"order arrives after the quiet time", "another program takes our names"},
    ),
    ("the journal can't be used", DISK),
    ("filled, and the broker now says", OUTSIDE_CHANGES),
    ("the broker says .* filled, after", OUTSIDE_CHANGES),
    ("stands at the broker as", OUTSIDE_CHANGES),
    ("the journal and the broker are apart", OUTSIDE_CHANGES | {"positions lag"}),
    ("of own cash after tonight's buys", EXTERNAL_TRADING),
)


def is_explained(reason: str, occurred: frozenset[str]) -> bool:
    """Whether a fault that `occurred` in this world so far can have caused the halt."""
    return any(re.search(pattern, reason) and not occurred.isdisjoint(causes) for pattern, causes in CAUSES)
