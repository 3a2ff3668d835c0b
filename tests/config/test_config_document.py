"""Files that are too costly to parse are refused, and a dotted key has its line."""

import tomllib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rebalancer.config.document import excess, leaves, line_of, lines_of, tokens

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
def test_a_key_has_its_line_number(place: str, line: int) -> None:
    assert line_of(place, lines_of(TEXT)) == line


@pytest.mark.parametrize(("place", "line"), [("accounts.demo.mode", 11), ("accounts.demo.investments[0].amount", 15)])
def test_a_missing_key_has_the_line_of_its_table(place: str, line: int) -> None:
    assert line_of(place, lines_of(TEXT)) == line


@pytest.mark.parametrize("place", ["", "data", "data.source", "accounts_of"])
def test_a_key_of_no_table_in_the_file_has_no_line(place: str) -> None:
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
def test_every_key_of_a_file_has_the_line_that_names_it(pieces: list[str]) -> None:
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


# ------------------------------------------------------------------------------------------- before a file is parsed


@pytest.mark.parametrize(
    "text",
    [
        "a.b.c.d.e.f.g.h.i = 1.5",
        "a = " + "[" * 16 + "]" * 16,
        "a = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]",
        'a = "' + "." * 100 + "[" * 100 + '"',
        "a = '''\n" + "[\n" * 100 + "'''",
        '"a.b.c.d.e.f.g.h.i.j.k" = 1',
        "# " + "." * 100 + "{" * 100,
        'a = "\\"' + "[" * 20 + '"',
        'a = """""' + "[" * 20 + '"""""',
        "x" * 2000,
    ],
)
def test_a_deep_but_plausible_file_is_parsed(text: str) -> None:
    assert excess(text) is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\na" + ".a" * 9 + " = 1", 2, "more than 8 dots"),
        ("a = 1\n[a" + " . a" * 9 + "]", 2, "more than 8 dots"),
        ("a = " + "[\n" * 17, 17, "nested more than 16 deep"),
        ("a = " + "{a=" * 17, 1, "nested more than 16 deep"),
        ("\n\n" + "x" * 2001, 3, "2,001 characters long"),
        ('a = "closed"' + "." * 9, 1, "more than 8 dots"),
        ("a = '''closed'''" + "[" * 17, 1, "nested more than 16 deep"),
    ],
)
def test_too_many_dots_brackets_or_characters_are_refused_with_their_line(text: str, line: int, says: str) -> None:
    found = excess(text)
    assert found is not None
    assert found[0] == line
    assert says in found[1]


@given(st.text("ab.=[]{}\"'#\\\n 1", max_size=80))
def test_the_tokens_of_any_text_cover_it_but_for_blanks(text: str) -> None:
    seen = "".join(token.text for token in tokens(text))
    assert seen.replace(" ", "") == text.replace(" ", "")
