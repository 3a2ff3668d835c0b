"""Each call of the API answers what its document says, does what the command line does, and does it once."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256

import pytest
from answers_schema import closed
from jsonschema import Draft202012Validator
from local_site import BY, LocalSite, Reply, local_site
from openapi_document import FILES, document

from rebalancer.config import load
from rebalancer.journal import follow, read, setting_history
from rebalancer.report.answers import MONEY
from rebalancer.web.api import CALLS
from rebalancer.web.api.parameters import LIMIT
from rebalancer.web.calls import Call
from rebalancer.web.kept_answers import KeptAnswers
from rebalancer.web.refusals import is_api

TRADING, V1 = "/api/admin/trading", "/api/v1"
READING = [call.path.replace("{run}", "1") for call in CALLS if call.method == "GET"]


@cache
def described() -> dict:
    return document()


def require_described(reply: Reply, method: str, path: str) -> dict:
    """The answer, which has exactly what the document says."""
    answer = json.loads(reply.body)
    place = next(each for each in described()["paths"] if _matches(each, path.partition("?")[0]))
    responses = described()["paths"][place][method.lower()]["responses"]
    schema = responses[str(reply.status) if reply.status < 400 else "default"]["content"]["application/json"]["schema"]
    whole = {**closed(schema), "components": {"schemas": closed(described()["components"]["schemas"])}}
    Draft202012Validator(whole).validate(answer)
    return answer


def _matches(place: str, path: str) -> bool:
    here, there = place.split("/"), path.split("/")
    return len(here) == len(there) and all(a == b or a.startswith("{") for a, b in zip(here, there, strict=True))


def post(site: LocalSite, path: str, key: str, /, **body: object) -> Reply:
    reply = site.api("POST", path, json.dumps(body), **{"idempotency-key": f"key-of-{key}"})
    require_described(reply, "POST", path)
    return reply


def code_of(reply: Reply) -> tuple[int, str]:
    return reply.status, json.loads(reply.body)["error"]["code"]


def test_the_document_is_that_of_the_program():
    """`python tests/web/openapi_document.py` writes it anew."""
    assert [json.loads(file.read_text("utf-8")) for file in FILES] == [document()] * 2


def test_the_document_is_served_and_each_of_its_schemas_is_one(shared):
    served = json.loads(shared.api("GET", "/api/openapi.json").body)
    assert served == described()
    for schema in served["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_each_path_that_programs_ask_is_in_the_document_with_its_methods(shared):
    routes = [route for route in shared.server.config.app.app.routes if is_api(route.path)]
    served = {(route.path.replace(":path}", "}"), method) for route in routes for method in route.methods or ()}
    told = {(path, method.upper()) for path, operations in described()["paths"].items() for method in operations}
    assert served - {(path, "HEAD") for path, _ in served} == told


def test_no_amount_of_money_is_a_number_that_loses_cents():
    def kinds(name: str, schema: object) -> Iterator[tuple[str, object]]:
        if isinstance(schema, Mapping):
            yield name, schema.get("type")
            for key, value in {**schema.get("properties", {}), name: schema.get("anyOf", ())}.items():
                yield from kinds(key, value)
        elif isinstance(schema, list):
            for each in schema:
                yield from kinds(name, each)

    found = [kind for name, schema in described()["components"]["schemas"].items() for kind in kinds(name, schema)]
    assert {name for name, _ in found} >= {"equity", "gain", "amount"}
    assert {name for name, kind in found if name in MONEY and kind in {"number", "integer"}} == set()


def minimal(call: Call) -> str:
    samples = {"string": "x", "number": 1, "boolean": True, "array": [], "null": None}
    return json.dumps({each.name: samples[each.kinds[0]] for each in call.body if each.required})


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_each_refusal_has_the_same_shape(shared, call):
    path = re.sub(r"{\w+}", "1", call.path)
    unknown = shared.api(call.method, f"{path}?nonsense=1", minimal(call))
    nobody = shared.ask(call.method, path, minimal(call))
    assert (unknown.status, nobody.status) == (400, 401)
    for reply in (unknown, nobody):
        assert require_described(reply, call.method, path)["error"]["message"]


@pytest.mark.parametrize("call", [each for each in CALLS if each.method == "POST"], ids=lambda call: call.path)
def test_nothing_is_changed_without_an_idempotency_key(shared, call):
    before = shared.config.read_bytes()
    reply = shared.api("POST", re.sub(r"{\w+}", "1", call.path), minimal(call))
    assert code_of(reply) == (400, "no_idempotency_key")
    assert shared.config.read_bytes() == before


@pytest.mark.parametrize(
    "call", [each for each in CALLS if LIMIT in each.parameters], ids=lambda call: call.path.rpartition("/")[2]
)
def test_each_list_is_read_page_by_page_to_its_end(shared, call):
    name = next(iter(call.gives))
    whole = json.loads(shared.api("GET", f"{call.path}?limit=200").body)
    assert whole["next"] is None
    found, before = [], ""
    while before is not None:
        page = json.loads(shared.api("GET", f"{call.path}?limit=1{before and f'&before={before}'}").body)
        found += page[name]
        before = page["next"]
    assert found == whole[name] != []


@pytest.mark.parametrize("path", READING)
def test_what_is_read_fits_its_schema_and_is_not_sent_again_unchanged(shared, path):
    first = shared.api("GET", path)
    require_described(first, "GET", path)
    assert first.status == 200
    again = shared.api("GET", path, **{"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_what_is_read_is_what_the_journal_has(shared):
    runs = json.loads(shared.api("GET", f"{V1}/runs").body)
    assert [run["run"] for run in runs["runs"]] == [1]
    assert runs["next"] is None
    orders = json.loads(shared.api("GET", f"{V1}/orders?limit=1").body)
    rest = json.loads(shared.api("GET", f"{V1}/orders?limit=200&before={orders['next']}").body)
    listed = [order["order_id"] for order in (*orders["orders"], *rest["orders"])]
    settings = load(shared.config)
    assert listed == [order.id for order in read.orders(settings.journal())]
    assert rest["next"] is None
    assert all(isinstance(each["value"], str) for each in rest["orders"])


@pytest.mark.parametrize(
    "path",
    [
        f"{V1}/runs?limit=0",
        f"{V1}/runs?limit=201",
        f"{V1}/runs?limit=many",
        f"{V1}/runs?before=-1",
        f"{V1}/runs?page=2",
        f"{V1}/orders?run=1e3",
        f"{V1}/accounts?mode=sandbox",
        f"{V1}/accounts?account=nobody",
        f"{V1}/performance?from=yesterday",
        f"{TRADING}/settings?mode=live",
    ],
)
def test_a_parameter_that_means_nothing_is_refused(shared, path):
    reply = shared.api("GET", path)
    assert reply.status == 400
    assert json.loads(reply.body)["error"]["message"]


@pytest.mark.parametrize("path", [f"{V1}/runs/7", f"{V1}/runs/first", f"{V1}/runs/{'9' * 30}", "/api/v2/runs"])
def test_what_is_not_there_is_not_found(shared, path):
    assert shared.api("GET", path).status == 404


def test_a_method_that_a_path_has_not_is_refused(shared):
    assert code_of(shared.api("PUT", f"{V1}/runs", "{}")) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("[]", 400),
        ("{", 400),
        ('{"bot": 1, "amount": "5"}', 400),
        ('{"bot": "hedge_example", "amount": NaN}', 400),
        ('{"bot": "hedge_example", "amount": true}', 400),
        ('{"bot": "hedge_example", "amount": "5", "more": 1}', 400),
        ('{"bot": "../../etc/passwd", "amount": "5"}', 400),
        ('{"bot": "nobody", "amount": "5"}', 400),
        ("[" * 30_000, 400),
        ('{"bot": "' + "x" * 70_000 + '"}', 413),
    ],
)
def test_a_body_that_is_no_investment_is_refused(shared, body, status):
    before = shared.config.read_bytes()
    reply = shared.api("POST", f"{TRADING}/investments", body, **{"idempotency-key": sha256(body.encode()).hexdigest()})
    assert reply.status == status, reply.text
    assert shared.config.read_bytes() == before


@pytest.mark.parametrize("name", ["key", "value", "plan_hash"])
def test_half_a_character_is_no_text(shared, name):
    path = "execute?dryRun=false" if name == "plan_hash" else "settings"
    fields = {"plan_hash": "\ud800"} if name == "plan_hash" else {"key": "enabled", "value": "x", name: "\ud800"}
    assert code_of(post(shared, f"{TRADING}/{path}", f"half-a-{name}", **fields)) == (400, "bad_body")


def test_a_number_of_more_digits_than_fit_into_the_memory_is_no_amount(shared):
    reply = shared.api(
        "POST",
        f"{TRADING}/investments/Dual%20momentum",
        '{"amount": 1e999999999999}',
        **{"idempotency-key": "more-than-fit"},
    )
    assert code_of(reply) == (400, "bad_input")


def test_money_is_committed_changed_and_taken_away_as_on_the_command_line(site):
    (site.config.parent / "bots" / "more.json").write_bytes(
        (site.config.parent / "bots" / "hedge_example.json").read_bytes()
    )
    added = post(site, f"{TRADING}/investments?mode=paper", "add", bot="more", amount="1250.50", name="More")
    assert added.status == 201
    changed = post(site, f"{TRADING}/investments/More", "change", amount=900)
    assert changed.status == 200
    amounts = {each["bot"]: each["amount"] for each in json.loads(changed.body)["investments"]}
    assert amounts["More"] == "900.00"
    removed = site.api("DELETE", f"{TRADING}/investments/More?mode=paper")
    require_described(removed, "DELETE", f"{TRADING}/investments/More")
    assert "More" not in site.config.read_text()
    assert tomllib.loads(site.config.read_text())["accounts"]["demo"]["investments"][0]["name"] == "Ten-month average"


def test_a_bot_with_a_slash_in_its_name_is_found(site):
    site.config.write_text(site.config.read_text("utf-8").replace("Dual momentum", "SPY / EFA?"), "utf-8")
    assert post(site, f"{TRADING}/investments/SPY%20%2F%20EFA%3F", "slash", amount="5").status == 200
    assert "amount = 5\n" in site.config.read_text("utf-8")


def test_a_bot_with_shares_is_removed_only_by_who_says_what_becomes_of_them(site):
    path = f"{TRADING}/investments/Dual%20momentum"
    assert code_of(site.api("DELETE", path)) == (409, "choice_needed")
    assert site.api("DELETE", f"{path}?shares=market").status == 200


def test_a_request_sent_twice_is_done_once_even_after_a_restart(site):
    path = f"{V1}/halts"
    first, again = (post(site, path, "same", reason="a test") for _ in range(2))
    with local_site(site.config) as restarted:
        third = post(restarted, path, "same", reason="a test")
    assert (first.status, first.body) == (again.status, again.body) == (third.status, third.body)
    halts = json.loads(site.api("GET", path).body)["halts"]
    assert [(halt["by"], halt["reason"]) for halt in halts] == [(BY, "a test")]


def test_a_key_of_another_request_and_no_key_are_refused(site):
    post(site, f"{V1}/halts", "same", reason="one")
    assert code_of(post(site, f"{V1}/halts", "same", reason="two")) == (422, "key_reused")
    assert code_of(site.api("POST", f"{V1}/halts", "{}")) == (400, "no_idempotency_key")
    assert len(json.loads(site.api("GET", f"{V1}/halts").body)["halts"]) == 1


def test_a_request_that_was_begun_and_never_answered_is_not_begun_again(site):
    path, body = f"{TRADING}/investments/Dual%20momentum", json.dumps({"amount": "5"})
    asked = sha256(f"POST {path.replace('%20', ' ')}?\n{body}".encode()).hexdigest()
    # As a process that was killed left it.
    KeptAnswers(load(site.config).state_dir / "web.sqlite", site.site.clock).begin("api left-open", asked)
    reply = site.api("POST", path, body, **{"idempotency-key": "left-open"})
    assert code_of(reply) == (409, "outcome_unknown")


def test_a_setting_is_shown_with_its_diff_and_saved_only_as_it_was_shown(site):
    path = f"{TRADING}/settings"
    change = {"key": "trading.order_type", "value": "market"}
    for question in ("", "?dryRun=true", "?dryRun=False", "?dryRun="):
        shown = json.loads(post(site, f"{path}{question}", f"show{question}", **change).body)
        assert '+order_type = "market"' in shown["proposal"]["diff"]
        assert shown["edited"] is None
    assert code_of(post(site, f"{path}?dryRun=false", "blind", **change)) == (409, "not_shown")
    stale = post(site, f"{path}?dryRun=false", "stale", **change, file_hash="0" * 64)
    assert (stale.status, "has changed since" in stale.text) == (400, True)
    saved = post(site, f"{path}?dryRun=false", "save", **change, file_hash=shown["proposal"]["file_hash"])
    assert json.loads(saved.body)["edited"]["changes"][0]["new"] == "market"
    config = load(site.config)
    assert config.accounts[0].trading.order_type == "market"
    assert setting_history.changes(config.journal(), "demo", 1)[0].new == "market"
    told = follow.lines_after(config.journal(), follow.last_line(config.journal()) - 1, 1)[0].event["text"]
    assert told == f"{BY} changed settings: accounts.demo.trading.order_type"


@pytest.mark.parametrize("key", ["on_result", "broker", "mode", "base_url", "state_dir", "investments", "x.y.z"])
def test_a_setting_that_could_run_a_command_or_send_keys_away_can_not_be_changed(site, key):
    before = site.config.read_bytes()
    assert post(site, f"{TRADING}/settings?dryRun=false", key, key=key, value="x", file_hash="").status == 400
    assert site.config.read_bytes() == before


def test_figures_are_given_to_who_has_the_token(shared):
    assert shared.ask("GET", "/metrics").status == 401
    figures = shared.api("GET", "/metrics")
    assert 'rebalance_last_run_status{account="demo",status="success"} 1.0' in figures.text


def test_what_happened_after_a_known_line_is_told_and_nothing_else(site):
    start = json.loads(site.api("GET", f"{V1}/state").body)
    assert start["lines"] == []
    post(site, f"{V1}/halts", "follow", reason="to follow")
    path = f"{V1}/state?since={start['last_seq']}"
    reply = site.api("GET", path)
    found = require_described(reply, "GET", path)
    assert [(line["kind"], line["event"]["reason"]) for line in found["lines"]] == [("Halted", "to follow")]
    assert site.api("GET", path, **{"if-none-match": reply.headers["etag"]}).status == 304
    whole = json.loads(site.api("GET", f"{V1}/state?since=0").body)
    assert [line["seq"] for line in whole["lines"]][:3] == [1, 2, 3]


def test_a_session_reads_the_api_and_changes_something_only_with_its_form_token(site):
    person = site.enter()
    person.get("/")
    headers = {
        "cookie": person.cookie,
        "origin": site.url,
        "content-type": "application/json",
        "idempotency-key": "of-a-session",
    }
    assert site.ask("GET", f"{V1}/runs", headers=headers).status == 200
    assert code_of(site.ask("POST", f"{V1}/halts", "{}", headers)) == (403, "no_form_token")
    token = {"x-form-token": person.hidden["form_token"]}
    assert site.ask("POST", f"{V1}/halts", "{}", {**headers, **token}).status == 201
