"""The keyring of the system keeps keys by the name of their account, or says what to do instead."""

import sys

import pytest
from keyring.backends import fail
from keyrings import MemoryKeyring, in_use

from rebalancer.config.vault import Keyring
from rebalancer.errors import BadInputError
from rebalancer.model.keys import Keys

KEYS = Keys("PK-hunter2", "secret-hunter2")


def test_what_is_put_in_comes_out_under_its_own_name_only() -> None:
    with in_use(MemoryKeyring()):
        vault = Keyring()
        vault.put("paper", KEYS)
        assert vault.get("paper") == KEYS
        assert vault.get("other") is None
        assert vault.name == "a keyring in memory"


def test_the_entry_can_be_found_by_its_service_and_account() -> None:
    memory = MemoryKeyring()
    with in_use(memory):
        Keyring().put("paper", KEYS)
    assert memory.kept == {("rebalancer", "paper"): "PK-hunter2\nsecret-hunter2"}


def test_what_is_deleted_is_gone_and_nothing_is_deleted_twice() -> None:
    with in_use(MemoryKeyring()):
        vault = Keyring()
        vault.put("paper", KEYS)
        assert vault.delete("paper")
        assert vault.get("paper") is None
        assert not vault.delete("paper")


def test_an_entry_of_somebody_else_gives_no_keys_that_are_sent() -> None:
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
