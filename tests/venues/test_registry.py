"""Venues by name: the built-in ones, and those that installed packages register."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from rebalancer import config
from rebalancer.errors import BadInputError
from rebalancer.venues import registry
from rebalancer.venues.plugin import VenuePlugin

Install = Callable[..., None]
MODULE = """
from rebalancer.ports import Venue
from rebalancer.venues.plugin import VenuePlugin
PLUGIN = VenuePlugin(Venue("{name}", simulated=True, id_length={id_length}), lambda login: None)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Make a package on the search path that registers the venue `name` as `package`:PLUGIN."""

    def into_search_path(package: str, name: str, source: str = "", id_length: int = 128) -> None:
        metadata = tmp_path / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[rebalancer.venues]\n{name} = {package}:PLUGIN\n")
        (tmp_path / f"{package}.py").write_text(source or MODULE.format(name=name, id_length=id_length))
        monkeypatch.syspath_prepend(tmp_path)

    return into_search_path


def problem_with(broker: str) -> str:
    """What a config says of an account at `broker`."""
    text = f'[accounts.demo]\nbroker = "{broker}"\n[[accounts.demo.investments]]\nbot = "bot.json"\namount = 5\n'
    with pytest.raises(BadInputError) as refused:
        config.parse(text.encode(), Path("/somewhere/config.toml"), {})
    (problem,) = refused.value.problems
    assert problem.place == "accounts.demo.broker"
    return problem.text


def test_the_built_in_venues_are_those_of_the_package_metadata() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"][registry.GROUP] == {
        name: f"{module}:PLUGIN" for name, module in registry.BUILT_IN.items()
    }


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_a_built_in_venue_is_found_by_its_name(name: str) -> None:
    found = registry.plugin(name)
    assert isinstance(found, VenuePlugin)
    assert found.venue.name == name


def test_an_installed_package_adds_a_venue(install: Install) -> None:
    install("nordic_venue", "nordic")
    assert registry.names() == ("sim", "alpaca", "nordic")
    assert registry.plugin("nordic").venue.name == "nordic"


def test_a_built_in_name_is_never_taken_from_a_package(install: Install) -> None:
    install("impostor_venue", "sim", "raise SystemExit")
    assert registry.plugin("sim").venue.title == "the simulated broker"
    assert registry.names() == ("sim", "alpaca")


def test_a_venue_that_is_not_configured_is_not_imported(install: Install) -> None:
    install("unwanted_venue", "unwanted", "raise SystemExit")
    assert "unwanted" in registry.names()
    assert 'is not allowed: use "sim" or "alpaca" or "unwanted"' in problem_with("nowhere")


def test_a_package_that_cannot_be_imported_is_named_with_the_key(install: Install) -> None:
    install("broken_venue", "broken", "import no_such_module")
    said = problem_with("broken")
    assert "broken_venue" in said
    assert "No module named 'no_such_module'" in said
    assert "update or remove broken_venue" in said


def test_an_invalid_plugin_is_refused(install: Install) -> None:
    install("misnamed_venue", "misnamed", MODULE.format(name="another", id_length=128))
    assert 'that is no VenuePlugin called "misnamed"' in problem_with("misnamed")


def test_a_venue_whose_order_ids_are_too_short_is_refused(install: Install) -> None:
    install("curt_venue", "curt", id_length=19)
    assert "it takes order ids of 19 characters, and 20 are needed" in problem_with("curt")


@pytest.mark.parametrize("source", ["raise SystemExit(0)", "def ("])
def test_a_package_that_ends_the_program_or_cannot_be_read_is_named_and_does_not_end_it(
    install: Install, source: str
) -> None:
    install("fatal_venue", "fatal", source)
    assert "update or remove fatal_venue" in problem_with("fatal")


def test_a_name_that_two_packages_register_is_refused_and_both_are_named(install: Install) -> None:
    install("first_venue", "twin", MODULE.format(name="twin", id_length=128))
    install("second_venue", "twin", MODULE.format(name="twin", id_length=128))
    assert problem_with("twin") == (
        "is registered as a venue by several packages (first_venue, second_venue): remove all but one"
    )
