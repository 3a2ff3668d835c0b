"""The settings of the schedule: which accounts it runs, and the command that gets the results."""

import pytest
from configs import SMALLEST, parsed

from rebalancer.errors import BadInputError


def account(lines: str = "", top: str = ""):
    text = SMALLEST.replace('broker = "sim"', f'broker = "sim"\n{lines}')
    return parsed(f"{top}\n{text}").accounts[0]


def test_an_account_is_not_enabled_by_default() -> None:
    assert account().enabled is False
    assert account("enabled = true").enabled is True


@pytest.mark.parametrize("value", ['"yes"', "1", '"true"'])
def test_only_true_and_false_enable(value: str) -> None:
    with pytest.raises(BadInputError, match=r"accounts\.demo\.enabled: .* use true or false"):
        account(f"enabled = {value}")


def test_the_command_is_split_as_a_shell_would() -> None:
    assert account("""on_result = "mail-me --to 'Jo Doe' $HOME" """).on_result == ("mail-me", "--to", "Jo Doe", "$HOME")


def test_an_accounts_own_command_comes_before_the_one_at_the_top() -> None:
    assert account(top='on_result = "tell all"').on_result == ("tell", "all")
    assert account('on_result = "tell me"', top='on_result = "tell all"').on_result == ("tell", "me")
    assert account().on_result == ()


@pytest.mark.parametrize("value", ['""', '"  "', '"it\'s"', "7", '["mail-me"]'])
def test_an_invalid_command_is_refused(value: str) -> None:
    with pytest.raises(BadInputError, match=r"on_result: .* use a command in quotes"):
        account(f"on_result = {value}")
