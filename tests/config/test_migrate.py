"""From an older layout of the config to this one, with the comments of the person."""

from pathlib import Path

import pytest
from configs import FOLDER, SMALLEST, parsed
from tomlkit import TOMLDocument

from rebalancer.config.kinds import SCHEMA
from rebalancer.config.migrate import STEPS, Migration, migration
from rebalancer.errors import BadInputError

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


def test_a_file_of_the_newest_version_has_nothing_to_do() -> None:
    assert migrated(b"schema = 3\n") is None
    assert migration(SMALLEST.encode(), PATH) is None


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
def test_a_version_that_nobody_knows_is_refused(schema: str, says: str) -> None:
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
