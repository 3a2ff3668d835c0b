"""`rebalance self-check` and `rebalance --version`."""

import getpass
import re
import socket
from pathlib import Path

from rebalancer import __version__

FINE, WRONG_WORDS = 0, 2


def test_the_self_check_is_a_screen_and_leaves_nothing_behind(rebalance, tmp_path):
    output = rebalance("self-check")
    assert output.code == FINE, output.out
    for words in ("This release", "libraries", "SQLite", "time zones", "evening", "0 failed"):
        assert words in output.out
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_one_line(rebalance):
    assert rebalance("--version") == (FINE, f"rebalance {__version__}\n", "")


def test_the_versions_for_a_bug_report_are_lines_of_a_name_and_a_version(rebalance):
    for words in (("--version", "--verbose"), ("--verbose", "--version")):
        output = rebalance(*words)
        assert output.code == FINE
        lines = output.out.splitlines()
        assert all(re.fullmatch(r"[\w-]+ +\S.*", line) for line in lines)
        assert {"rebalancer", "sqlite", "numpy"} <= {line.split()[0] for line in lines}
        assert not any(word in output.out for word in (str(Path.home()), f"{getpass.getuser()}@", socket.gethostname()))


def test_verbose_alone_and_no_command_are_refused_with_what_to_write(rebalance):
    assert rebalance("--verbose").code == WRONG_WORDS
    assert "rebalance --version --verbose" in rebalance("--verbose").err
