"""A message by apprise to a server on this machine, and what becomes of one that nobody takes."""

import json
import logging
import sys

import pytest
from monitor import monitor

from rebalancer.notify.deadline import within
from rebalancer.notify.message import MOST_CHARACTERS, Message, send, shortened

FAILED = Message("failed", "rebalance main: run failed", "It failed.\nLook at it.")


def test_a_message_arrives_whole_with_its_urgency():
    with monitor() as service:
        assert send(f"json{service.url.removeprefix('http')}/hunter2", FAILED) is None
        (received,) = service.received
        sent = json.loads(received.body)
        assert (sent["title"], sent["message"], sent["type"]) == (FAILED.title, FAILED.body, "failure")


@pytest.mark.parametrize("mood", ["500", "redirects", "breaks off", "hangs"])
def test_one_that_is_not_taken_is_trouble_and_no_log_has_the_address(mood, caplog):
    caplog.set_level(logging.DEBUG)
    with monitor(mood) as service:
        seconds = 0.5 if mood == "hangs" else 300
        said = within(seconds, lambda: send(f"json{service.url.removeprefix('http')}/hunter2", FAILED))
    assert said in {"the service did not take the message", "no answer within 0.5 seconds"}
    assert not [each for each in caplog.records if each.name.startswith("apprise") and "hunter2" in each.getMessage()]


def test_an_address_that_is_none_is_trouble_without_the_address():
    said = send("hunter2://", FAILED)
    assert said is not None
    assert said.startswith("its address is none of apprise's")


def test_without_the_extra_its_name_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert send("json://127.0.0.1", FAILED) == "needs its library: pip install 'rebalancer[notify]'"


def test_a_long_message_ends_at_a_line_and_counts_the_others():
    body = "\n".join(["a line of thirty characters..."] * 200)
    short = shortened(body)
    assert len(short) <= MOST_CHARACTERS + 30
    assert short.endswith("\nand 104 more lines")
    assert shortened("short") == "short"
