"""The text file for Prometheus: its format, and that it is there whole or not at all."""

from pathlib import Path

import pytest

from rebalancer.notify.metrics import Gauge, Sample, rendered, write_textfile

GAUGES = (
    Gauge("equity", "What it was worth.", (Sample(1234.5, {"account": 'a"b\\c\nd'}), Sample(float("nan"), {}))),
    Gauge("halted", "No samples.", ()),
    Gauge("journal_bytes", "Size.", (Sample(1e10, {}),)),
)


def test_it_is_the_exposition_format_with_escaped_labels():
    assert rendered(GAUGES) == (
        "# HELP rebalance_equity What it was worth.\n"
        "# TYPE rebalance_equity gauge\n"
        'rebalance_equity{account="a\\"b\\\\c\\nd"} 1234.5\n'
        "rebalance_equity nan\n"
        "# HELP rebalance_journal_bytes Size.\n"
        "# TYPE rebalance_journal_bytes gauge\n"
        "rebalance_journal_bytes 10000000000.0\n"
    )


@pytest.mark.posix
def test_the_collector_runs_as_another_user_and_can_read_it(tmp_path: Path):
    file = tmp_path / "collected" / "rebalance.prom"
    assert write_textfile(file, GAUGES) is None
    assert file.stat().st_mode & 0o444 == 0o444
    assert file.read_text() == rendered(GAUGES)


def test_a_file_that_can_not_be_written_is_said(tmp_path: Path):
    (tmp_path / "x.prom").mkdir()
    said = write_textfile(tmp_path / "x.prom", GAUGES)
    assert said is not None
    assert said.startswith(f"{tmp_path / 'x.prom'} can't be written: ")
