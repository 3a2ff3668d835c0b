"""Why an account may be halted: each sentence with the faults that can bring it about. Any other halt is a bug."""

import re
from collections.abc import Collection

DISK = {"journal can't be written", "journal says no after it wrote"}
LOST_JOURNAL = {"journal is of yesterday", "journal is deleted"}
BESIDE = {"another program trades", "the owner trades in the evening", "another program takes our names"}
HANDS = {
    *BESIDE,
    "a trade by hand",
    "filled beyond the order",
    "stands with another quantity",
    "statuses out of order",
}

CAUSES: tuple[tuple[str, Collection[str]], ...] = (
    ("was (lost|refused) by the journal and stands", {"order arrives after the quiet time"}),
    (
        "was lost, and the broker now shows",
        HANDS | {"order arrives after the quiet time", "split", "a venue that forgets"},
    ),
    ("does not know it any more", {"a venue that forgets"}),
    (
        "this journal (does not know|has not), or has as refused",
        LOST_JOURNAL | {"order arrives after the quiet time", "another program takes our names"},
    ),
    ("the journal can't be used", DISK),
    ("filled, and the broker now says", HANDS),
    ("the broker says .* filled, after", HANDS),
    ("stands at the broker as", HANDS),
    ("the journal and the broker are apart", HANDS | {"positions lag"}),
    ("of own cash after tonight's buys", BESIDE),
)


def is_explained(reason: str, struck: frozenset[str]) -> bool:
    """Whether one of the faults that `struck` this world so far can be why the program halted the account."""
    return any(re.search(pattern, reason) and not struck.isdisjoint(causes) for pattern, causes in CAUSES)
