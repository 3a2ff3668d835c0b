"""On which line a dotted key stands."""

import tomllib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebalancer.config.document import leaves
from rebalancer.config.lines import line_of, lines_of

TEXT = """\
state_dir = "a # b"   # c
[trading]
drift_percent = 1
protected = [
  "GLD",  # gold
  "BRK.B",
]
note = '''
[accounts.fake]
'''
[accounts.demo]
broker = "sim"
cash_reserve = { mode = "percent", amount = 5 }
sim.starting_cash = 5
[[accounts.demo.investments]]
bot = "a.json"
[[accounts.demo.investments]]
bot = "b.json"
"amount" = 5
[accounts . demo . trading]
minutes_before_close = 5"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("state_dir", 1),
        ("trading", 2),
        ("trading.drift_percent", 3),
        ("trading.protected", 4),
        ("trading.protected[1]", 4),
        ("trading.note", 8),
        ("accounts", 11),
        ("accounts.demo", 11),
        ("accounts.demo.cash_reserve.amount", 13),
        ("accounts.demo.sim.starting_cash", 14),
        ("accounts.demo.investments", 15),
        ("accounts.demo.investments[0].bot", 16),
        ("accounts.demo.investments[1]", 17),
        ("accounts.demo.investments[1].bot", 18),
        ("accounts.demo.investments[1].amount", 19),
        ("accounts.demo.trading", 20),
        ("accounts.demo.trading.minutes_before_close", 21),
    ],
)
def test_a_key_has_the_line_it_stands_on(place: str, line: int) -> None:
    assert line_of(place, lines_of(TEXT)) == line


@pytest.mark.parametrize(("place", "line"), [("accounts.demo.mode", 11), ("accounts.demo.investments[0].amount", 15)])
def test_a_key_that_is_missing_has_the_line_of_the_table_it_belongs_in(place: str, line: int) -> None:
    assert line_of(place, lines_of(TEXT)) == line


@pytest.mark.parametrize("place", ["", "data", "data.source", "accounts_of"])
def test_what_belongs_in_no_table_of_the_file_has_no_line(place: str) -> None:
    assert line_of(place, lines_of(TEXT)) is None


PIECES = [
    "[a]",
    "[a.b]",
    "[[c]]",
    "[[c.d]]",
    "[c.e]",
    "k = 1",
    "m.n = 2",
    'q = "# ["',
    "r = [1,\n2]",
    "s = {t = 1}",
    "#",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_whatever_stands_in_a_file_has_a_line_of_it(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)  # noqa: FBT003
    lines = lines_of(text)
    for place in leaves(whole):
        line = line_of(place, lines)
        name = place.rsplit(".", 1)[-1].split("[")[0]
        assert place == "" or (line is not None and name in "\n".join(text.split("\n")[line - 1 :][:1]))
