"""A lock on a local disk has an id; one that may not exclude other machines has none."""

from pathlib import Path

import pytest

from rebalancer.journal.lease import file_system_by_mount_id, file_system_by_path, local_lock_id

LINUX = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,noatime shared:1 - ext4 /dev/vda rw,discard
31 27 0:44 / /mnt/my\\040nas rw master:2 propagate_from:1 - nfs4 nas:/volume1 rw,vers=4.2
32 27 0:45 / /shared rw - virtiofs share rw
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//ann@nas/state on /Volumes/nas (smbfs, nodev, nosuid, mounted by ann)
/dev/disk9 on /Volumes/nas/stick (exfat, local)
"""


@pytest.fixture
def lock(tmp_path):
    file = tmp_path / "journal.sqlite.lock"
    file.touch()
    return file


def test_a_lock_on_a_local_disk_has_one_id_by_every_path(lock, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)

    assert local_lock_id(lock) == local_lock_id(tmp_path / "link" / lock.name) != ""


def test_the_id_of_a_lock_deleted_while_held_is_not_reused(lock):
    with lock.open():
        held = local_lock_id(lock)
        lock.unlink()
        lock.touch()

        assert local_lock_id(lock) not in {"", held}


def test_a_copy_has_another_id(lock, tmp_path):
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / lock.name
    copy.touch()

    assert local_lock_id(copy) != local_lock_id(lock)


def test_a_missing_lock_has_no_id(tmp_path):
    assert local_lock_id(tmp_path / "none") == ""


@pytest.mark.parametrize(("mount", "kind"), [("27", "ext4"), ("31", "nfs4"), ("32", "virtiofs"), ("2", ""), ("", "")])
def test_linux_names_the_file_system_of_each_mount(mount, kind):
    assert file_system_by_mount_id(LINUX, mount) == kind


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/Users/ann/state/journal.sqlite.lock", "apfs"),
        ("/System/Volumes/Data/journal.sqlite.lock", "apfs"),
        ("/System/Volumes/Data/home/lock", ""),
        ("/Volumes/nas/lock", ""),
        ("/Volumes/nas/stick/lock", "exfat"),
        ("/Volumes/nasty/lock", "apfs"),
    ],
)
def test_macos_names_the_file_system_of_the_deepest_mount_around_a_file_if_it_is_local(file, kind):
    assert file_system_by_path(MAC, Path(file)) == kind


def test_without_mount_output_no_file_system_is_known():
    assert file_system_by_path("", Path("/state/lock")) == ""
