"""The API keys of an account: read from their source, or refused with the place and the remedy and no key."""

import os
import sys
from pathlib import Path

import pytest
from configs import AT_ALPACA, SMALLEST, with_keys
from keyring.backends import fail
from keyrings import MemoryKeyring, in_use

from rebalancer import config
from rebalancer.config.credentials import Keyring, read_keys
from rebalancer.config.observers import read_url
from rebalancer.errors import BadInputError
from rebalancer.model.keys import Keys

KEYS = Keys("PK-hunter2", "secret-hunter2")
FILE = 'key_id = "PK-hunter2"\nsecret = "secret-hunter2"\n'
BY_VARIABLES = with_keys('key_id = "${MY_KEY}"\nsecret = "${MY_SECRET}"')
BY_FILE = with_keys('credentials_file = "alpaca.toml"')
SET = {"MY_KEY": KEYS.key_id, "MY_SECRET": KEYS.secret}


class MemoryStore(dict[str, Keys]):
    """A key store in memory."""


def keys_of(text: str, folder: Path, *, store: MemoryStore | None = None, **environ: str) -> Keys:
    found = config.parse(text.encode(), folder / "config.toml", environ)
    return read_keys(found.accounts[0], store or MemoryStore(), environ)


def refusal_of(text: str, folder: Path, *, store: MemoryStore | None = None, **environ: str) -> str:
    with pytest.raises(BadInputError) as refused:
        keys_of(text, folder, store=store, **environ)
    assert "hunter2" not in str(refused.value)
    return str(refused.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A credentials file as it should be."""
    path = tmp_path / "alpaca.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


# ---------------------------------------------------------------------------------------------- three ways


def test_keys_come_from_the_two_variables(tmp_path: Path) -> None:
    assert keys_of(BY_VARIABLES, tmp_path, **SET) == KEYS


@pytest.mark.posix
def test_keys_come_from_a_file_that_only_its_owner_can_read(file: Path) -> None:
    assert keys_of(BY_FILE, file.parent) == KEYS
    file.chmod(0o400)
    assert keys_of(BY_FILE, file.parent) == KEYS


def test_keys_come_from_the_keyring_by_the_name_of_the_account(tmp_path: Path) -> None:
    assert keys_of(AT_ALPACA, tmp_path, store=MemoryStore(demo=KEYS, other=Keys("a", "b"))) == KEYS


def test_an_account_at_the_simulated_broker_has_no_keys(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the broker sim of account demo has no keys"):
        keys_of(SMALLEST, tmp_path, store=MemoryStore(demo=KEYS))


# -------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize("environ", [{}, {"MY_KEY": "", "MY_SECRET": ""}])
def test_variables_that_are_not_set_or_empty_are_named_both_at_once(tmp_path: Path, environ: dict[str, str]) -> None:
    assert refusal_of(BY_VARIABLES, tmp_path, **environ).splitlines() == [
        f"{tmp_path}/config.toml: accounts.demo.key_id: needs the environment variable MY_KEY: set it",
        f"{tmp_path}/config.toml: accounts.demo.secret: needs the environment variable MY_SECRET: set it",
    ]


@pytest.mark.parametrize("spoilt", ["secret-hunter2\n", " secret-hunter2", "secret hunter2", "sécret-hunter2", "\t"])
def test_keys_that_are_no_valid_header_are_refused_before_a_library_prints_them(tmp_path: Path, spoilt: str) -> None:
    says = "the key's ID or its secret is empty or has blanks in it"
    assert says in refusal_of(BY_VARIABLES, tmp_path, **{**SET, "MY_SECRET": spoilt})
    assert says in refusal_of(AT_ALPACA, tmp_path, store=MemoryStore(demo=Keys("PK-hunter2", spoilt)))


def test_missing_keys_name_all_three_ways_to_give_them(tmp_path: Path) -> None:
    said = refusal_of(AT_ALPACA, tmp_path)
    assert f"{tmp_path}/config.toml: accounts.demo: has no keys yet: `rebalance login demo`" in said
    assert "key_id" in said
    assert "credentials_file" in said


@pytest.mark.posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused_with_the_chmod_command(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert refusal_of(BY_FILE, file.parent) == f"{file}: is open to other users: chmod 600 {file}"


def test_a_link_to_a_file_is_refused(file: Path) -> None:
    (file.parent / "elsewhere").mkdir()
    file.rename(file.parent / "elsewhere" / "keys.toml")
    file.symlink_to(file.parent / "elsewhere" / "keys.toml")
    assert refusal_of(BY_FILE, file.parent) == f"{file}: is a link: name the file itself"


@pytest.mark.posix
def test_a_pipe_a_folder_or_a_missing_file_is_refused_at_once(file: Path) -> None:
    file.unlink()
    assert f"there is no file {file}; `rebalance login demo` asks for them" in refusal_of(BY_FILE, file.parent)
    os.mkfifo(file, 0o600)
    assert "can't be read: it is no ordinary file" in refusal_of(BY_FILE, file.parent)
    file.unlink()
    file.mkdir(0o700)
    assert refusal_of(BY_FILE, file.parent).startswith(f"{file}: ")


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(file: Path) -> None:
    os.chown(file, 65534, -1)
    assert "belongs to another user" in refusal_of(BY_FILE, file.parent)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('key_id = "PK-hunter2"', "two lines and no other"),
        (FILE + 'note = "hunter2"', "two lines and no other"),
        ('key_id = 5\nsecret = "secret-hunter2"', "two lines and no other"),
        ("PK-hunter2\nsecret-hunter2", "is no valid TOML"),
        ('key_id = "hunter2', "is no valid TOML"),
        ('key_id = "PK-hunter2"\nsecret = ""', "is empty or has blanks"),
        ("#" * 200_000, "up to 131,072 are read"),
    ],
)
def test_a_file_with_anything_else_in_it_is_refused(file: Path, content: str, says: str) -> None:
    file.write_text(content)
    assert says in refusal_of(BY_FILE, file.parent)


# ------------------------------------------------------------------------------------ the operating system's keyring


def test_the_keyring_returns_keys_for_the_account_they_were_stored_for_alone() -> None:
    with in_use(MemoryKeyring()):
        keyring = Keyring()
        keyring.put("paper", KEYS)
        assert keyring.get("paper") == KEYS
        assert keyring.get("other") is None
        assert keyring.name == "a keyring in memory"


def test_the_entry_can_be_found_by_its_service_and_account() -> None:
    memory = MemoryKeyring()
    with in_use(memory):
        Keyring().put("paper", KEYS)
    assert memory.kept == {("rebalancer", "paper"): "PK-hunter2\nsecret-hunter2"}


def test_deleted_keys_are_gone_and_a_second_delete_finds_none() -> None:
    with in_use(MemoryKeyring()):
        keyring = Keyring()
        keyring.put("paper", KEYS)
        assert keyring.delete("paper")
        assert keyring.get("paper") is None
        assert not keyring.delete("paper")


def test_an_entry_of_another_program_is_not_well_formed() -> None:
    memory = MemoryKeyring()
    memory.kept["rebalancer", "paper"] = "something else"
    with in_use(memory):
        keys = Keyring().get("paper")
    assert keys is not None
    assert not keys.well_formed


def test_a_system_without_a_keyring_names_the_other_ways() -> None:
    with in_use(fail.Keyring()), pytest.raises(BadInputError) as refused:
        Keyring().put("paper", KEYS)
    assert str(refused.value) == (
        "the keyring: does not answer (NoKeyringError): unlock it; or name the keys by key_id and secret, or by "
        "credentials_file"
    )


def test_without_its_library_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(BadInputError, match=r"pip install 'rebalancer\[keyring\]'; or name the keys"):
        Keyring().get("paper")


# ---------------------------------------------------------------------------------------- what systemd delivers


def test_keys_that_this_user_can_not_read_are_those_that_systemd_delivers(tmp_path: Path) -> None:
    (tmp_path / "keys-demo").write_text(FILE)
    assert keys_of(BY_FILE, tmp_path / "elsewhere", CREDENTIALS_DIRECTORY=str(tmp_path)) == KEYS
    assert "has no keys yet" in refusal_of(BY_FILE, tmp_path, CREDENTIALS_DIRECTORY=str(tmp_path / "empty"))


def test_a_file_that_can_be_read_comes_before_what_was_delivered_at_the_start(file: Path) -> None:
    (file.parent / "keys-demo").write_text(FILE.replace("hunter2", "of last year"))
    assert keys_of(BY_FILE, file.parent, CREDENTIALS_DIRECTORY=str(file.parent)) == KEYS


def test_an_address_is_delivered_too(tmp_path: Path) -> None:
    (tmp_path / "url-ping").write_text("http://127.0.0.1/abc\n")
    text = f'[ping]\nurl_file = "ping-url"\n{SMALLEST}'
    found = config.parse(text.encode(), tmp_path / "elsewhere" / "config.toml")
    assert found.ping is not None
    assert read_url(found.ping, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "http://127.0.0.1/abc"
