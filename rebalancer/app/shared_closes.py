"""Closes that several processes read: files that each maps into its memory, so that they are there only once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rebalancer.model import BarField, Bars, Closes, Floats

SESSIONS, VALUES = "sessions.npy", "values.npy"


@dataclass(frozen=True, slots=True)
class SharedCloses:
    """The closes whose arrays are in `folder`; `frame` is all else of them. It can be pickled: that takes no prices."""

    folder: Path
    frame: Closes

    @classmethod
    def write(cls, closes: Closes, folder: Path) -> "SharedCloses":
        """Raises OSError, such as for a full disk."""
        np.save(folder / SESSIONS, closes.sessions)
        np.save(folder / VALUES, closes.values)
        for name, column in closes.bars.values.items() if closes.bars else ():
            np.save(folder / _bars_file(name), column)
        bars = closes.bars.until(0) if closes.bars else None
        return cls(folder, replace(closes, sessions=closes.sessions[:0], values=closes.values[:0], bars=bars))

    def open(self) -> Closes:
        """The closes; their arrays can't be written to."""
        frame = self.frame
        bars = replace(frame.bars, values=self._opened_bars(frame.bars)) if frame.bars else None
        sessions = np.load(self.folder / SESSIONS)
        return replace(frame, sessions=sessions, values=_opened(self.folder / VALUES), bars=bars)

    def _opened_bars(self, bars: Bars) -> Mapping[BarField, Floats]:
        return {name: _opened(self.folder / _bars_file(name)) for name in bars.values}


def _bars_file(name: BarField) -> str:
    return f"bars_{name}.npy"


def _opened(path: Path) -> Floats:
    """As a plain array: a memmap would turn every result into one more memmap."""
    found: Floats = np.asarray(np.load(path, mmap_mode="r"))
    return found
