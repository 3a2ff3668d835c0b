"""An account at Alpaca in the config: its keys by name only, its addresses, and the prices it brings with it."""

import tomllib
from datetime import date

import pytest
from configs import AT_ALPACA, FOLDER, SMALLEST, parsed, problems_of, with_keys

from rebalancer import config
from rebalancer.config.effective import by_key, effective_settings, snapshot
from rebalancer.config.tables import KeySource
from rebalancer.venues.alpaca.venue import DATA, PAPER
from rebalancer.venues.registry import first_config

CONFIG = str(FOLDER / "config.toml")
SECRET = "hunter2-is-my-secret"  # noqa: S105
BY_VARIABLES = 'key_id = "${MY_KEY}"\nsecret = "${MY_SECRET}"'

# ---------------------------------------------------------------------------------------- where the keys are


def test_by_default_the_keys_are_in_the_keyring_and_the_hosts_are_alpacas() -> None:
    (account,) = parsed(AT_ALPACA).accounts
    assert account.key_source == KeySource(CONFIG)
    assert (account.settings, account.account_number) == ({"base_url": PAPER, "data_url": DATA}, None)


def test_variables_are_kept_by_name_and_looked_up_later() -> None:
    (account,) = parsed(with_keys(BY_VARIABLES)).accounts
    assert account.key_source == KeySource(CONFIG, variables=("MY_KEY", "MY_SECRET"))


def test_a_credentials_file_stands_beside_the_config() -> None:
    (account,) = parsed(with_keys('credentials_file = "alpaca.toml"')).accounts
    assert account.key_source == KeySource(CONFIG, file=FOLDER / "alpaca.toml")


@pytest.mark.parametrize("value", [SECRET, f"${{MY_SECRET:-{SECRET}}}", f"{SECRET}${{MY_SECRET}}", f"${{{SECRET}", ""])
@pytest.mark.parametrize("key", ["key_id", "secret"])
def test_a_key_written_in_the_config_is_refused_and_not_repeated_in_the_error(key: str, value: str) -> None:
    other = {"key_id": "secret", "secret": "key_id"}[key]
    found = problems_of(with_keys(f'{key} = "{value}"\n{other} = "${{OTHER}}"'))
    assert found.keys() == {f"accounts.demo.{key}"}
    assert "has to be ${NAME} and nothing else" in found[f"accounts.demo.{key}"]
    assert "hunter2" not in str(found)


def test_a_config_never_holds_a_key_even_where_the_environment_has_it() -> None:
    environ = {"MY_KEY": SECRET, "MY_SECRET": SECRET}
    found = config.parse(with_keys(BY_VARIABLES).encode(), FOLDER / "config.toml", environ)
    assert "hunter2" not in repr(found)
    assert b"hunter2" not in snapshot(found, found.accounts[0])


def test_one_key_of_two_or_two_key_sources_are_refused() -> None:
    assert problems_of(with_keys('key_id = "${A}"')) == {
        "accounts.demo.secret": "is missing: key_id alone opens nothing"
    }
    both = problems_of(with_keys(f'{BY_VARIABLES}\ncredentials_file = "alpaca.toml"'))
    assert both == {
        "accounts.demo.credentials_file": "is a second way beside key_id and secret: take out one of the two"
    }


def test_an_account_may_be_called_like_one_of_its_keys() -> None:
    (account,) = parsed(SMALLEST.replace("demo", "secret")).accounts
    assert account.name == "secret"


# ----------------------------------------------------------------------------------------- what it goes with


@pytest.mark.parametrize("key", ["base_url", "data_url"])
@pytest.mark.parametrize("url", ["https://broker.example", "http://127.0.0.1:1@broker.example", "ftp://localhost", ""])
def test_another_host_is_refused(key: str, url: str) -> None:
    found = problems_of(with_keys(f'{key} = "{url}"'))
    assert "orders and keys go to https://" in found[f"accounts.demo.{key}"]


def test_both_hosts_may_be_addresses_on_this_machine() -> None:
    (account,) = parsed(with_keys('base_url = "http://127.0.0.1:8080/"\ndata_url = "http://localhost:81"')).accounts
    assert account.settings == {"base_url": "http://127.0.0.1:8080", "data_url": "http://localhost:81"}


@pytest.mark.parametrize(
    "line",
    [*BY_VARIABLES.splitlines(), 'credentials_file = "a"', 'account_number = "PA1"', 'base_url = "http://localhost"'],
)
def test_keys_of_alpaca_are_refused_at_the_simulated_broker(line: str) -> None:
    key = line.split(maxsplit=1)[0]
    found = problems_of(SMALLEST.replace("[[", f"{line}\n[[", 1))
    assert 'set broker = "alpaca"' in found[f"accounts.demo.{key}"]


# ------------------------------------------------------------------------------------------------ its prices


def test_an_account_at_alpaca_brings_its_prices_with_it() -> None:
    found = parsed(AT_ALPACA)
    assert (found.data_source, found.data_account) == ("alpaca", "demo")
    assert found.data_settings == {"feed": "iex", "since": date(2016, 1, 1)}
    assert parsed(SMALLEST).data_account is None


@pytest.mark.parametrize("day", ["2020-02-29", '"2020-02-29"'])
def test_the_first_day_of_history_may_be_quoted_or_not(day: str) -> None:
    assert parsed(f"[data]\nsince = {day}\n{AT_ALPACA}").data_settings["since"] == date(2020, 2, 29)


@pytest.mark.parametrize("day", ['"2020-02-30"', '"20200229"', '"yesterday"', "2020-02-29T10:00:00", "2020"])
def test_the_first_day_of_history_must_be_a_date(day: str) -> None:
    assert "is no day" in problems_of(f"[data]\nsince = {day}\n{AT_ALPACA}")["data.since"]


def test_a_simulated_account_may_trade_on_the_prices_of_one_at_alpaca() -> None:
    found = parsed(f'[data]\naccount = "paper"\n{SMALLEST}{AT_ALPACA.replace("demo", "paper")}')
    assert [account.broker for account in found.accounts] == ["sim", "alpaca"]
    assert found.data_account == "paper"


def test_history_may_come_from_a_folder_and_todays_prices_from_alpaca() -> None:
    found = parsed(f'[data]\nsource = "folder"\nfolder = "prices"\nfeed = "sip"\n{AT_ALPACA}')
    assert (found.data_source, found.data_folder, found.data_account) == ("folder", FOLDER / "prices", "demo")


@pytest.mark.parametrize(
    ("lines", "accounts", "place", "says"),
    [
        ('source = "sample"', AT_ALPACA, "source", "needs prices of today"),
        ('source = "alpaca"', SMALLEST, "source", "whose keys read the prices"),
        ('folder = "prices"', AT_ALPACA, "folder", "has no effect"),
        ('folder = 5\nsource = "folder"', SMALLEST, "folder", "use a path"),
        ('feed = "sip"', SMALLEST, "feed", "has no effect"),
        ('account = "demo"', SMALLEST, "account", "has no effect"),
        ("since = 2020-01-01", SMALLEST, "since", "has no effect"),
        ('since = 2020-01-01\nsource = "folder"\nfolder = "p"', AT_ALPACA, "since", "your folder has its own"),
        ('account = "other"', AT_ALPACA, "account", "use demo"),
        ('account = "Other"', AT_ALPACA, "account", "is no account name"),
    ],
)
def test_contradicting_settings_are_refused_once(lines: str, accounts: str, place: str, says: str) -> None:
    found = problems_of(f"[data]\n{lines}\n{accounts}")
    assert found.keys() == {f"data.{place}"}
    assert says in found[f"data.{place}"]


# ------------------------------------------------------------------------------------- what the screens show


def test_the_settings_in_force_say_where_the_keys_are_stored() -> None:
    found = parsed(with_keys(f'{BY_VARIABLES}\naccount_number = "PA3EXAMPLE"'))
    shown = by_key(effective_settings(found, found.accounts[0]))
    assert shown["accounts.demo.secret"] == "${MY_SECRET}"
    assert shown["accounts.demo.credentials_file"] == "none"
    assert shown["accounts.demo.account_number"] == "PA3EXAMPLE"
    assert (shown["data.feed"], shown["data.account"], shown["data.since"]) == ("iex", "demo", "2016-01-01")


def test_a_simulated_account_shows_nothing_of_alpaca() -> None:
    found = parsed(SMALLEST)
    assert not {"accounts.demo.key_id", "data.feed"} & by_key(effective_settings(found, found.accounts[0])).keys()


def test_the_first_config_of_an_account_there_is_valid_and_reads_its_own_prices() -> None:
    text = first_config("alpaca").replace("ACCOUNT_NAME", "paper")
    found = config.parse(text.encode(), FOLDER / "config.toml", {})
    (account,) = found.accounts
    assert (account.name, account.broker, account.mode, found.data_source) == ("paper", "alpaca", "paper", "alpaca")
    assert account.key_source == KeySource(CONFIG, file=FOLDER / "paper.keys")
    assert not account.enabled
    assert tomllib.loads(text)["trading"]["cancel_scope"] == "own"
