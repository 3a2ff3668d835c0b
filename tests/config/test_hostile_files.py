"""Hostile files are refused within 200 MB of additional memory and a few seconds, measured in a child process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from limited import answer

PARSED = """
from rebalancer import config
from rebalancer.errors import BadInputError
from rebalancer.bots import load

content = Path(sys.argv[2]).read_bytes()
limit()
if sys.argv[1] != "config":
    bot, problems = load.load(content, "bot", sys.argv[1], None)
    assert bot is None
else:
    try:
        config.parse(content, Path("config.toml"), {})
    except BadInputError as error:
        problems = error.problems
print(*problems[:3], sep="\\n")
"""

KIB_128 = 128 * 1024
MB_10 = 10_000_000
CONFIGS: dict[str, tuple[Callable[[], bytes], str]] = {
    "80 kB of dots": (lambda: b"a" + b".a" * 40_000 + b" = 1", "characters long"),
    "dots, line by line": (lambda: b"".join(b"a%d%s = 1\n" % (i, b".a" * 8) for i in range(4500)), "is no setting"),
    "a table for every line": (lambda: b"".join(b"[a%d%s]\n" % (i, b".a" * 8) for i in range(4500)), "is no setting"),
    "brackets": (lambda: b"a = " + b"[\n" * 60_000, "nested more than 16 deep"),
    "quotes": (lambda: (b'"""' * 300 + b"'\n") * 140, "is no valid TOML"),
    "accounts": (lambda: b"".join(b"[accounts.a%d]\n" % i for i in range(7_000)), "broker: is missing"),
    "zeros": (lambda: bytes(KIB_128), "characters long"),
    "too much": (lambda: b"#\n" * KIB_128, "over 128 KiB"),
}
BOTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "10 MB of brackets": (lambda: b"[" * MB_10, "values"),
    "10 MB of lists": (lambda: b"[" + b"[]," * 3_333_000 + b"[]]", "values"),
    "nested too deep": (lambda: b'{"a":' * 60_000, "nested more than 5,000 deep"),
    "double keys": (lambda: b"{" + b'"a":1,' * 90_000 + b'"a":1}', "stands here twice"),
    "double keys deep down": (
        lambda: b'{"a":' * 4_900 + b"{" + b'"a":1,' * 80_000 + b'"a":1}' + b"}" * 4_900,
        "stands here twice",
    ),
    "huge numbers": (lambda: b'{"a":[' + b"1e99," * 90_000 + b"1]}", "too large"),
    "a number of 10 MB": (lambda: b'{"a": ' + b"9" * (MB_10 - 8) + b"}", "is not JSON"),
    "a text of 10 MB": (lambda: b'{"a": "' + b"\\u0041" * 1_600_000 + b'"}', "no format we know"),
    "too many elements": (
        lambda: (
            b'{"format":"rebalancer/bot","version":1,"name":"x","chart":{"equal":['
            + b'{"asset":"SPY"},' * 30_000
            + b'{"asset":"SPY"}]}}'
        ),
        "more than 25,000 elements",
    ),
    "20,000 nested ifs": (
        lambda: (
            b'{"format":"rebalancer/bot","version":1,"name":"x","chart":'
            + b'{"if":{"left":{"current-price":{"of":"SPY"}},"is":"gt","right":1},"then":' * 20_000
            + b'{"asset":"SPY"}'
            + b',"else":{"asset":"SPY"}}' * 20_000
            + b"}"
        ),
        "values; up to 100,000 are read",
    ),
    "4,000 nested ifs": (
        lambda: (
            b'{"format":"rebalancer/bot","version":1,"name":"x","chart":'
            + b'{"if":{"left":{"current-price":{"of":"SPY"}},"is":"gt","right":1},"then":' * 5_000
            + b'{"asset":"SPY"}'
            + b',"else":{"asset":"SPY"}}' * 5_000
            + b"}"
        ),
        "nested more than 5,000 deep",
    ),
    "elements that are none": (
        lambda: (
            b'{"format":"rebalancer/bot","version":1,"name":"x","chart":{"equal":['
            + b'{"x":1},' * 24_000
            + b'{"x":1}]}}'
        ),
        "must have exactly one of",
    ),
}


PYTHON: dict[str, tuple[Callable[[], bytes], str]] = {
    "many statements": (lambda: b"a\n" * 74_900, "SYMBOLS: is missing"),
    "one long list": (lambda: b"x = [" + b"a," * 74_900 + b"]", "SYMBOLS: is missing"),
    "nested too deep": (lambda: b"x = " + b"-" * 140_000 + b"1", "is nested too deeply"),
    "too large": (lambda: b"#" * MB_10, "up to 150,000 are read"),
    "a ticker that is a huge number": (
        lambda: b"SYMBOLS = [0x" + b"F" * 140_000 + b"]",
        "of the type int is not",
    ),
    "a huge number": (lambda: b"LOOKBACK = " + b"9" * 140_000, "is not Python"),
    "a number with a huge exponent": (lambda: b"LOOKBACK = 1e999999999", "LOOKBACK: must be a whole number"),
}


def refused(kind: str, content: bytes, folder: Path) -> str:
    """What a child process of little memory and time says of the file."""
    file = folder / "hostile"
    file.write_bytes(content)
    return answer(PARSED, kind, str(file))


pytestmark = pytest.mark.linux


@pytest.mark.parametrize("name", CONFIGS)
def test_a_hostile_config_is_refused_within_limits(name: str, tmp_path: Path) -> None:
    make, says = CONFIGS[name]
    assert says in refused("config", make(), tmp_path)


@pytest.mark.parametrize("name", BOTS)
def test_a_hostile_bot_file_is_refused_within_limits(name: str, tmp_path: Path) -> None:
    make, says = BOTS[name]
    assert says in refused("bot.json", make(), tmp_path)


@pytest.mark.parametrize("name", PYTHON)
def test_a_hostile_python_bot_is_refused_within_limits(name: str, tmp_path: Path) -> None:
    make, says = PYTHON[name]
    assert says in refused("bot.py", make(), tmp_path)
