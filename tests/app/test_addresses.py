"""Secret addresses: three places for one, none of them the config; stored by a person and checked by the doctor."""

import json
from io import StringIO
from pathlib import Path

import pytest
from keyrings import MemoryKeyring, in_use
from sim_account import write

from rebalancer.app.addresses import observer_checks, sources, store_address
from rebalancer.config.observers import read_url
from rebalancer.errors import BadInputError
from rebalancer.notify.observer_state import FILE

ADDRESS = "https://hc.invalid/hunter2"
IN_A_FILE = '[ping]\nurl_file = "ping-url"\n'
IN_THE_KEYRING = '[[notify]]\nname = "phone"\n'


def test_an_address_is_read_from_a_variable_a_private_file_or_the_keyring(tmp_path: Path):
    config = write(tmp_path, top=f'[ping]\nurl = "${{PING_URL}}"\n[[notify]]\nurl_file = "url"\n{IN_THE_KEYRING}')
    file = tmp_path / "url"
    file.write_text(f"{ADDRESS}\n")
    file.chmod(0o600)
    memory = MemoryKeyring()
    memory.kept["rebalancer", "url:phone"] = ADDRESS
    with in_use(memory):
        found = [read_url(each, {"PING_URL": ADDRESS}) for each in sources(config).values()]
    assert found == [ADDRESS] * 3
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("top", "said"),
    [
        (f'[ping]\nurl = "{ADDRESS}"\n', "ping.url: has to be ${NAME} and nothing else"),
        ('[ping]\nurl = "${A}"\nurl_file = "b"\n', "ping.url_file: is a second way beside url"),
        ("[[notify]]\n[[notify]]\n", 'notify[1].name: another address is called "notify"'),
        ('[[notify]]\nname = "ping"\n', 'notify[0].name: another address is called "ping"'),
        ('[[notify]]\non = ["woken"]\n', "notify[0].on: a list of 1 is not allowed: use a list of success, "),
        ('[[notify]]\nquiet_hours = "22:00-22:00 UTC"\n', "with the zone"),
        ('[[notify]]\nquiet_hours = "22:00-07:00 Mars/Base"\n', "with the zone"),
        ('[metrics]\ntextfile = "x.txt"\n', "metrics.textfile"),
    ],
)
def test_what_is_wrong_in_the_tables_is_named_without_the_address(tmp_path: Path, top: str, said: str):
    with pytest.raises(BadInputError) as refused:
        write(tmp_path, top=top)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.posix
def test_an_address_is_stored_in_its_file_for_its_owner_alone_or_in_the_keyring(tmp_path: Path):
    config = write(tmp_path, top=IN_A_FILE + IN_THE_KEYRING)
    assert store_address(config, "ping", lambda: ADDRESS) == str(tmp_path / "ping-url")
    assert store_address(config, "ping", lambda: ADDRESS) == str(tmp_path / "ping-url")
    assert (tmp_path / "ping-url").stat().st_mode & 0o777 == 0o600
    with in_use(MemoryKeyring()) as memory:
        assert store_address(config, "phone", lambda: ADDRESS) == "a keyring in memory"
    assert memory.kept == {("rebalancer", "url:phone"): ADDRESS}


def never() -> str:
    raise AssertionError("asked for an address that can't be stored")


def test_an_address_that_can_not_be_stored_is_refused_before_it_is_asked_for(tmp_path: Path):
    config = write(tmp_path, top='[ping]\nurl = "${PING_URL}"\n')
    with pytest.raises(BadInputError, match="take that line out first"):
        store_address(config, "ping", never)
    with pytest.raises(BadInputError, match="there is no 'pings'; did you mean 'ping'"):
        store_address(config, "pings", never)
    with pytest.raises(BadInputError, match="there is no \\[ping\\] and no"):
        store_address(write(tmp_path), "ping", never)
    with pytest.raises(BadInputError, match="nothing was stored"):
        store_address(write(tmp_path, top=IN_A_FILE), "ping", lambda: "two words")


@pytest.mark.posix
def test_a_file_that_others_can_read_and_a_folder_that_is_not_there_are_refused(tmp_path: Path):
    config = write(tmp_path, top=IN_A_FILE)
    (tmp_path / "ping-url").write_text(ADDRESS)
    (tmp_path / "ping-url").chmod(0o644)
    for refused in (lambda: store_address(config, "ping", lambda: ADDRESS), lambda: read_url(sources(config)["ping"])):
        with pytest.raises(BadInputError, match="is open to other users"):
            refused()
    elsewhere = write(tmp_path, top='[ping]\nurl_file = "gone/ping-url"\n')
    with pytest.raises(BadInputError, match="can't be written"):
        store_address(elsewhere, "ping", lambda: ADDRESS)


def test_the_doctor_says_what_is_not_there_and_what_went_wrong_the_last_time(tmp_path: Path):
    config = write(tmp_path, top=f'{IN_A_FILE}[metrics]\ntextfile = "x.prom"\n')
    config.state_dir.mkdir()
    (config.state_dir / FILE).write_text(json.dumps({"troubles": {"metrics": "2016: no room", "notify gone": "x"}}))
    ping, metrics = observer_checks(config)
    assert (ping.verdict, "has no address yet: there is no file" in ping.found) == ("fail", True)
    assert (metrics.verdict, metrics.found) == ("warn", "2016: no room")
    store_address(config, "ping", lambda: ADDRESS)
    (config.state_dir / FILE).unlink()
    assert [check.verdict for check in observer_checks(config)] == ["pass", "pass"]


def test_the_command_stores_what_is_piped_in_and_does_not_show_it(rebalance, tmp_path: Path, monkeypatch):
    write(tmp_path, top=IN_A_FILE)
    monkeypatch.setattr("sys.stdin", StringIO(f"{ADDRESS}\n"))
    assert "needs a terminal" in rebalance("notify", "login", "ping").err
    said = rebalance("notify", "login", "ping", "--stdin", "--json")
    assert (said.code, json.loads(said.out)["stored_in"]) == (0, str(tmp_path / "ping-url"))
    monkeypatch.setattr("sys.stdin", StringIO(ADDRESS))
    shown = rebalance("notify", "login", "ping", "--stdin")
    assert "`rebalance notify test` tries it" in " ".join(shown.out.split())
    assert "hunter2" not in shown.out + shown.err
