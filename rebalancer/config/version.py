"""The schema version of a config."""

from rebalancer.config.kinds import shown

SCHEMA = 1
"""The version this release reads. A file that names none has version 1."""


def version(value: object, newest: int = SCHEMA) -> int:
    """The value of the key `schema`, accepted only if it is `newest`. Raises ValueError with the remedy."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{shown(value)} is not allowed: use {newest}, or leave it out")
    if value > newest:
        raise ValueError(f"{value} was made by a newer rebalance, this one reads {newest}: install the newer one")
    if value < newest:
        raise ValueError(f"{value} is of an older rebalance: bring it to {newest} with `rebalance config migrate`")
    return value
