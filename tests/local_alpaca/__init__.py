"""An Alpaca on loopback, faithful enough that a careless client fails on it.

It keeps its own book and its own rules, and imports nothing of what it tests. By hand: `python tests/local_alpaca`.
"""

from local_alpaca import faults, lives
from local_alpaca.tape import Tape
from local_alpaca.terms import Terms
from local_alpaca.venue import LocalAlpaca

__all__ = ["LocalAlpaca", "Tape", "Terms", "faults", "lives"]
