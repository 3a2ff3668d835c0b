"""Figures as a text file for Prometheus: its exposition format (https://prometheus.io/docs/instrumenting/exposition_formats/).

The collector of text files reads a whole file that ends in .prom, as another user; it refuses times beside samples.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rebalancer.files import replace_atomically

PREFIX = "rebalance_"
READABLE = 0o644


@dataclass(frozen=True, slots=True)
class Sample:
    """A value with its labels. Labels have no symbols and no ids: each new one would be another series for ever."""

    value: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gauge:
    """`name` is that after PREFIX, with its unit at the end; `meaning` is one line."""

    name: str
    meaning: str
    samples: tuple[Sample, ...]


def rendered(gauges: Iterable[Gauge]) -> str:
    """A gauge without samples is left out."""
    return "".join(_gauge(each) for each in gauges if each.samples)


def _gauge(gauge: Gauge) -> str:
    name = f"{PREFIX}{gauge.name}"
    head = f"# HELP {name} {gauge.meaning}\n# TYPE {name} gauge\n"
    return head + "".join(f"{name}{_labels(each.labels)} {float(each.value)!r}\n" for each in gauge.samples)


def _labels(labels: Mapping[str, str]) -> str:
    written = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{written}}}" if written else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def write_textfile(path: Path, gauges: Iterable[Gauge]) -> str | None:
    """Replace the file at `path` at once; None, or what went wrong."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_atomically(path, rendered(gauges).encode(), mode=READABLE)
    except OSError as error:
        return f"{path} can't be written: {error.strerror}"
    return None
