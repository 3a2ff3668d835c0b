"""The shell completes the names of bots and accounts, and -h and a name in another case are understood."""

import pytest

BOTS = ["Ten-month average", "Dual momentum", "Inverse volatility", "Hedge (teaching example)"]


@pytest.fixture
def completed(rebalance, monkeypatch):
    """What zsh is told for the last of the words."""

    def asked(words: str) -> str:
        with monkeypatch.context() as shell:
            shell.setenv("_REBALANCE_COMPLETE", "complete_zsh")
            shell.setenv("_TYPER_COMPLETE_ARGS", f"rebalance {words}")
            said = rebalance()
        assert (said.code, said.err) == (0, "")
        return said.out

    return asked


@pytest.mark.parametrize("command", ["explain", "backtest", "bots show", "invest add", "invest set", "invest remove"])
def test_the_shell_completes_the_names_of_bots(completed, command):
    assert all(name in completed(f"{command} ") for name in BOTS)
    begun = completed(f"{command} Du")
    assert "Dual momentum" in begun
    assert "Hedge" not in begun


@pytest.mark.parametrize("command", ["run --account", "positions --account", "halt --account", "login"])
def test_the_shell_completes_the_names_of_accounts(completed, command):
    assert "demo" in completed(f"{command} ")
    assert "demo" not in completed(f"{command} x")


def test_the_names_are_those_of_the_config_on_the_command_line(completed, rebalance, tmp_path):
    rebalance("init", tmp_path / "mine")
    config = tmp_path / "mine" / "config.toml"
    config.write_text(config.read_text().replace("accounts.main", "accounts.other"))
    assert "other" in completed(f"status --config {config} --account ")


def test_without_valid_settings_the_shell_is_offered_nothing_and_told_nothing(completed, tmp_path):
    (tmp_path / "config.toml").write_text("nonsense")
    assert "demo" not in completed("run --account ")


def test_bash_gets_a_name_with_its_blanks_escaped(rebalance, monkeypatch):
    monkeypatch.setenv("_REBALANCE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "rebalance explain He")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert rebalance().out.strip() == r"Hedge\ \(teaching\ example\)"


@pytest.mark.parametrize("words", [(), ("history",), ("bots", "list")])
def test_h_is_short_for_help(rebalance, words):
    said = rebalance(*words, "-h")
    assert (said.code, said.out) == (0, rebalance(*words, "--help").out)
    assert f"Usage: {' '.join(('rebalance', *words))}" in said.out


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("explain", "ten-month AVERAGE"), "'Ten-month average'"),
        (("bots", "show", "dual momentums"), "'Dual momentum'"),
        (("run", "--account", "Demo"), "'demo'"),
    ],
)
def test_a_name_in_another_case_or_with_a_typing_error_is_suggested(rebalance, words, meant):
    said = rebalance(*words)
    assert said.code == 2
    assert f"did you mean {meant}? There are: " in said.err


def test_an_invested_bot_in_another_case_is_suggested(rebalance, tmp_path):
    rebalance("init", tmp_path)
    said = rebalance("invest", "set", "TEN-MONTH AVERAGE", 5)
    assert said.code == 2
    assert "did you mean 'Ten-month average'? There are: " in said.err


def test_the_list_of_commands_cuts_no_sentence(rebalance):
    listed = rebalance("-h").out.partition("Commands:")[2]
    assert "..." not in listed
    assert "and end an interrupted run." in listed
