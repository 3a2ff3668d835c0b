"""The config file: what it means, and where it is found."""

import re
import subprocess
import sys
import tomllib
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import pytest
from configs import FOLDER, SMALLEST, parsed, with_trading
from platformdirs import user_config_path

from rebalancer import config
from rebalancer.config import AccountConfig, SimSettings
from rebalancer.config.keys import account_keys_at, keys_of
from rebalancer.config.tables import EVENTFUL, BotTable, DataTable, KeySource, NotifyTable, UrlTable
from rebalancer.errors import BadInputError
from rebalancer.model import Investment, Limits, Reserve, Trading
from rebalancer.venues.alpaca.venue import FIRST_DAY, PLUGIN

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
SWITCHED_OFF = re.compile(r"^#(?=[a-z\[])", re.MULTILINE)

# -------------------------------------------------------------------------------------- what a config means


def test_the_smallest_config_has_the_defaults_of_the_model() -> None:
    (account,) = parsed(SMALLEST).accounts
    assert account == AccountConfig(
        name="demo",
        broker="sim",
        mode="paper",
        reserve=Reserve(),
        trading=Trading(),
        sim=SimSettings(),
        investments=(Investment("trend", Decimal(6000), "dollars"),),
        bots={"trend": FOLDER / "bots/trend.json"},
    )


def test_the_config_keeps_its_bytes_for_the_journal() -> None:
    assert parsed(SMALLEST).content == SMALLEST.encode()


def test_an_account_overrides_single_trading_settings_and_keeps_the_rest() -> None:
    text = with_trading("drift_percent = 2\nlimit_percent = 0.5") + "[accounts.demo.trading]\ndrift_percent = 3"
    (account,) = parsed(text).accounts
    assert account.trading == replace(Trading(), drift_percent=Decimal(3), limit_percent=Decimal("0.5"))


def test_numbers_are_decimals_of_their_text() -> None:
    (account,) = parsed(with_trading("limit_percent = 0.1")).accounts
    assert str(account.trading.limit_percent) == "0.1"


def test_the_fallback_cash_means_no_ticker() -> None:
    (account,) = parsed(with_trading('fallback_ticker = "CASH"')).accounts
    assert account.trading.fallback_ticker is None


def test_a_ticker_may_be_in_several_pairs() -> None:
    (account,) = parsed(with_trading('paired_tickers = [["SPY", "SH"], ["SPY", "SDS"]]')).accounts
    assert account.trading.paired_tickers == (("SPY", "SH"), ("SPY", "SDS"))


def test_percents_of_an_account_may_exceed_100_together() -> None:
    second = '[[accounts.demo.investments]]\nbot = "b.json"\namount = 80\nweight_mode = "percent"\n'
    third = second.replace("b.json", "c.json")
    (account,) = parsed(SMALLEST + second + third).accounts
    assert [investment.amount for investment in account.investments] == [6000, 80, 80]


def test_a_bot_may_have_a_name_of_its_own_so_that_one_file_serves_twice() -> None:
    again = '[[accounts.demo.investments]]\nname = "Trend, again"\nbot = "bots/trend.json"\namount = 1\n'
    (account,) = parsed(SMALLEST + again).accounts
    assert set(account.bots) == {"trend", "Trend, again"}
    assert len(set(account.bots.values())) == 1


def test_a_byte_order_mark_of_an_editor_does_no_harm() -> None:
    content = b"\xef\xbb\xbf" + SMALLEST.encode()
    assert config.parse(content, FOLDER / "config.toml").content == content


# ------------------------------------------------------------------------------------------ where things are


def test_state_is_kept_beside_the_config_where_the_path_is_relative() -> None:
    assert parsed('state_dir = "state"' + SMALLEST).state_dir == FOLDER / "state"


def test_state_may_be_in_the_home_folder() -> None:
    assert parsed('state_dir = "~/state"' + SMALLEST).state_dir == Path.home() / "state"


def test_the_environment_names_the_state_folder_only_where_the_config_does_not() -> None:
    environ = {"REBALANCE_STATE": "/elsewhere"}
    source = FOLDER / "config.toml"
    assert config.parse(SMALLEST.encode(), source, environ).state_dir == Path("/elsewhere")
    named = f'state_dir = "state"{SMALLEST}'.encode()
    assert config.parse(named, source, environ).state_dir == FOLDER / "state"


def test_a_config_is_looked_for_in_four_places_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    cwd = tmp_path / "cwd"
    environ = {"REBALANCE_CONFIG": "by_environment.toml"}
    assert config.find(None, {}, cwd) is None

    in_home = user_config_path("rebalancer") / "config.toml"
    for place in (in_home, cwd / "config.toml", cwd / "by_environment.toml", cwd / "by_option.toml"):
        place.parent.mkdir(parents=True, exist_ok=True)
    in_home.touch()
    assert config.find(None, {}, cwd) == in_home
    (cwd / "config.toml").touch()
    assert config.find(None, {}, cwd) == cwd / "config.toml"
    (cwd / "by_environment.toml").touch()
    assert config.find(None, environ, cwd) == cwd / "by_environment.toml"
    (cwd / "by_option.toml").touch()
    assert config.find(Path("by_option.toml"), environ, cwd) == cwd / "by_option.toml"


@pytest.mark.parametrize(
    ("explicit", "environ", "origin"),
    [(Path("gone.toml"), {}, "--config"), (None, {"REBALANCE_CONFIG": "gone.toml"}, "REBALANCE_CONFIG")],
)
def test_a_config_that_was_named_and_does_not_exist_never_becomes_the_demo(
    tmp_path: Path, explicit: Path | None, environ: dict[str, str], origin: str
) -> None:
    with pytest.raises(BadInputError, match=rf"^{origin}: there is no file .*gone\.toml"):
        config.find(explicit, environ, tmp_path)


def test_a_config_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="can't be read"):
        config.load(tmp_path)


def test_a_config_is_loaded_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(SMALLEST)
    assert config.load(path).accounts[0].bots == {"trend": tmp_path / "bots/trend.json"}


# -------------------------------------------------------------------------------------- the example, start-up


def test_the_example_loads() -> None:
    assert config.load(EXAMPLE).accounts[0].name == "example"


def test_the_example_shows_every_setting_with_its_default() -> None:
    shown = tomllib.loads(EXAMPLE.read_text(), parse_float=Decimal)
    assert shown["trading"].keys() == {field.name for field in fields(Trading)}
    assert shown["limits"].keys() == {field.name for field in fields(Limits)}
    assert shown["accounts"]["example"].keys() == {
        *keys_of(AccountConfig),
        "cash_reserve",
        "trading",
        "sim",
        "investments",
    }
    assert shown["accounts"]["example"]["investments"][0].keys() == {*keys_of(BotTable), *keys_of(Investment), "amount"}
    assert shown["accounts"]["example"]["sim"].keys() == {field.name for field in fields(SimSettings)}
    observers = {"ping", "metrics", "notify"}
    assert shown.keys() == {"schema", "state_dir", "data", "trading", "limits", "accounts", *observers}
    assert shown["notify"][0].keys() == {*keys_of(UrlTable), *keys_of(NotifyTable)} - {"url_file"}
    assert frozenset(shown["notify"][0]["on"]) == EVENTFUL

    (account,) = config.load(EXAMPLE).accounts
    assert replace(account.trading, minutes_before_close=Trading().minutes_before_close) == Trading()
    assert shown["trading"]["minutes_before_close"] == Trading().minutes_before_close
    assert account.limits == Limits()
    assert account.sim == SimSettings()
    assert account.reserve == Reserve()
    assert account.investments[0].weight_mode == Investment("", Decimal(1)).weight_mode


def test_the_commented_out_lines_of_the_example_are_valid() -> None:
    shown = SWITCHED_OFF.sub("", EXAMPLE.read_text()).replace('source = "sample"', 'source = "alpaca"')
    found = config.parse(shown.encode(), EXAMPLE, {})
    _, account = found.accounts
    assert account.trading == Trading()
    assert account.key_source == KeySource(str(EXAMPLE), variables=("ALPACA_KEY_ID", "ALPACA_SECRET"))
    assert (found.data_account, found.data_settings) == ("paper", {"feed": "iex", "since": FIRST_DAY})
    written = tomllib.loads(shown)
    assert written["data"].keys() | {"folder"} == {*keys_of(DataTable), *PLUGIN.price_keys}
    assert set(account_keys_at(PLUGIN)) - {"credentials_file"} <= written["accounts"]["paper"].keys()
    assert '# credentials_file = "' in shown


@pytest.mark.parametrize("table", [Trading, Limits, SimSettings])
def test_every_setting_of_the_model_can_be_set(table: type[Trading | Limits | SimSettings]) -> None:
    assert list(keys_of(table)) == [field.name for field in fields(table)]


def test_reading_a_config_starts_quickly_because_nothing_heavy_is_imported() -> None:
    heavy = "pandas", "typer", "sqlite3", "sqlite_utils", "rich"
    program = f"import sys, rebalancer.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
