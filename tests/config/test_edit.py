"""An edit changes one investment and no other character; a migration keeps every comment."""

import tomllib
from pathlib import Path

import pytest
from configs import FOLDER, SMALLEST, parsed
from hypothesis import given
from hypothesis import strategies as st
from tomlkit import TOMLDocument

from rebalancer import config
from rebalancer.config.edit import STEPS, Migration, add_investment, migration, remove_investment, set_amount
from rebalancer.config.parsers import SCHEMA
from rebalancer.errors import BadInputError
from rebalancer.model import Investment

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = """\
# mine
[accounts.demo]
broker = "sim"  # no real money

# The first
[[accounts.demo.investments]]
bot = "a.json"   # the old one
amount = 6000 # six
# name = "A"

# The second
[[accounts.demo.investments]]
bot = "b.json"
amount = 5
weight_mode = "percent"

# Somebody else's
[accounts.other]
broker = "sim"
investments = [
  { bot = "c.json", amount = 1 },  # inline
  { bot = "d.json", amount = 2 },
]
"""


def investments(content: bytes, account: str = "demo") -> tuple[Investment, ...]:
    found = config.parse(content, Path("/somewhere/config.toml"), {})
    return next(each.investments for each in found.accounts if each.name == account)


def added(content: bytes, account: str = "demo", name: str | None = None, mode: str = "dollars") -> bytes:
    return add_investment(content, account, bot="new.json", amount="12.50", mode=mode, name=name)


def changed_lines(after: bytes) -> tuple[list[str], list[str]]:
    """The lines of TEXT that went, and those that came."""
    old, new = TEXT.splitlines(), after.decode().splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_a_new_investment_is_inserted_after_the_last_one() -> None:
    assert added(TEXT.encode(), name="New").decode() == TEXT.replace(
        'weight_mode = "percent"\n',
        'weight_mode = "percent"\n\n[[accounts.demo.investments]]\nbot = "new.json"\nname = "New"\namount = 12.50\n',
    )


def test_a_new_investment_in_percent_says_so() -> None:
    assert investments(added(TEXT.encode(), mode="percent"))[-1].weight_mode == "percent"


def test_a_new_investment_joins_a_list_of_inline_tables() -> None:
    content = added(TEXT.encode(), "other")
    assert changed_lines(content) == ([], ['  {bot = "new.json", amount = 12.50},'])
    assert [each.bot for each in investments(content, "other")] == ["c", "d", "new"]


def test_an_amount_changes_in_its_place_and_keeps_the_comment_behind_it() -> None:
    content = set_amount(TEXT.encode(), "demo", 0, amount="7000.5", mode="dollars")
    assert content.decode() == TEXT.replace("amount = 6000 # six", "amount = 7000.5 # six")


def test_a_change_to_percent_appends_weight_mode_to_the_investment() -> None:
    content = set_amount(TEXT.encode(), "demo", 0, amount="7", mode="percent")
    assert changed_lines(content) == (["amount = 6000 # six"], ["amount = 7 # six"])
    assert investments(content)[0].weight_mode == "percent"
    assert content.decode().index('weight_mode = "percent"') < content.decode().index("# The second")


def test_a_removed_investment_takes_its_own_lines_and_leaves_the_comments_of_the_others() -> None:
    start, second, end = (TEXT.index(f"\n# {words}") for words in ("The first", "The second", "Somebody else's"))
    for content in (TEXT, TEXT.replace("\n", "\r\n")):
        removed = [remove_investment(content.encode(), "demo", index).decode() for index in range(2)]
        left = TEXT[:start] + TEXT[second:], TEXT[:second] + TEXT[end:]
        assert removed == [text.replace("\n", "\r\n") if "\r" in content else text for text in left]


TABLES = """\
[accounts.demo]
broker = "sim"
# ONE: the old idea
[[accounts.demo.investments]]
bot = "a.json"
# inside ONE
amount = 1
# TWO: never above 5,000
#   in a long sentence
[[accounts.demo.investments]]
bot = "b.json"
amount = 2 # behind TWO
# THREE
[[accounts.demo.investments]]
bot = "c.json"
amount = 3
{last}"""
INLINE = """\
[accounts.demo]
broker = "sim"
investments = [
  # ONE: the old idea
  { bot = "a.json", amount = 1 },  # inside ONE
  # TWO: never above 5,000
  #   in a long sentence
  { bot = "b.json", amount = 2 },  # behind TWO
  # THREE
  { bot = "c.json", amount = 3 }
]
"""


@pytest.mark.parametrize(
    "text",
    [
        TABLES.format(last="# FOUR\n[data]\n"),
        TABLES.format(last="# inside THREE"),
        TABLES.format(last="# inside THREE\n\n# FOUR\n[data]\n"),
        TABLES.replace("[[", "  [[").replace("# T", "  # T").format(last=""),
        TABLES.replace("\n", "\r\n").format(last="# FOUR\r\n[data]\r\n"),
        INLINE,
    ],
)
def test_comments_without_blank_lines_stay_with_the_investment_they_are_of(text: str) -> None:
    """`TWO: ...` stands right above the second investment, so it goes with it and with no other."""
    for index, removed in enumerate(("ONE", "TWO", "THREE")):
        content = remove_investment(text.encode(), "demo", index).decode()
        bots = [each.bot for each in investments(content.encode())]
        assert bots == [bot for bot in "abc" if bot != "abc"[index]]
        for words in ("ONE", "TWO", "THREE", "FOUR"):
            assert content.count(words) == (0 if words == removed else text.count(words))
        assert ("in a long sentence" in content) == (removed != "TWO")
        assert content.index("TWO: ") < content.index("b.json") if removed != "TWO" else True


def test_comments_right_above_what_follows_stay_there_when_an_investment_is_added_or_changed() -> None:
    text = TABLES.format(last="# FOUR\n[data]\n")
    content = added(text.encode()).decode()
    assert content.index("new.json") < content.index("# FOUR\n[data]\n")
    assert content.index("amount = 3") < content.index("new.json")
    content = set_amount(text.encode(), "demo", 0, amount="7", mode="percent").decode()
    assert content.index('weight_mode = "percent"') < content.index("# TWO: never above 5,000\n#   in a long")


def test_an_investment_that_shares_its_line_is_removed_alone() -> None:
    text = '[accounts.demo]\nbroker = "sim"\ninvestments = [{bot="a", amount=1}, {bot="b", amount=2}] # both\n'
    content = remove_investment(text.encode(), "demo", 0)
    assert [each.bot for each in investments(content)] == ["b"]
    assert "# both" in content.decode()


def test_an_investment_is_removed_from_a_list_of_inline_tables() -> None:
    content = remove_investment(TEXT.encode(), "other", 0)
    assert [each.bot for each in investments(content, "other")] == ["d"]
    assert "# Somebody else's" in content.decode()


def test_the_example_keeps_every_line_it_had() -> None:
    content = add_investment(EXAMPLE.read_bytes(), "example", bot="new.json", amount="1", mode="dollars", name=None)
    content = set_amount(content, "example", 0, amount="7000", mode="dollars")
    after = content.decode().splitlines()
    lost = [line for line in EXAMPLE.read_text().splitlines() if line not in after]
    assert lost == ["amount = 6000"]
    assert remove_investment(content, "example", 1).decode() == EXAMPLE.read_text().replace("6000\n", "7000\n")


def test_windows_line_ends_and_the_byte_order_mark_stay() -> None:
    content = added(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert content.startswith(b"\xef\xbb\xbf# mine\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")


def test_a_file_that_ends_without_a_line_end_takes_another_investment() -> None:
    text = TEXT[: TEXT.index("\n\n# Somebody else's")]
    assert [each.bot for each in investments(added(text.encode()))] == ["a", "b", "new"]


def test_an_account_with_scattered_tables_can_be_edited() -> None:
    apart = TEXT.replace("# The second\n", "[trading]\ndrift_percent = 1\n[accounts.demo.sim]\nstarting_cash = 5\n", 1)
    one = apart[: apart.index('[[accounts.demo.investments]]\nbot = "b.json"')]
    content = added(one.encode())
    assert [each.bot for each in investments(content)] == ["a", "new"]
    assert tomllib.loads(content.decode())["trading"] == {"drift_percent": 1}


@given(st.decimals(min_value="0.01", max_value=10**9, places=2), st.integers(0, 1))
def test_an_amount_reads_back_as_set_and_restoring_it_restores_the_file(amount: object, index: int) -> None:
    mode = investments(TEXT.encode())[index].weight_mode
    if mode == "percent":
        amount = 50
    content = set_amount(TEXT.encode(), "demo", index, amount=str(amount), mode=mode)
    assert investments(content)[index].amount == amount
    before = str(investments(TEXT.encode())[index].amount)
    assert set_amount(content, "demo", index, amount=before, mode=mode).decode() == TEXT


# --------------------------------------------------------------------------------------------------------- migration

PATH = FOLDER / "config.toml"
OLD = b"# mine\n[trading]\ndrift = 2 # percent\n"


def rename_drift(document: TOMLDocument) -> None:
    trading = document["trading"]
    trading["drift_percent"] = trading.pop("drift")


def add_note(document: TOMLDocument) -> None:
    document["note"] = "two steps"


def migrated(content: bytes, newest: int = 3) -> Migration | None:
    return migration(content, PATH, {1: rename_drift, 2: add_note}, newest)


def test_a_file_goes_through_every_step_from_its_version_on_and_keeps_its_comments() -> None:
    found = migrated(OLD)
    assert found == Migration(1, 3, found.content if found else b"", Path("/somewhere/config.toml.schema-1"))
    assert found is not None
    text = found.content.decode()
    assert text.startswith("# mine\n")
    assert all(part in text for part in ("schema = 3", "drift_percent = 2", 'note = "two steps"'))


def test_a_file_of_a_later_version_skips_the_steps_before_it() -> None:
    found = migrated(b"schema = 2  # mine\n[trading]\ndrift = 2\n")
    assert found is not None
    assert found.content == b'schema = 3  # mine\nnote = "two steps"\n\n[trading]\ndrift = 2\n'


def test_a_file_of_the_newest_version_needs_no_migration() -> None:
    assert migrated(b"schema = 3\n") is None
    assert migration(SMALLEST.encode(), PATH) is None


OBSERVED = b"""
# who hears of it
[ping]
url = "${PING_URL}"  # secret

[metrics]
textfile = "figures.prom"

[[notify]]
url_file = "me"      # a file of mine alone
on = ["halt", "failed"]
[[notify]]
name = "her"
quiet_hours = "22:00-07:00 Europe/Berlin"
"""


def test_the_tables_of_what_observes_runs_stay_as_they_are_to_the_byte() -> None:
    found = migrated(OLD + OBSERVED)
    assert found is not None
    assert OBSERVED.partition(b"[ping]")[2] in found.content
    assert b"# who hears of it" in found.content
    assert tomllib.loads(found.content.decode()).keys() == {
        *("schema", "note", "trading", "ping", "metrics", "notify"),
    }


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("4", "made by a newer rebalance"),
        ("0", "use 3, or leave it out"),
        ("true", "use 3, or leave it out"),
        ('"1"', "use 3, or leave it out"),
        ("nan", "use 3, or leave it out"),
    ],
)
def test_an_unknown_version_is_refused(schema: str, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        migrated(f"schema = {schema}\n".encode())


def test_there_is_a_step_from_every_version_before_this_one() -> None:
    assert set(STEPS) == set(range(1, SCHEMA))


def test_a_config_without_a_version_has_the_first() -> None:
    assert parsed(SMALLEST) is not None
    assert parsed(f"schema = 1\n{SMALLEST}") is not None


def test_a_config_of_a_newer_version_is_refused_for_that_alone() -> None:
    with pytest.raises(BadInputError) as refused:
        parsed(f'schema = 2\ncolour = "red"\n{SMALLEST}')
    (problem,) = refused.value.problems
    assert str(problem).endswith(
        "config.toml, line 1: schema: 2 was made by a newer rebalance, this one reads 1: install the newer one"
    )
