"""A config is written whole or not at all; a pipe or a device in its place is refused at once."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rebalancer.app.bot_files import read_bots
from rebalancer.config.files import create, replace_content, write_backup
from rebalancer.errors import BadInputError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.posix
def test_the_new_content_takes_the_place_of_the_old_and_the_mode_stays(path: Path) -> None:
    replace_content(path, b"old", b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(path.parent) == ["config.toml"]


def test_a_link_stays_a_link_and_its_file_changes(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    replace_content(link, b"old", b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_a_change_by_another_program_is_not_overwritten(path: Path) -> None:
    with pytest.raises(BadInputError, match="changed meanwhile"):
        replace_content(path, b"older", b"new")
    assert path.read_bytes() == b"old"


def test_a_file_deleted_meanwhile_is_not_created_again(path: Path) -> None:
    path.unlink()
    with pytest.raises(BadInputError, match="can't be written: No such file"):
        replace_content(path, b"old", b"new")
    assert names(path.parent) == []


FULL_DISK = """
import resource, sys
from pathlib import Path
from rebalancer.config.files import replace_content
from rebalancer.errors import BadInputError

resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    replace_content(Path(sys.argv[1]), b"old", b"x" * 1000)
except BadInputError as error:
    print(error)
"""


@pytest.mark.posix
def test_on_a_full_disk_nothing_changes_and_nothing_is_left_behind(path: Path) -> None:
    """A process that may write no more than 100 bytes to a file stands in for the disk."""
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert "nothing was changed" in done.stdout
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["config.toml"]


@pytest.mark.posix
def test_a_new_file_is_private_and_its_folder_is_created(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"
    create(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_exists_is_never_overwritten(path: Path) -> None:
    with pytest.raises(BadInputError, match="never overwritten"):
        create(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_backup_is_kept_once_and_never_replaced_by_another(path: Path) -> None:
    write_backup(path, b"old")
    with pytest.raises(BadInputError, match="never overwritten"):
        write_backup(path, b"another")
    assert path.read_bytes() == b"old"


# ------------------------------------------------------------------- a pipe or a device, whose content may never end


@pytest.mark.posix
def test_a_pipe_is_refused_as_a_bot_file(tmp_path: Path) -> None:
    pipe = tmp_path / "bot.json"
    os.mkfifo(pipe)
    with pytest.raises(BadInputError, match="it is no ordinary file"):
        read_bots({"A": pipe})


@pytest.mark.posix
def test_a_device_or_a_link_to_one_is_refused_as_a_bot_file(tmp_path: Path) -> None:
    link = tmp_path / "bot.json"
    link.symlink_to("/dev/null")
    for file in (Path("/dev/null"), link):
        with pytest.raises(BadInputError, match="it is no ordinary file"):
            read_bots({"A": file})


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"{}")
    (tmp_path / "bot.json").symlink_to(tmp_path / "real.json")
    assert read_bots({"A": tmp_path / "bot.json"}) == {"A": b"{}"}
