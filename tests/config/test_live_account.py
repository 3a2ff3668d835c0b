"""A live account in the config: it needs its account number and the live host."""

import pytest
from configs import AT_ALPACA, SMALLEST, parsed, problems_of, with_keys

from rebalancer.venues.alpaca.venue import LIVE, PAPER

NUMBER = 'account_number = "123456789"'
LIVE_ACCOUNT = f'mode = "live"\n{NUMBER}'


def test_a_live_account_trades_at_the_live_host_and_a_paper_account_at_the_paper_host() -> None:
    (live,) = parsed(with_keys(LIVE_ACCOUNT)).accounts
    assert (live.mode, live.address, live.account_number) == ("live", LIVE, "123456789")
    (paper,) = parsed(AT_ALPACA).accounts
    assert (paper.mode, paper.address) == ("paper", PAPER)


@pytest.mark.parametrize("url", [LIVE, f"{LIVE}/", "http://127.0.0.1:8080"])
def test_the_live_host_or_an_address_on_this_machine_may_be_set(url: str) -> None:
    (live,) = parsed(with_keys(f'{LIVE_ACCOUNT}\nbase_url = "{url}"')).accounts
    assert live.address == url.rstrip("/")


def test_a_live_account_without_a_number_is_refused() -> None:
    assert problems_of(with_keys('mode = "live"')) == {
        "accounts.demo.account_number": 'is missing: mode = "live" trades no account but the one that is named here'
    }


@pytest.mark.parametrize(
    ("lines", "place", "says"),
    [
        (
            'mode = "live"\naccount_number = "PA3EXAMPLE"',
            "account_number",
            'a paper account, which needs mode = "paper"',
        ),
        (NUMBER, "account_number", 'a live account, which needs mode = "live"'),
        (f'{LIVE_ACCOUNT}\nbase_url = "{PAPER}"', "base_url", "is where paper accounts are"),
        (f'base_url = "{LIVE}"', "base_url", "is where live accounts are"),
        (f'{LIVE_ACCOUNT}\nbase_url = "https://broker.example"', "base_url", "orders and keys go to"),
    ],
)
def test_account_number_and_host_must_match_the_mode(lines: str, place: str, says: str) -> None:
    found = problems_of(with_keys(lines))
    assert found.keys() == {f"accounts.demo.{place}"}
    assert says in found[f"accounts.demo.{place}"]


def test_a_simulated_account_holds_no_real_money() -> None:
    found = problems_of(SMALLEST.replace("[[", 'mode = "live"\n[[', 1))
    assert found.keys() == {"accounts.demo.mode"}
    assert "a simulated one has none" in found["accounts.demo.mode"]


def test_an_invalid_mode_is_reported_once() -> None:
    assert problems_of(with_keys(f'mode = "Live"\n{NUMBER}')).keys() == {"accounts.demo.mode"}
