"""Each attack on the server with its answer; docs/web.md has the table."""

import http.client

import pytest
from local_site import form_headers
from starlette.datastructures import Headers

from rebalancer.web.security import COOKIE, HEADERS, cookie


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost.evil"])
def test_a_request_by_another_name_is_refused_against_dns_rebinding(shared, host):
    answer = shared.ask("GET", "/health", headers={"host": host})
    assert answer.status == 400


def test_two_hosts_are_none(shared):
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=300)
    connection.putrequest("GET", "/health", skip_host=True)
    for host in ("127.0.0.1", "evil.example"):
        connection.putheader("host", host)
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9000", "[::1]:8321", "LOCALHOST"])
def test_this_machine_is_asked_by_each_of_its_names_and_through_a_tunnel(shared, host):
    assert shared.ask("GET", "/health", headers={"host": host}).status == 200


@pytest.mark.parametrize("path", ["/", "/nothing", "/metrics", "/api/v1/runs", "/api/nothing", "/login/x", "/healthy"])
def test_nothing_is_shown_without_the_token(shared, path):
    answer = shared.ask("GET", path)
    assert answer.status == (401 if "/api" in path or path == "/metrics" else 303)
    assert "demo" not in answer.text


def test_a_session_begins_with_the_token_and_ends_where_a_person_leaves(shared):
    person = shared.enter()
    assert "Ten-month" not in shared.ask("GET", "/").text
    assert person.get("/").status == 200
    assert person.post("/leave").headers["location"] == "/login"
    assert person.get("/").headers["location"] == "/login"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(shared):
    answer = shared.ask("POST", "/login", f"token={shared.token}", form_headers(shared.url))
    cookie = answer.headers["set-cookie"].lower()
    assert all(each in cookie for each in ("httponly", "samesite=strict", "path=/"))
    assert shared.token.lower() not in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:1", "sec-fetch-site": "same-site"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
    ],
)
def test_a_form_of_another_site_is_refused_against_forged_requests(shared, headers):
    person = shared.enter()
    person.get("/")
    form = {"content-type": "application/x-www-form-urlencoded", "cookie": person.cookie, **headers}
    body = "&".join(f"{name}={value}" for name, value in person.hidden.items())
    assert shared.ask("POST", "/leave", body, form).status == 403
    assert person.get("/").status == 200


def test_a_session_in_a_browser_that_names_no_site_changes_nothing(shared):
    person = shared.enter()
    person.get("/")
    form = {"content-type": "application/x-www-form-urlencoded", "cookie": person.cookie}
    assert shared.ask("POST", "/leave", f"form_token={person.hidden['form_token']}", form).status == 403


def test_a_form_without_the_token_of_its_session_is_refused(shared):
    mine, others = shared.enter(), shared.enter()
    others.get("/")
    for hidden in ({}, others.hidden):
        mine.hidden = hidden
        assert mine.post("/leave").status == 403
    assert mine.get("/").status == 200


def test_wrong_tokens_are_soon_answered_by_a_pause_and_the_right_one_enters_all_the_same(site):
    answers = [site.ask("POST", "/login", "token=guessed", form_headers(site.url)) for _ in range(12)]
    assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
    for answer in answers:
        assert 'action="/login"' in answer.text
        assert "guessed" not in answer.text
    assert "Try again in a minute" in answers[-1].text
    assert site.ask("GET", "/api/v1/runs", headers={"authorization": "Bearer guessed"}).status == 429
    assert site.enter().get("/").status == 200


@pytest.mark.parametrize("path", ["/", "/login", "/static/style.css", "/nothing", "/health", "/api/nothing"])
def test_every_answer_has_the_strict_headers(shared, path):
    person = shared.enter()
    for answer in (person.get(path), shared.ask("GET", path), shared.ask("POST", path, "x", {"origin": "http://e"})):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert answer.headers["cache-control"] == ("no-cache" if answer.headers["etag"] else "no-store")


@pytest.mark.parametrize("name", ["../application.py", "..%2fapplication.py", "%2e%2e/door.py", "/etc/passwd", ""])
def test_a_path_that_leads_out_of_the_static_files_leads_nowhere(shared, name):
    answer = shared.ask("GET", f"/static/{name}")
    assert answer.status in {303, 404}
    assert "import" not in answer.text


def test_an_unchanged_static_file_is_not_sent_again(shared):
    first = shared.ask("GET", "/static/style.css")
    again = shared.ask("GET", "/static/style.css", headers={"if-none-match": first.headers["etag"]})
    assert (first.status, first.headers["content-type"].partition(";")[0]) == (200, "text/css")
    assert (again.status, again.body) == (304, b"")


def test_a_form_beyond_its_limit_is_refused_before_it_is_read(shared):
    person = shared.enter()
    person.get("/")
    assert person.post("/leave", {"more": "x" * 70_000}).status == 413
    assert person.get("/").status == 200


def test_a_cookie_of_another_program_on_this_machine_is_in_nobodys_way(shared):
    person = shared.enter()
    for others in ('state={"a": [1, 2]}', "a,b=c", 'x="unended', "rb_session=planted", "; ;=;"):
        person.cookie, before = f"{others}; {person.cookie}", person.cookie
        assert person.get("/").status == 200
        person.cookie = before


def test_quotes_in_a_cookie_are_not_taken_off(shared):
    """Python's own reader takes 9 s for such a cookie, for anybody without the token."""
    name = '"' + "\\" * 60_000 + '"'
    assert cookie(Headers({"cookie": f"{COOKIE}={name}"})) == name


def test_a_form_with_files_is_read_only_where_files_are_taken(shared):
    """Reading one takes 7 s where somebody wants it to, and the login is open to all."""
    body = '--cut\r\ncontent-disposition: form-data; name="token"\r\n\r\nguessed\r\n--cut--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=cut"}
    assert shared.ask("POST", "/login", body, headers).status == 415
    assert shared.ask("POST", "/buy/upload", body, headers).headers["location"] == "/login"
