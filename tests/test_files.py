"""Files are replaced atomically, and private ones are readable by their owner alone."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rebalancer import files
from rebalancer.files import create_private, open_regular, read_regular, replace_atomically, require_regular

pytestmark = pytest.mark.posix


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_replaced_file_keeps_its_permissions(path: Path) -> None:
    replace_atomically(path, b"new")
    assert (path.read_bytes(), mode(path), names(path.parent)) == (b"new", 0o640, ["file"])


def test_what_all_users_could_write_is_no_longer_theirs_once_it_is_replaced(path: Path) -> None:
    path.chmod(0o666)
    replace_atomically(path, b"new")
    assert mode(path) == 0o664


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path, *, linked: bool) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    with pytest.raises(OSError, match="it is no ordinary file"):
        replace_atomically(link if linked else pipe, b"new")
    assert pipe.is_fifo()
    assert names(tmp_path) == ["link", "pipe"]


@pytest.mark.parametrize(("asked", "given"), [(0o600, 0o600), (0o666, 0o644)])
def test_a_new_file_gets_the_mode_asked_for_less_the_umask(tmp_path: Path, asked: int, given: int) -> None:
    replace_atomically(tmp_path / "new", b"new", mode=asked)
    assert (mode(tmp_path / "new"), names(tmp_path)) == (given, ["new"])


def test_a_new_file_is_private_unless_another_mode_is_asked_for(tmp_path: Path) -> None:
    replace_atomically(tmp_path / "new", b"new")
    assert mode(tmp_path / "new") == 0o600


def test_a_symbolic_link_stays_and_its_target_changes(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    replace_atomically(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


def test_where_a_folder_is_in_the_way_no_draft_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="no ordinary file"):
        replace_atomically(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder"]


def test_a_private_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    create_private(tmp_path / "new", b"new")
    assert ((tmp_path / "new").read_bytes(), mode(tmp_path / "new")) == (b"new", 0o600)


def test_a_private_file_never_takes_the_place_of_another(path: Path) -> None:
    with pytest.raises(FileExistsError):
        create_private(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_private_file_is_not_written_through_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "link", b"new")
    assert names(tmp_path) == ["link"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from rebalancer import files

resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    getattr(files, sys.argv[1])(Path(sys.argv[2]), b"x" * 1000)
except OSError as error:
    print(error)
"""


@pytest.mark.parametrize("function", ["replace_atomically", "create_private"])
def test_on_a_full_disk_no_half_written_file_is_left(tmp_path: Path, function: str) -> None:
    """A process that may write no more than 100 bytes to a file stands in for the disk."""
    command = [sys.executable, "-c", FULL_DISK, function, str(tmp_path / "new")]
    assert "File too large" in subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert names(tmp_path) == []


@pytest.mark.parametrize("call", ["mkstemp", "O_EXCL", "os.replace", ".write_text(", ".write_bytes("])
def test_no_other_module_of_the_package_creates_or_replaces_files(call: str) -> None:
    package = Path(files.__file__).parent
    others = [path for path in package.rglob("*.py") if path != Path(files.__file__)]
    assert [path.name for path in others if call in path.read_text("utf-8")] == []


# ------------------------------------------------------------------------------------ only ordinary files are read


def test_a_file_and_a_link_to_one_are_read_up_to_the_size_that_is_allowed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    assert read_regular(path, 3) == read_regular(tmp_path / "link", 3) == b"old"


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize("make", [pipe, device, Path.mkdir, listening])
def test_anything_else_is_refused_and_nobody_is_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    made = tmp_path / "made"
    make(made)
    with pytest.raises(OSError, match=r"it is no ordinary file|Is a directory|No such device"):
        read_regular(made, 3)
    with pytest.raises(OSError, match="it is no ordinary file"):
        require_regular(made)


def test_a_larger_file_is_refused_by_its_size_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(OSError, match="it is 2,000,000,000 bytes long; up to 1,000 are read"):
        read_regular(tmp_path / "sparse", 1000)


@pytest.mark.linux
def test_a_file_without_a_size_is_read_no_further_than_allowed() -> None:
    with pytest.raises(OSError, match="it is more than 10 bytes long; up to 10 are read"):
        read_regular(Path("/proc/self/mountinfo"), 10)


def test_a_link_is_refused_where_the_file_itself_is_asked_for(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "link", follow=False)


@pytest.mark.parametrize("make", [pipe, device, Path.mkdir])
def test_a_library_is_not_given_anything_else(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "made")
    with pytest.raises(OSError, match="it is no ordinary file"):
        files.ensure_private(tmp_path / "made")
