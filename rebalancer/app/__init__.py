"""Config -> live objects. The only place that knows which adapter stands behind which port."""

from rebalancer.app.bots import load_bots, read_bots
from rebalancer.app.evening import Evening, evening, present_of
from rebalancer.app.source import Source, closes_up_to, source_of

__all__ = [
    "Evening",
    "Source",
    "closes_up_to",
    "evening",
    "load_bots",
    "present_of",
    "read_bots",
    "source_of",
]
