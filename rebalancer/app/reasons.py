"""The reason that a person gives, which the journal keeps and screens, messages and logs repeat."""

from rebalancer.errors import BadInputError

MOST_CHARACTERS = 500


def require_reason(reason: str) -> None:
    """Raises BadInputError for a reason that says nothing, or is too long to be repeated."""
    if not reason.strip():
        raise BadInputError.of("reason", "is empty: say why, the journal keeps it")
    if len(reason) > MOST_CHARACTERS:
        text = f"has {len(reason):,} characters: use at most {MOST_CHARACTERS}, since screens and messages repeat it"
        raise BadInputError.of("reason", text)


def stopping_reason(reason: str) -> str:
    """The reason as it is kept of what stops trading, which is never refused for its reason."""
    if not reason.strip():
        return "no reason given"
    more = len(reason) - MOST_CHARACTERS
    return f"{reason[:MOST_CHARACTERS]} (and {more:,} characters more)" if more > 0 else reason
