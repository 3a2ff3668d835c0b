"""Executing from the web: a dry run unless told otherwise, the plan that was shown or none, and a run of its own."""

import json
import os
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier, Thread
from urllib.parse import urlsplit

import pytest
from local_site import LocalSite, local_site, wait_for, write_new_account
from web_process import serving

from rebalancer import config
from rebalancer.app.runs import run_by_hand
from rebalancer.journal import audit, read

EXECUTE, EXECUTIONS = "/api/admin/trading/execute", "/api/admin/trading/executions"
READERS, READINGS = 50, 4


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The config of the demo's account before its first evening."""
    return write_new_account(tmp_path / "mine")


def asked(address: str, token: str, method: str, path: str, key: str = "", **body: object) -> tuple[int, dict]:
    place = urlsplit(address)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "idempotency-key": key}
    with closing(HTTPConnection(str(place.hostname), place.port, timeout=300)) as connection:
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_nothing_but_the_word_false_is_more_than_a_dry_run(fresh):
    with local_site(fresh) as site:
        for number, question in enumerate(("", "?dryRun=", "?dryRun=no", "?dryRun=False", "?dryRun=0")):
            status, answer = asked(site.url, site.token, "POST", EXECUTE + question, f"dry-run-{number}")
            assert (status, answer["execution"]) == (200, None)
            assert answer["tonight"]["record"]["dry_run"] is True
        assert read.runs(config.load(fresh).journal()) == ()


def test_a_real_run_needs_a_plan_that_was_shown(fresh):
    with local_site(fresh) as site:
        for number, body in enumerate(({}, {"plan_hash": "0" * 64}, {"plan_hash": "' OR 1=1 --"})):
            status, _ = asked(site.url, site.token, "POST", f"{EXECUTE}?dryRun=false", f"blind-{number}", **body)
            assert status in {400, 409}
        assert asked(site.url, site.token, "GET", EXECUTIONS)[1] == {"executions": [], "next": None}


def test_the_number_of_a_dry_run_is_no_plan_that_was_shown(fresh):
    with local_site(fresh) as site:
        asked(site.url, site.token, "POST", EXECUTE, "look-first")
        body = {"plan_hash": "1"}
        assert asked(site.url, site.token, "POST", f"{EXECUTE}?dryRun=false", "by-number", **body)[0] == 400
        assert asked(site.url, site.token, "GET", EXECUTIONS)[1] == {"executions": [], "next": None}


@pytest.mark.posix
def test_the_run_goes_on_when_the_server_that_started_it_is_killed_and_is_not_started_again(fresh):
    """SIGKILL to the server's whole process group, as a terminal that is closed or a supervisor does it."""
    settings = config.load(fresh)
    with serving(fresh.parent, "--port", "0", "--config", str(fresh)) as (process, said):
        address, token = said["address"], Path(said["token_file"]).read_text().strip()
        plan = asked(address, token, "POST", EXECUTE, "look-first")[1]["tonight"]["plan_hash"]
        first = asked(address, token, "POST", f"{EXECUTE}?dryRun=false", "do-it-once", plan_hash=plan)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(300)
    assert first[1]["execution"]["state"] in {"running", "ended"}  # ended where the server was the slower one

    wait_for(settings.state_dir, first[1]["execution"]["execution"])
    record = read.run(settings.journal(), 1)
    assert record.run.status == "success"
    assert audit.verify(settings.journal(), None).faults == ()
    with local_site(fresh) as again:
        assert asked(again.url, token, "POST", f"{EXECUTE}?dryRun=false", "do-it-once", plan_hash=plan) == first
        (done,) = asked(again.url, token, "GET", EXECUTIONS)[1]["executions"]
        assert (done["state"], done["run"], done["exit_code"]) == ("ended", 1, 0)
        assert asked(again.url, token, "GET", "/api/v1/runs")[1]["next"] is None
    assert len(read.runs(settings.journal())) == 1


def journalled(path: Path) -> list[tuple[str, str]]:
    """Every line, without its time: what was decided, sent and filled, in its order."""
    with closing(sqlite3.connect(path)) as journal:
        rows = journal.execute("SELECT kind, body FROM events ORDER BY seq").fetchall()
    return [(kind, json.dumps(_timeless(json.loads(body)), sort_keys=True)) for kind, body in rows]


def _timeless(found: object) -> object:
    if isinstance(found, Mapping):
        return {name: _timeless(value) for name, value in found.items() if name != "files"}
    return [_timeless(each) for each in found] if isinstance(found, list) else found


def test_fifty_readers_change_nothing_of_a_run(fresh, tmp_path):
    quiet = config.load(write_new_account(tmp_path / "alone"))
    run_by_hand(quiet, quiet.accounts[0], confirm=print)

    settings, together, statuses = config.load(fresh), Barrier(READERS + 1), []
    paths = ("/api/v1/runs", "/api/v1/state?since=0", "/api/v1/orders", "/api/v1/accounts")

    def read_on(site: LocalSite) -> None:
        together.wait()
        statuses.extend(site.api("GET", path).status for path in paths[:READINGS])

    with local_site(fresh) as site:
        readers = [Thread(target=read_on, args=(site,)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        together.wait()
        result = run_by_hand(settings, settings.accounts[0], confirm=print)
        for reader in readers:
            reader.join(300)
    assert statuses == [200] * READERS * READINGS
    assert result.status == "success"
    assert journalled(settings.journal()) == journalled(quiet.journal())
    assert audit.verify(settings.journal(), None).faults == ()
