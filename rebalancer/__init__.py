"""A command-line portfolio rebalancer."""

__version__ = "0.1.0"
