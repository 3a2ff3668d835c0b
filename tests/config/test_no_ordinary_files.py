"""A bot file that is a pipe or a device is refused at once: reading it might never end."""

import os
from pathlib import Path

import pytest

from rebalancer.app.bots import read_bots
from rebalancer.errors import BadInputError


@pytest.mark.posix
def test_a_pipe_is_no_bot_file(tmp_path: Path) -> None:
    pipe = tmp_path / "bot.json"
    os.mkfifo(pipe)
    with pytest.raises(BadInputError, match="it is no ordinary file"):
        read_bots({"A": pipe})


@pytest.mark.posix
def test_a_device_is_none_either_nor_a_link_to_one(tmp_path: Path) -> None:
    link = tmp_path / "bot.json"
    link.symlink_to("/dev/null")
    for file in (Path("/dev/null"), link):
        with pytest.raises(BadInputError, match="it is no ordinary file"):
            read_bots({"A": file})


def test_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"{}")
    (tmp_path / "bot.json").symlink_to(tmp_path / "real.json")
    assert read_bots({"A": tmp_path / "bot.json"}) == {"A": b"{}"}
