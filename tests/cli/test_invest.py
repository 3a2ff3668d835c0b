"""`rebalance invest` edits the config and journals the change."""

import json
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

DEMO = Path(str(files("rebalancer.demo")))


@pytest.fixture
def config(rebalance, tmp_path):
    assert rebalance("init").code == 0
    shutil.copy(DEMO / "bots/dual_momentum.json", tmp_path / "bots/momentum.json")
    return tmp_path / "config.toml"


def invested(rebalance):
    return {
        bot["bot"]: (bot["amount"], bot["weight_mode"])
        for bot in json.loads(rebalance("invest", "list", "--json").out)["accounts"][0]["investments"]
    }


def changes(rebalance):
    return [
        (made["key"], made["old"], made["new"])
        for made in json.loads(rebalance("config", "changes", "--json").out)["changes"]
    ]


def test_an_investment_is_added_for_another_bot(rebalance, config):
    before = config.read_text()
    output = rebalance("invest", "add", "bots/momentum.json", "30000.50")
    assert output.code == 0, output.err
    assert "30,000.50" in output.out
    assert (
        config.read_text()
        == f'{before}\n[[accounts.main.investments]]\nbot = "bots/momentum.json"\namount = 30000.50\n'
    )
    assert invested(rebalance) == {"Ten-month average": ("6000.00", "dollars"), "momentum": ("30000.50", "dollars")}
    assert ('accounts.main.investments."momentum".amount', None, "30000.50") in changes(rebalance)


def test_an_investment_may_be_in_percent_and_have_its_own_name(rebalance, config):
    rebalance("invest", "add", "bots/momentum.json", "25", "--percent", "--name", "Mine")
    assert invested(rebalance)["Mine"] == ("25.00", "percent")


def test_a_bot_is_added_by_the_name_that_the_list_of_bots_shows(rebalance, config):
    assert "momentum" in [bot["name"] for bot in json.loads(rebalance("bots", "list", "--json").out)["bots"]]
    assert rebalance("invest", "add", "momentum", "5").code == 0
    assert 'bot = "bots/momentum.json"' in config.read_text()
    assert invested(rebalance)["momentum"] == ("5.00", "dollars")


def test_a_bot_of_another_account_is_added_under_its_name(rebalance, config):
    other = (
        '[accounts.other]\nbroker = "sim"\n[[accounts.other.investments]]\nbot = "bots/momentum.json"\nname = "Mine"\n'
    )
    config.write_text(f"{config.read_text()}\n{other}amount = 1\n")
    assert rebalance("invest", "add", "Mine", "7", "--account", "main").code == 0
    assert invested(rebalance)["Mine"] == ("7.00", "dollars")


def test_a_bot_that_is_invested_already_is_refused_with_the_command_for_its_amount(rebalance, config):
    output = rebalance("invest", "add", "Ten-month average", "5")
    assert output.code == 2
    assert "change its amount by `rebalance invest set`" in output.err
    assert rebalance("invest", "add", "Ten-month average", "5", "--name", "Twice").code == 0
    assert invested(rebalance).keys() == {"Ten-month average", "Twice"}


def test_a_bot_path_is_resolved_from_the_working_folder_and_stored_relative_to_the_config(rebalance, tmp_path):
    rebalance("init", "mine")
    shutil.copy(DEMO / "bots/dual_momentum.json", tmp_path / "mine/bots/momentum.json")
    shutil.copy(DEMO / "bots/dual_momentum.json", tmp_path / "outside.json")
    for bot in ("mine/bots/momentum.json", "outside.json"):
        assert rebalance("invest", "add", bot, "5", "--config", "mine/config.toml").code == 0
    text = (tmp_path / "mine/config.toml").read_text()
    assert 'bot = "bots/momentum.json"' in text
    assert f'bot = "{tmp_path}/outside.json"' in text


def test_another_amount_is_journalled_with_the_old_and_the_new_one(rebalance, config):
    before = config.read_text()
    assert rebalance("invest", "set", "Ten-month average", "7000").code == 0
    assert config.read_text() == before.replace("amount = 6000", "amount = 7000")
    assert changes(rebalance) == [('accounts.main.investments."Ten-month average".amount', "6000", "7000")]


def test_an_amount_in_percent_stays_percent_unless_dollars_are_named(rebalance, config):
    rebalance("invest", "set", "Ten-month average", "50", "--percent")
    rebalance("invest", "set", "Ten-month average", "60")
    assert invested(rebalance) == {"Ten-month average": ("60.00", "percent")}
    rebalance("invest", "set", "Ten-month average", "6000", "--dollars")
    assert invested(rebalance) == {"Ten-month average": ("6000.00", "dollars")}


def test_an_investment_is_removed(rebalance, config):
    before = config.read_text()
    rebalance("invest", "add", "bots/momentum.json", "5")
    output = rebalance("invest", "remove", "momentum")
    assert output.code == 0, output.err
    assert config.read_text() == before
    assert ('accounts.main.investments."momentum".amount', "5", None) in changes(rebalance)


def test_a_change_by_command_is_not_journalled_again_by_the_run(rebalance, config):
    config.write_text(config.read_text().replace('"rollover"', '"fixed"'))
    rebalance("run", "--as-of", "2016-06-29")
    rebalance("invest", "set", "Ten-month average", "7000")
    rebalance("run", "--as-of", "2016-06-30")
    assert len(changes(rebalance)) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["add", "bots/gone.json", "5"],
            "'bots/gone.json' is no file and no bot; there are: Ten-month average, dual_momentum, ",
        ),
        (["add", "config.toml", "5"], "is not JSON"),
        (
            ["add", "bots/ten_month_average.json", "5", "--name", "Ten-month average"],
            "account main has a bot of this name: change its amount by `rebalance invest set`, or use --name",
        ),
        (["add", "bots/momentum.json", "101", "--percent"], "use a number from 0.01 to 100"),
        (["add", "bots/momentum.json", "0"], "use a number from 0.01"),
        (["add", "bots/momentum.json", "6,000"], "write a number such as 6000"),
        (["add", "bots/momentum.json", "nan"], "write a number such as 6000"),
        (["add", "bots/momentum.json", "5", "--account", "nobody"], "there are: main"),
        (["set", "Nobody", "5"], "there are: Ten-month average"),
        (["set", "Ten-month average", "600", "--percent"], "to 100"),
        (["remove", "Nobody"], "there are: Ten-month average"),
        (["remove", "Ten-month average"], "the only bot of account main"),
    ],
)
def test_an_invalid_change_is_refused_and_nothing_changes(rebalance, config, words, says):
    before = config.read_bytes()
    output = rebalance("invest", *words)
    assert output.code == 2
    assert says in output.err
    assert config.read_bytes() == before
    assert changes(rebalance) == []


def test_of_several_accounts_one_has_to_be_named(rebalance, config):
    config.write_text(
        f'{config.read_text()}\n[accounts.other]\nbroker = "sim"\n'
        '[[accounts.other.investments]]\nbot = "bots/momentum.json"\namount = 1\n'
    )
    output = rebalance("invest", "add", "bots/momentum.json", "5")
    assert output.code == 2
    assert "several accounts: main, other" in output.err
    assert rebalance("invest", "add", "bots/momentum.json", "5", "--account", "main").code == 0


def test_the_demo_can_not_be_edited(rebalance):
    output = rebalance("invest", "set", "Ten-month average", "5")
    assert output.code == 2
    assert "`rebalance init` writes the first" in output.err


def test_a_journal_that_can_not_be_written_keeps_the_file_as_it_was(rebalance, config, tmp_path):
    (tmp_path / "state").write_text("a file in the way")
    before = config.read_bytes()
    assert rebalance("invest", "set", "Ten-month average", "7000").code == 4
    assert config.read_bytes() == before
