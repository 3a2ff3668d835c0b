"""Hostile files, each read in a process that may take some seconds of work and 200 MB more than it had before."""

import subprocess
import sys

import pytest

CHILD = """
import gzip, json, resource, sys
from rebalancer.bots.flowchart.formats import read
content = eval(sys.argv[1])
used = resource.getrusage(resource.RUSAGE_SELF)
seconds = int(used.ru_utime + used.ru_stime) + 8  # a second is enough, but not on every machine
with open("/proc/self/statm") as pages:
    memory = int(pages.read().split()[0]) * resource.getpagesize() + 200_000_000
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
chart, problems = read(content, "hostile")
print(len(problems), problems[0] if problems else chart.name)
"""
TEXT = "b'(defsymphony \"x\" {:rebalance-frequency :daily} ' + %s + b')'"
HOSTILE = {
    "parentheses": "b'(' * 9_999_999",
    "pairs of parentheses": "b'()' * 4_999_999",
    "numbers": "b'(' + b'1 ' * 4_999_999",
    "comments": "b'(;\\n' * 3_333_333",
    "an endless text": "b'(\"' + b'a' * 9_999_000",
    "escapes": "b'(\"' + b'\\\\n' * 4_999_000 + b'\")'",
    "maps in maps": "b'{:a ' * 4_900 + b'1' + b'}' * 4_900",
    "a long number": "b'(' + b'9' * 9_999_000 + b')'",
    "conditions 4,900 deep": TEXT % "(b'(if ' + b'(and ' * 4_900 + b')' * 4_900 + b'[] [])')",
    "90,000 weights": TEXT % "(b'(weight-specified ' + b'1 ' * 90_000 + b')')",
    "transit maps in maps": "b'[\"^ \",\"~:step\",' * 2_400 + b'1' + b']' * 2_400",
    "keys with colons": "b'{\":step\":' * 4_900 + b'1' + b'}' * 4_900",
    "lists in a JSON text": "json.dumps('(' * 4_900 + ')' * 4_900).encode()",
    "an archive of 200 MB": "gzip.compress(b'(' * 200_000_000)",
    "incantations 4,900 deep": "b'{\"incantation\":' * 4_900 + b'1' + b'}' * 4_900",
    "calls 4,900 deep": "b'{\"type\":\"node_root\",\"x\":' + b'[\"fn_not\",' * 4_900 + b'1' + b']' * 4_900 + b'}'",
    "lines of a condition": "json.dumps({'kind': 'indicator', 'conditions': [{}] * 90_000}).encode()",
    "a thousand lines": "json.dumps({'kind': 'indicator', 'conditions': [{}] * 1_000}).encode()",
    "positions": "json.dumps({'kind': 'position', 'positions': ['x'] * 90_000}).encode()",
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the size of the process from /proc")
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_within_seconds_and_200_megabytes(content):
    command = [sys.executable, "-c", CHILD, content]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout.split()[0]) >= 1
    assert len(done.stdout) < 1_000
