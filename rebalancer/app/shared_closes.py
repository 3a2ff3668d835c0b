"""Closes that several processes read: a file that each maps into its memory, so that they are there only once.

The file has no name: it is gone with the last process that has it open, even where a kill lets none of them tidy up.
"""

import pickle
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from multiprocessing.reduction import DupFd
from os import fdopen
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from rebalancer.model import Closes

ALIGNED = 64
"""Bytes: as numpy aligns arrays itself."""


@dataclass(frozen=True, slots=True)
class SharedCloses:
    """The closes in `file`: their arrays at `places`, and at the last all else of them.

    It can be pickled for a process that is being started, which takes no prices.
    """

    file: BinaryIO
    places: tuple[slice, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (DupFd(self.file.fileno()), self.places)

    def open(self) -> Closes:
        """The closes, to be opened once; their arrays can't be written to."""
        with closing(self.file):
            whole = memoryview(mmap(self.file.fileno(), 0, access=ACCESS_READ))
        *arrays, frame = (whole[place] for place in self.places)
        found: Closes = pickle.loads(frame, buffers=arrays)  # noqa: S301 - written by the process that started this one
        return found


@contextmanager
def shared(closes: Closes) -> Iterator[SharedCloses]:
    """Raises OSError, such as for a full disk."""
    arrays = list[pickle.PickleBuffer]()
    frame = pickle.dumps(closes, protocol=5, buffer_callback=arrays.append)
    with TemporaryFile() as file:
        places = [_written(file, each) for each in arrays]
        places.append(_written(file, frame))
        file.flush()
        yield SharedCloses(file, tuple(places))


def _written(file: BinaryIO, content: pickle.PickleBuffer | bytes) -> slice:
    file.write(bytes(-file.tell() % ALIGNED))
    start = file.tell()
    file.write(content)
    return slice(start, file.tell())


def _received(file: Any, places: tuple[slice, ...]) -> SharedCloses:  # noqa: ANN401 - multiprocessing's own
    return SharedCloses(fdopen(file.detach(), "rb"), places)
