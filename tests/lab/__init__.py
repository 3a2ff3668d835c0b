"""Simulation test: thousands of trading days on a virtual clock with injected faults, reproducible from one seed.

The real evening runs against a simulated venue that keeps its own book; independent checkers test invariants after
every step. README.md in this folder explains the parts.
"""
