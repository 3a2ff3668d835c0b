"""The child process of `python_bot`: a script that imports nothing of ours. See there for what it is sent and answers.

One line of JSON for each session: an object of weights, or a sentence that says what went wrong.
"""

import json
import os
import resource
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import repeat
from numbers import Real
from typing import Any

FILE = "the bot's file"
MAX_SYMBOLS = 1_000
MAX_SENTENCE = 500
"""Characters of a sentence about an error, whose parts come from the bot."""


def main() -> None:
    header, values = sys.stdin.buffer.read().split(b"\n", 1)
    request = json.loads(header)
    output = os.fdopen(os.dup(1), "wb")
    silence()
    limit(request)
    process = os.getpid()
    for made in answers(request, values):
        if os.getpid() != process:
            os._exit(1)  # a process that the bot forked answers nothing
        output.write(json.dumps(made).encode() + b"\n")
        output.flush()
    os._exit(0)  # threads that the bot left running are not waited for


def silence() -> None:
    """Standard input is empty from here on, and what is printed is lost."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)


def limit(request: Mapping[str, Any]) -> None:
    """The alarm ends this process where its parent no longer can."""
    signal.alarm(request["wall_seconds"] + 5)
    wanted = (
        (resource.RLIMIT_CPU, "cpu_seconds", 1),
        (resource.RLIMIT_AS, "memory_bytes", 0),
        (resource.RLIMIT_FSIZE, "file_bytes", 0),
    )
    for kind, name, grace in wanted:
        with suppress(ValueError, OSError):  # macOS has no limit of memory
            resource.setrlimit(kind, (request[name], request[name] + grace))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answers(request: Mapping[str, Any], values: bytes) -> "Iterator[dict[str, float] | str]":
    """Every call sees a copy of the closes: a bot that changes its own changes nothing for the next session."""
    import numpy as np  # noqa: PLC0415 - under the limits
    import pandas as pd  # noqa: PLC0415

    sessions, symbols, lookback = request["sessions"], request["symbols"], request["lookback"]
    table = np.frombuffer(values, dtype="<f8").reshape(len(sessions), len(symbols))
    closes = pd.DataFrame(table, index=pd.DatetimeIndex(sessions), columns=symbols)
    ends = range(lookback, len(sessions) + 1)
    try:
        weights = loaded(request["code"])
    except BaseException as error:  # noqa: BLE001 - whatever it is, it becomes a sentence
        yield from repeat(f"the file can't be run: {described(error)}"[:MAX_SENTENCE], len(ends))
        return
    for end in ends:
        yield answer(weights, closes.iloc[end - lookback : end].copy())


def answer(weights: Callable[[Any], object], closes: object) -> dict[str, float] | str:
    try:
        return plain(weights(closes))
    except BaseException as error:  # noqa: BLE001 - SystemExit too
        return sentence(error)[:MAX_SENTENCE]


def loaded(code: str) -> Callable[[Any], object]:
    module = types.ModuleType("bot")
    sys.modules["bot"] = module
    exec(compile(code, FILE, "exec"), module.__dict__)  # noqa: S102 - that is what this process is for
    weights: Callable[[Any], object] = module.weights
    return weights


class UnusableError(Exception):
    """Its text is the whole sentence."""


def plain(found: object) -> dict[str, float]:
    """Raises UnusableError for anything but a mapping of texts to numbers. No ticker is longer than 40 characters."""
    if not isinstance(found, Mapping):
        raise UnusableError(f"weights() returned a {type(found).__name__}; it must return a dict of symbol: fraction")
    if len(found) > MAX_SYMBOLS:
        raise UnusableError(f"weights() returned {len(found):,} symbols; up to {MAX_SYMBOLS:,} are read")
    for name, weight in found.items():
        if not isinstance(name, str):
            raise UnusableError(f"weights() returned a key that is a {type(name).__name__}; keys are tickers")
        if not isinstance(weight, Real) or isinstance(weight, bool):
            raise UnusableError(f"weights() returned a {type(weight).__name__} for {name[:40]}; weights are numbers")
    return {name[:40]: float(weight) for name, weight in found.items()}


def sentence(error: BaseException) -> str:
    if isinstance(error, UnusableError):
        return str(error)
    if isinstance(error, MemoryError):
        return "weights() ran out of the memory that it is allowed"
    return f"weights() raised {described(error)}"


def described(error: BaseException) -> str:
    """Its kind, its text in one line, and the line of the bot's file that it comes from."""
    try:
        text = " ".join(str(error)[:300].split())
    except Exception:  # noqa: BLE001 - an error of the bot's own may have no text
        text = ""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    return f"{type(error).__name__}{f': {text}' * bool(text)}{f' (line {lines[-1]})' if lines else ''}"


if __name__ == "__main__":
    main()
