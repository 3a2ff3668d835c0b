"""What is done once, and what is done even where that can't be known."""

from hashlib import sha256
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from rebalancer.config import load
from rebalancer.journal import read
from rebalancer.web.endpoints import once
from rebalancer.web.kept_answers import KeptAnswer, KeptAnswers
from rebalancer.web.site import Visit


def test_a_halt_is_made_even_where_the_kept_answers_are_damaged_and_nothing_else_is(site):
    kept = load(site.config).state_dir / "web.sqlite"
    kept.write_bytes(b"x" * 5000)
    person = site.enter()
    person.get("/bots")
    form = {"account": "demo", "bot": "Dual momentum", "amount": "12.5", "unit": "percent"}
    refused = person.post("/bots/amount", form)
    assert (refused.status, "Nothing was done" in refused.text) == (409, True)
    assert person.post("/halt", {"reason": "by the page"}).status == 303
    assert (
        site.api("POST", "/api/v1/halts", '{"reason": "by a program"}', **{"idempotency-key": "halt-now"}).status == 201
    )
    halts = read.halts(load(site.config).journal(), "demo")
    assert {halt.reason for halt in halts} == {"by the page", "by a program"}


def test_a_halt_pressed_twice_is_made_before_the_first_is_answered(site):
    person = site.enter()
    person.get("/")
    begun = KeptAnswers(load(site.config).state_dir / "web.sqlite", site.site.clock)
    form = urlencode({**person.hidden, "reason": "twice"})
    begun.begin(f"form {person.hidden['request_id']}", sha256(f"POST /halt?\n{form}".encode()).hexdigest())
    assert person.post("/halt", {"reason": "twice"}).status == 303
    assert [halt.reason for halt in read.halts(load(site.config).journal(), "demo")] == ["twice"]
    assert person.post("/halt", {"reason": "another"}).status == 422


def test_a_halt_that_was_refused_is_made_where_its_page_is_loaded_again(site):
    """As after a moment in which another program held the journal."""
    person = site.enter()
    person.get("/")
    kept = KeptAnswers(load(site.config).state_dir / "web.sqlite", site.site.clock)
    key, form = f"form {person.hidden['request_id']}", urlencode({**person.hidden, "reason": "again"})
    kept.begin(key, sha256(f"POST /halt?\n{form}".encode()).hexdigest())
    kept.keep(key, KeptAnswer(409, None, b"another program holds it"))
    assert person.post("/halt", {"reason": "again"}).status == 303


def test_what_was_done_is_told_even_where_the_answer_can_not_be_kept(site):
    kept = load(site.config).state_dir / "web.sqlite"
    scope = {"type": "http", "method": "POST", "path": "/settings/save", "query_string": b"", "headers": []}

    def done() -> Response:
        kept.write_bytes(b"x" * 5000)
        return Response("It is done.")

    assert once(Visit(site.site, Request(scope)), "a key", b"", done).body == b"It is done."
