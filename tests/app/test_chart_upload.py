"""A chart that was sent is kept in the native format under its hash, and nothing else is reached by that."""

import json

import pytest

from rebalancer import config
from rebalancer.app import chart_upload
from rebalancer.errors import BadInputError

CHART = {"format": "rebalancer/bot", "version": 1, "name": "Sent by hand", "chart": {"asset": "SPY"}}


@pytest.fixture
def settings(rebalance, tmp_path):
    assert rebalance("init").code == 0
    return config.load(tmp_path / "config.toml")


def sent(settings: config.Config, **changes: object) -> str:
    return chart_upload.keep(settings, "mine.json", json.dumps({**CHART, **changes}).encode())


def test_what_was_kept_is_found_again_and_saved_by_its_own_name(settings):
    key = sent(settings)
    assert key == sent(settings)
    file = chart_upload.kept(settings, key)
    assert file.stat().st_mode & 0o777 == 0o600
    saved = chart_upload.save(settings, key)
    assert (saved.name, saved.parent.name) == ("sent_by_hand.json", "bots")
    assert saved.read_bytes() == file.read_bytes()


def test_a_file_of_that_name_is_never_overwritten(settings):
    key = sent(settings)
    chart_upload.save(settings, key)
    with pytest.raises(BadInputError, match="never overwritten"):
        chart_upload.save(settings, key)


@pytest.mark.parametrize("key", ["", "../../config", "0" * 64, "0" * 63 + "/", "A" * 64])
def test_anything_but_the_id_of_a_kept_chart_is_refused(settings, key):
    sent(settings)
    with pytest.raises(BadInputError, match="not kept any more"):
        chart_upload.kept(settings, key)


@pytest.mark.parametrize(("name", "content"), [("a.py", b"x = 1"), ("A.Py", b"{}"), ("a.json", b"x = 1"), ("", b"")])
def test_a_program_and_what_is_no_chart_is_refused_and_not_kept(settings, name, content):
    with pytest.raises(BadInputError):
        chart_upload.keep(settings, name, content)
    assert not list((settings.state_dir / chart_upload.FOLDER).glob("*"))


def test_the_oldest_are_forgotten(settings):
    first, *_, last = [sent(settings, name=f"Chart {number}") for number in range(chart_upload.MOST_KEPT + 1)]
    chart_upload.kept(settings, last)
    with pytest.raises(BadInputError):
        chart_upload.kept(settings, first)
