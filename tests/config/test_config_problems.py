"""Every problem of a config is found, and all of them are shown at once."""

from dataclasses import fields
from decimal import Decimal

import pytest
from configs import AT_ALPACA, FOLDER, SMALLEST, parsed, problems_of, with_trading
from hypothesis import given
from hypothesis import strategies as st

from rebalancer import config
from rebalancer.errors import BadInputError
from rebalancer.model import Trading


def test_all_problems_are_shown_at_once_each_with_its_dotted_key() -> None:
    text = """
        colour = "red"
        [data]
        source = "yahoo"
        [trading]
        drift_percent = -1
        minute_before_close = 5
        [accounts.demo]
        broker = "kite"
        mode = "Live"
        cash_reserve = { mode = "percent", amount = 101 }
        [accounts.demo.trading]
        order_type = "stop"
        [accounts.demo.sim]
        slippage_percent = true
        [[accounts.demo.investments]]
        bot = "bots/trend.json"
        amount = 0
    """
    assert problems_of(text) == {
        "colour": "is no setting; known here: schema, state_dir, on_result, data, trading, limits, ping, metrics, "
        "notify, accounts",
        "data.source": '"yahoo" is not allowed: use "sample" or "folder" or "alpaca"',
        "trading.drift_percent": "-1 is not allowed: use a number from 0 to 100",
        "trading.minute_before_close": 'is no setting; did you mean "minutes_before_close"?',
        "accounts.demo.broker": '"kite" is not allowed: use "sim" or "alpaca"',
        "accounts.demo.mode": '"Live" is not allowed: use "paper" or "live"',
        "accounts.demo.cash_reserve.amount": "101 is not allowed: use a number from 0 to 100",
        "accounts.demo.trading.order_type": '"stop" is not allowed: use "limit" or "market" or "moc"',
        "accounts.demo.sim.slippage_percent": "true is not allowed: use a number from 0 to 100",
        "accounts.demo.investments[0].amount": "0 is not allowed: use a number from 0.01 to 1,000,000,000,000",
    }


def test_problems_are_in_the_order_of_the_file_and_limited_in_number() -> None:
    text = "".join(f"colour{number} = 1\n" for number in range(150))
    with pytest.raises(BadInputError) as refused:
        parsed(f"{text}{SMALLEST}drift = 1")
    *shown, rest = refused.value.problems
    assert [problem.line for problem in shown] == list(range(1, 101))
    assert rest.text == "and 51 more problems"


@pytest.mark.parametrize("key", [field.name for field in fields(Trading) if isinstance(field.default, Decimal | int)])
@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf", "true", '"5"', "-1", "1e30", "[]", "{}", "2016-07-01"])
def test_a_numeric_setting_accepts_only_a_number_in_its_range(key: str, value: str) -> None:
    assert f"trading.{key}" in problems_of(with_trading(f"{key} = {value}"))


@pytest.mark.parametrize(
    "line",
    [
        "max_allocation_percent = 99",
        "max_allocation_percent = 0.01",
        "minutes_before_close = 390",
        "min_trade_dollars = 0",
        "cutoff_seconds = 0",
    ],
)
def test_a_range_includes_its_ends(line: str) -> None:
    assert parsed(with_trading(line))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_allocation_percent", "99.01"),
        ("max_allocation_percent", "0"),
        ("minutes_before_close", "391"),
        ("minutes_before_close", "10.0"),
        ("max_quote_age_seconds", "0"),
    ],
)
def test_values_just_outside_a_range_are_refused(key: str, value: str) -> None:
    assert problems_of(with_trading(f"{key} = {value}")).keys() == {f"trading.{key}"}


@pytest.mark.parametrize("key", ["drift_percent", "limit_percent", "max_spread_percent"])
def test_a_percent_ends_at_100(key: str) -> None:
    assert parsed(with_trading(f"{key} = 100"))
    assert problems_of(with_trading(f"{key} = 100.01")).keys() == {f"trading.{key}"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("starting_cash", "0"),
        ("commission_dollars", "-0.01"),
        ("slippage_percent", "-0.01"),
        ("slippage_percent", "100.01"),
        ("slippage_percent", "nan"),
    ],
)
def test_the_simulated_broker_begins_with_cash_and_never_gives_money_away(key: str, value: str) -> None:
    text = f"{SMALLEST}[accounts.demo.sim]\n{key} = {value}"
    assert problems_of(text).keys() == {f"accounts.demo.sim.{key}"}


@pytest.mark.parametrize("name", ["", " trend", "trend ", "two\\nlines", "x" * 61])
def test_the_name_of_a_bot_is_one_short_line(name: str) -> None:
    found = problems_of(f'{SMALLEST}name = "{name}"')
    assert "one line of 1 to 60 characters" in found["accounts.demo.investments[0].name"]


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ('[["SPY", "SH"], ["SPY", "SH"]]', "twice"),
        ('[["SPY", "SH"], ["SH", "SPY"]]', "twice"),
        ('[["SPY", "SPY"]]', "paired with itself"),
        ('[["SPY"]]', "is no pair"),
        ('[["SPY", "SH", "SDS"]]', "is no pair"),
        ('["SPY", "SH"]', "is no pair"),
        ('"SPY/SH"', "use a list of pairs"),
        ('[["SPY", "sh"]]', "not a ticker"),
        ('[["SPY", "CASH"]]', "not a ticker"),
        ('[["SPY", 5]]', "not a ticker"),
    ],
)
def test_a_pair_has_two_different_tickers_and_is_listed_once(pairs: str, says: str) -> None:
    assert says in problems_of(with_trading(f"paired_tickers = {pairs}"))["trading.paired_tickers"]


@pytest.mark.parametrize("value", ['["spy"]', '["CASH"]', '"SPY"', "[1]", '["SPY", ""]', '["\\uFF33PY"]'])
def test_protected_is_a_list_of_tickers(value: str) -> None:
    assert "trading.protected" in problems_of(with_trading(f"protected = {value}"))


def test_the_fallback_may_not_be_in_a_pair() -> None:
    text = with_trading('fallback_ticker = "SH"\npaired_tickers = [["SPY", "SH"]]')
    assert "in a pair" in problems_of(text)["trading.fallback_ticker"]


def test_the_fallback_of_all_accounts_may_not_be_in_a_pair_of_one() -> None:
    text = SMALLEST + '[accounts.demo.trading]\npaired_tickers = [["BIL", "SGOV"]]'
    assert problems_of(text).keys() == {"accounts.demo.trading.fallback_ticker"}


def test_a_conflict_in_the_settings_of_all_accounts_is_reported_once() -> None:
    text = with_trading('fallback_ticker = "SH"\npaired_tickers = [["SPY", "SH"]]')
    text += "[accounts.demo.trading]\ndrift_percent = 1"
    assert problems_of(text).keys() == {"trading.fallback_ticker"}


def test_timeouts_and_cutoff_must_fit_before_the_close() -> None:
    assert problems_of(with_trading("minutes_before_close = 4")) == {
        "trading.minutes_before_close": "4 leaves 240 seconds, but sell_timeout_seconds, buy_timeout_seconds and "
        "cutoff_seconds need 300 together: use at least 5, or shorten them"
    }
    assert parsed(with_trading("minutes_before_close = 5"))


def test_the_auction_needs_its_own_time_before_the_close() -> None:
    text = '[trading]\norder_type = "moc"\nminutes_before_close = {}\n' + AT_ALPACA
    assert problems_of(text.format(12)) == {
        "trading.minutes_before_close": '12 leaves 720 seconds, but order_type = "moc" and sell_timeout_seconds need '
        "780 together: the auction takes no order in the last 600 seconds, and 60 are to spare: use at least 13, or "
        "shorten them"
    }
    assert parsed(text.format(13)).accounts[0].trading.order_type == "moc"


def test_an_auction_does_not_shorten_the_time_that_timeouts_and_cutoff_need() -> None:
    text = '[trading]\norder_type = "moc"\nminutes_before_close = 14\nbuy_timeout_seconds = 700\n' + AT_ALPACA
    assert "cutoff_seconds need 880 together" in problems_of(text)["trading.minutes_before_close"]


@pytest.mark.parametrize("place", ["trading", "accounts.demo.trading"])
def test_the_simulated_broker_has_no_auction(place: str) -> None:
    text = f'{SMALLEST}\n[{place}]\norder_type = "moc"\nminutes_before_close = 20\n'
    assert problems_of(text) == {
        "accounts.demo.trading.order_type": '"moc" needs a closing auction, which the simulated broker has not: use '
        '"limit" or "market" in this account'
    }


@pytest.mark.parametrize("name", ["Demo", "my account", "é", "x" * 41, "a.b"])
def test_an_account_name_is_short_and_plain(name: str) -> None:
    text = SMALLEST.replace("accounts.demo", f'accounts."{name}"')
    assert problems_of(text)[f"accounts.{name}"] == "is no account name: use 1 to 40 of a-z, 0-9, _ and -"


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", "accounts", "begin an account with [accounts.NAME]"),
        ("accounts = 5", "accounts", "5 is not allowed: use a table"),
        ('[accounts.a]\nbroker = "sim"', "accounts.a.investments", "at least one bot"),
        ('[accounts.a]\nbroker = "sim"\ninvestments = []', "accounts.a.investments", "at least one bot"),
        ('[accounts.a]\nbroker = "sim"\n[accounts.a.investments]', "accounts.a.investments", "begin each one with [["),
        (SMALLEST.replace('broker = "sim"', ""), "accounts.demo.broker", "is missing"),
        (SMALLEST.replace("amount = 6000", ""), "accounts.demo.investments[0].amount", "is missing"),
        (SMALLEST.replace('bot = "bots/trend.json"', ""), "accounts.demo.investments[0].bot", "is missing"),
        (SMALLEST.replace("bots/trend.json", " "), "accounts.demo.investments[0].bot", "use a path"),
        (SMALLEST + 'weight_mode = "percent"', "accounts.demo.investments[0].amount", "to 100"),
        (SMALLEST + 'cash_reserve = { mode = "percent" }', "accounts.demo.investments[0].cash_reserve", "no setting"),
        (SMALLEST + '[accounts.demo.cash_reserve]\nmode = "percent"', "accounts.demo.cash_reserve.amount", "missing"),
    ],
)
def test_missing_and_misplaced_settings_are_named(text: str, place: str, says: str) -> None:
    found = problems_of(text)
    assert found.keys() == {place}
    assert says in found[place]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[accounts]\ndemo = 5", "accounts.demo"),
        ('[accounts.demo]\nbroker = "sim"\ninvestments = [5]', "accounts.demo.investments[0]"),
    ],
)
def test_a_value_in_the_place_of_a_table_is_named(text: str, place: str) -> None:
    assert problems_of(text)[place] == "5 is not allowed: use a table"


def test_two_bots_of_an_account_may_not_share_a_name() -> None:
    again = '[[accounts.demo.investments]]\nbot = "other/trend.json"\namount = 1\n'
    assert 'called "trend" already' in problems_of(SMALLEST + again)["accounts.demo.investments[1].name"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[trading]\ndrift_percent = = 1", "line 2"),
        (b"a = 1\na = 2\nb = 3", "line 2"),
        (b"\xff\xfe", "utf-8"),
        (b"a = " + b"[" * 500, "line 1: has brackets nested more than 16 deep"),
        (b"a = " + b"9" * 5000, "line 1: is 5,004 characters long"),
        (b"a = 1e99999999999999999999", "is no valid TOML: the number 1e99999999999999999999 has too many digits"),
        (b"#" * (128 * 1024 + 1), "is over 128 KiB"),
    ],
)
def test_bytes_that_are_no_toml_are_refused_in_a_sentence(content: bytes, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        config.parse(content, FOLDER / "config.toml")


@pytest.mark.parametrize("written", ["1e-999999999", "1e999999999", "1e-400", "1e-41", "9" * 400, f"0.{'3' * 31}"])
@pytest.mark.parametrize("text", ["[trading]\nmin_trade_dollars = {}\n", "[limits]\nmax_order_dollars = {}\n"])
def test_a_number_that_takes_gigabytes_to_print_is_refused(text: str, written: str) -> None:
    (problem,) = problems_of(text.format(written) + SMALLEST).values()
    assert "has too many digits: use a number from 0" in problem


@pytest.mark.parametrize("mode", ["dollars", "percent"])
@pytest.mark.parametrize("amount", ["0.009", "1e-9", "-1", "1e-999999999"])
def test_an_investment_below_the_smallest_amount_is_refused(amount: str, mode: str) -> None:
    text = SMALLEST.replace("amount = 6000\n", f'amount = {amount}\nweight_mode = "{mode}"\n')
    assert "use a number from 0.01 to" in problems_of(text)["accounts.demo.investments[0].amount"]


toml_values = st.sampled_from(
    [
        "0",
        "-1",
        "7",
        "0.5",
        "nan",
        "inf",
        "1e400",
        "true",
        '""',
        '"SPY"',
        '"net"',
        "[]",
        '[["A", "B"]]',
        "{}",
        "{a = 1}",
    ]
)


@given(st.sampled_from([field.name for field in fields(Trading)]), toml_values)
def test_a_trading_value_is_refused_or_has_the_type_of_its_default(key: str, value: str) -> None:
    text = with_trading(f"{key} = {value}")
    try:
        (account,) = parsed(text).accounts
    except BadInputError:
        assert f"trading.{key}" in problems_of(text)
        return
    found, default = getattr(account.trading, key), getattr(Trading(), key)
    assert type(found) is type(default)
