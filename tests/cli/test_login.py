"""`rebalance login` and `rebalance logout` store keys in the keyring and delete them."""

import io
import json
import stat
from tomllib import loads

import pytest
from keyrings import MemoryKeyring, in_use
from terminal import Terminal

ID, SECRET = "PK-hunter2", "secret-hunter2"
PIPED = f"{ID}\n{SECRET}\n"
ACCOUNT = """
[accounts.{name}]
broker = "{broker}"
{keys}
[[accounts.{name}.investments]]
bot = "bot.json"
amount = 1
"""


@pytest.fixture
def keyring():
    with in_use(MemoryKeyring()) as memory:
        yield memory


@pytest.fixture
def typed(monkeypatch):
    """A terminal that answers prompts without an echo; the list has the prompts."""
    asked = []

    def getpass(prompt):
        asked.append(prompt)
        return [ID, SECRET][len(asked) - 1]

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", getpass)
    return asked


@pytest.fixture
def piped(monkeypatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture(autouse=True)
def config(tmp_path):
    by_variables = 'key_id = "${MY_KEY}"\nsecret = "${MY_SECRET}"'
    (tmp_path / "config.toml").write_text(
        ACCOUNT.format(name="paper", broker="alpaca", keys="")
        + ACCOUNT.format(name="second", broker="alpaca", keys=by_variables)
        + ACCOUNT.format(name="third", broker="alpaca", keys='credentials_file = "alpaca.toml"')
        + ACCOUNT.format(name="trial", broker="sim", keys="")
    )


def test_the_keys_are_read_without_echo_and_stored(rebalance, keyring, typed):
    output = rebalance("login", "paper")
    assert output.code == 0, output.err
    assert typed == ["Key ID (not shown): ", "Secret (not shown): "]
    assert keyring.kept == {("rebalancer", "paper"): f"{ID}\n{SECRET}"}
    assert "The keys of account paper are stored in a keyring in memory" in output.out
    assert "hunter2" not in output.out + output.err


@pytest.mark.parametrize("text", [PIPED, PIPED.strip()])
def test_keys_can_be_piped_in_with_the_stdin_option(rebalance, keyring, piped, text):
    piped(text)
    output = rebalance("login", "paper", "--stdin", "--json")
    assert json.loads(output.out) == {"exit_code": 0, "account": "paper", "stored_in": "a keyring in memory"}
    assert keyring.kept == {("rebalancer", "paper"): f"{ID}\n{SECRET}"}


def test_a_pipe_needs_the_stdin_option_and_a_terminal_refuses_it(rebalance, keyring, piped, monkeypatch):
    piped(PIPED)
    assert "use --stdin to read the keys from a pipe" in rebalance("login", "paper").err
    monkeypatch.setattr("sys.stdin", Terminal(PIPED))
    output = rebalance("login", "paper", "--stdin")
    assert (output.code, keyring.kept) == (2, {})
    assert "a terminal would show what you type" in output.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there were 0"),
        (f"{ID}\n", "there were 1"),
        (f"{PIPED}more\n", "there were 3"),
        (f"{ID}\n\n", "is empty or has blanks"),
        (f"{ID} \n{SECRET}\n", "is empty or has blanks"),
    ],
)
def test_an_invalid_pair_of_keys_is_not_stored(rebalance, keyring, piped, text, says):
    piped(text)
    output = rebalance("login", "paper", "--stdin")
    assert (output.code, keyring.kept) == (2, {})
    assert says in output.err
    assert "hunter2" not in output.err


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ("trial", 'has broker = "sim", which needs no keys'),
        ("second", "takes its keys from key_id and secret: take these two lines out first"),
        ("nobody", "there is no account 'nobody'; there are: paper, second, third, trial"),
    ],
)
def test_an_account_whose_keys_can_not_be_stored_is_refused_before_keys_are_asked_for(
    rebalance, keyring, typed, account, says
):
    output = rebalance("login", account)
    assert (output.code, typed, keyring.kept) == (2, [], {})
    assert says in output.err


# ------------------------------------------------------------------------------------- a file that the config names


def test_the_keys_are_stored_in_the_file_that_the_account_names_for_its_owner_alone(
    rebalance, keyring, typed, tmp_path
):
    output = rebalance("login", "third", "--config", "config.toml")
    assert output.code == 0, output.err
    assert "`rebalance logout third --config config.toml` removes them" in " ".join(output.out.split())
    assert f"The keys of account third are stored in {tmp_path / 'alpaca.toml'}" in " ".join(output.out.split())
    assert "hunter2" not in output.out + output.err
    assert stat.S_IMODE((tmp_path / "alpaca.toml").stat().st_mode) == 0o600
    assert loads((tmp_path / "alpaca.toml").read_text()) == {"key_id": ID, "secret": SECRET}
    assert keyring.kept == {}


def test_new_keys_replace_those_in_the_file_and_logout_removes_it(rebalance, piped, tmp_path):
    for keys in ("PK-1\nfirst\n", PIPED):
        piped(keys)
        assert rebalance("login", "third", "--stdin").code == 0
    assert loads((tmp_path / "alpaca.toml").read_text())["key_id"] == ID
    assert "were removed from" in rebalance("logout", "third").out
    assert not (tmp_path / "alpaca.toml").exists()
    assert "has no keys of account third" in rebalance("logout", "third").out


@pytest.mark.parametrize("content", ["my notes", 'key_id = "a"', 'key_id = "a"\nsecret = "b"\nmore = "c"'])
def test_a_file_that_holds_anything_else_is_never_replaced_or_removed(rebalance, typed, tmp_path, content):
    file = tmp_path / "alpaca.toml"
    file.write_text(content)
    file.chmod(0o600)
    for command in ("login", "logout"):
        output = rebalance(command, "third")
        assert (output.code, typed) == (2, [])
        assert "alpaca.toml" in output.err
    assert file.read_text() == content


def test_a_link_in_the_place_of_the_file_is_refused(rebalance, typed, tmp_path):
    (tmp_path / "elsewhere").write_text('key_id = "a"\nsecret = "b"')
    (tmp_path / "alpaca.toml").symlink_to(tmp_path / "elsewhere")
    assert "is a link" in rebalance("login", "third").err
    assert (tmp_path / "elsewhere").exists()


def test_a_keyring_that_stores_nothing_is_detected(rebalance, piped):
    piped(PIPED)
    with in_use(MemoryKeyring(forgetful=True)):
        output = rebalance("login", "paper", "--stdin")
    assert output.code == 2
    assert "did not keep the keys" in output.err


def test_the_demo_has_no_account_to_log_in_to(rebalance, tmp_path, keyring):
    (tmp_path / "config.toml").unlink()
    assert "`rebalance init` writes the first" in rebalance("login", "paper").err


def test_logout_removes_them_and_says_when_there_were_none(rebalance, keyring):
    keyring.kept["rebalancer", "paper"] = f"{ID}\n{SECRET}"
    assert "were removed from a keyring in memory" in rebalance("logout", "paper").out
    assert keyring.kept == {}
    assert "has no keys of account paper" in rebalance("logout", "paper").out
    assert json.loads(rebalance("logout", "paper", "--json").out)["removed"] is False


def test_the_check_looks_for_the_keys_of_every_account_at_alpaca(rebalance, tmp_path):
    chart = {"format": "rebalancer/bot", "version": 1, "name": "Hold", "chart": {"asset": "SPY"}}
    (tmp_path / "bot.json").write_text(json.dumps(chart))
    with in_use(MemoryKeyring()) as memory:
        memory.kept["rebalancer", "paper"] = f"{ID}\n{SECRET}"
        answer = json.loads(rebalance("config", "check", "--json").out)["problems"]
    assert [(problem["place"], problem["text"].split(":")[0]) for problem in answer] == [
        ("accounts.second.key_id", "needs the environment variable MY_KEY"),
        ("accounts.second.secret", "needs the environment variable MY_SECRET"),
        ("accounts.third", "has no keys yet"),
    ]
