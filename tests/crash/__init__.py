"""Crash test: SIGKILL at every call of an evening, and again during its recovery, in real child processes.

The venue is the local Alpaca, reached by the real client; the journal is a real SQLite file. README.md in this folder
explains the parts; run it with `python tests/crash`.
"""
