"""A simulated Alpaca server on loopback, strict enough that a careless client fails on it.

It keeps its own book and rules and shares no code with the program. README.md in this folder explains the parts; start
it by hand with `python tests/local_alpaca`.
"""

from local_alpaca import faults, order_scripts
from local_alpaca.tape import Tape
from local_alpaca.terms import Terms
from local_alpaca.venue import LocalAlpaca

__all__ = ["LocalAlpaca", "Tape", "Terms", "faults", "order_scripts"]
