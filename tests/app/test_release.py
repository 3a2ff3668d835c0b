"""An installed release beside its own record: made-up installations in a folder of the test."""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from rebalancer.app.release import extras_checks, files_check, libraries_check, release_checks, versions
from rebalancer.model.checkup import Check

FILES = {"rebalancer/__init__.py": b"", "rebalancer/trading/gate.py": b"most = 1\n"}
METADATA = """Metadata-Version: 2.4
Name: rebalancer
Version: 9.9.9
Requires-Python: >=3.11
Requires-Dist: numpy>=2
Requires-Dist: colorama>=99; sys_platform == 'nowhere'
Requires-Dist: apprise<3,>=2.3; extra == 'notify'
Requires-Dist: no-such-library>=1; extra == 'cluster'
Requires-Dist: no-such-tool; extra == 'dev'
Provides-Extra: cluster
Provides-Extra: dev
Provides-Extra: notify
"""


def installation(site: Path, files: Mapping[str, bytes] = FILES, **others: str) -> PathDistribution:
    """As pip leaves one: the files, and a RECORD of their hashes."""
    folder = site / "rebalancer-9.9.9.dist-info"
    folder.mkdir()
    rows = [f"{name},sha256={_hash(content)},{len(content)}" for name, content in files.items()]
    for name, content in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(content)
    (folder / "METADATA").write_text(METADATA)
    (folder / "RECORD").write_text("\n".join([*rows, "rebalancer-9.9.9.dist-info/RECORD,,"]))
    for name, text in others.items():
        (folder / f"{name}.json").write_text(text)
    return PathDistribution(folder)


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(content).digest()).decode().rstrip("=")


def test_files_as_they_were_released_pass_and_compiled_ones_beside_them_do_not_count(tmp_path: Path) -> None:
    found = installation(tmp_path)
    (tmp_path / "rebalancer" / "__pycache__").mkdir()
    (tmp_path / "rebalancer" / "__pycache__" / "gate.cpython-311.pyc").touch()
    assert files_check(found) == Check("files", "pass", "2 files of version 9.9.9 are as released")


def test_a_file_that_was_changed_removed_or_added_is_named(tmp_path: Path) -> None:
    found = installation(tmp_path)
    (tmp_path / "rebalancer" / "trading" / "gate.py").write_bytes(b"most = 2\n")
    (tmp_path / "rebalancer" / "__init__.py").unlink()
    (tmp_path / "rebalancer" / "trading" / "extra.py").touch()
    check = files_check(found)
    assert check.verdict == "fail"
    assert check.found == (
        "rebalancer/__init__.py is missing; rebalancer/trading/gate.py is not what was released; "
        "rebalancer/trading/extra.py is no part of the release"
    )
    assert "Install the release anew" in check.remedy


def test_a_release_without_a_record_fails(tmp_path: Path) -> None:
    found = installation(tmp_path)
    (tmp_path / "rebalancer-9.9.9.dist-info" / "RECORD").write_text("")
    for name in FILES:
        (tmp_path / name).unlink()
    assert files_check(found).found == "the release has no record of its files"


def test_a_checkout_is_said_to_be_one(tmp_path: Path) -> None:
    found = installation(tmp_path, direct_url=json.dumps({"url": "file:///x", "dir_info": {"editable": True}}))
    check = files_check(found)
    assert (check.verdict, "is a checkout" in check.found) == ("warn", True)


def test_a_program_that_is_not_installed_is_said_to_be_so() -> None:
    (check,) = release_checks(None)
    assert (check.verdict, "is not installed" in check.found) == ("warn", True)


def test_markers_and_extras_of_others_do_not_count_as_needed(tmp_path: Path) -> None:
    checks = {each.name: each for each in release_checks(installation(tmp_path))}
    assert checks["libraries"].found == "all 1 are there, in versions that this release declares"
    assert "extra cluster" not in checks, "an extra of which nothing is installed is nobody's problem"
    assert "extra dev" not in checks
    assert checks["extra notify"].verdict == "pass"
    assert checks["python"].verdict == "pass"


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [("numpy>=99", "is installed; >=99 is needed"), ("no-such-library", "is missing; any version is needed")],
)
def test_a_library_of_another_version_or_a_missing_one_fails(wanted: str, sentence: str) -> None:
    check = libraries_check([Requirement("pytest"), Requirement(wanted)])
    assert (check.verdict, sentence in check.found) == ("fail", True)


def test_an_extra_that_is_installed_in_part_is_a_warning_with_the_command(tmp_path: Path) -> None:
    found = installation(tmp_path)
    metadata = tmp_path / "rebalancer-9.9.9.dist-info" / "METADATA"
    more = "Requires-Dist: nothing-of-it; extra == 'notify'\nProvides-Extra: cluster"
    metadata.write_text(METADATA.replace("Provides-Extra: cluster", more))
    (check,) = extras_checks(found)
    assert (check.verdict, check.remedy) == ("warn", "pip install 'rebalancer[notify]'")
    assert "nothing-of-it is missing" in check.found


def test_versions_name_every_library_and_nothing_of_the_user() -> None:
    found = versions()
    assert {"rebalancer", "python", "system", "sqlite", "numpy", "pandas", "requests"} <= found.keys()
    assert "missing" not in found.values()
    assert str(Path.home()) not in "".join(found.values())
