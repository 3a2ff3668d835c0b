"""Answers that say nothing of themselves, and whom they come from."""

import json

from local_alpaca.faults import Fault

from rebalancer.model.keys import Keys
from rebalancer.venues.alpaca.transport import Transport

CLOCK = {"is_open": True}


def test_an_answer_without_a_content_type_is_read_as_what_it_is(venue, client):
    untold = Fault(status=200, raw=json.dumps(CLOCK).encode(), headers={"Content-Type": ""})
    venue.faults.on("GET", "/v2/clock", fault=untold)
    assert client.read("/clock") == CLOCK


def test_ten_megabytes_are_read_or_time_out(venue, hasty):
    venue.faults.on("GET", "/v2/clock", fault=Fault(status=200, raw=b" " * 10_000_000 + json.dumps(CLOCK).encode()))
    assert hasty.read("/clock")["is_open"] is True


def test_who_answers_has_to_show_a_certificate():
    transport = Transport(Keys("PKSOMEBODY", "a-secret"), "https://broker.example", "https://broker.example", 1.0)
    assert transport._client._session.verify is True
    transport.close()
