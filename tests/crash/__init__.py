"""kill -9 at every call of an evening, and again during its recovery, in real child processes.

The venue is the local Alpaca, reached by the real client; the journal is a real SQLite file. By hand:
`python tests/crash`.
"""
