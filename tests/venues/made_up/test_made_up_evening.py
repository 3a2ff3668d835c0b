"""A run at a third-party venue with another currency, lot, tick, exchange and non-idempotent ids.

Nothing in the package names it. It is found by its entry point, as that of any installed package.
"""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from decimal import Decimal

from frankfurt_account import DAYS

from rebalancer.journal import read
from rebalancer.model import Symbol
from rebalancer.venues import registry


def orders(folder) -> dict:
    return {order.symbol: order for order in read.run(folder / "state" / "journal.sqlite").orders}


def kinds(folder) -> Counter:
    """How many events of each kind the journal has."""
    with closing(sqlite3.connect(folder / "state" / "journal.sqlite")) as journal:
        return Counter(kind for (kind,) in journal.execute("SELECT kind FROM events"))


def test_the_venue_of_another_package_is_found_by_its_entry_point(installed):
    assert "frankfurt" in registry.names()
    assert registry.plugin("frankfurt").venue.exchange == "XETR"


def test_a_dry_run_shows_its_currency_its_lots_and_its_time(account, rebalance):
    account()
    code, out, _ = rebalance("run", "--dry-run")
    assert code == 0, out
    assert "session 2026-11-26, 17:20 Berlin time, 10 minutes before the close" in out
    assert "Investable 10,000.00 EUR" in out
    assert "buy 65.749 at 91.26" in out
    assert "EUNL: would have bought 65.749 of 65.749 at 91.26 EUR" in out
    assert "USD" not in out
    assert "New York" not in out


def test_an_evening_buys_lots_of_a_thousandth_on_the_tick_of_the_venue(account, rebalance):
    folder = account()
    code, out, _ = rebalance("run")
    assert code == 0, out
    assert "USD" not in out
    bought = orders(folder)
    assert {symbol: str(order.filled) for symbol, order in bought.items()} == {"EUNL": "65.749", "VAGF": "164.217"}
    assert all(order.limit % Decimal("0.005") == 0 for order in bought.values())


def test_an_unknown_answer_is_looked_up_and_never_sent_again(account, rebalance):
    folder = account(answers="answer lost")
    code, out, _ = rebalance("run")
    assert code == 0, out
    assert orders(folder)[Symbol("EUNL")].state == "filled"
    assert kinds(folder)["OrderResent"] == 0


def test_an_order_that_never_arrived_is_not_sent_again_where_ids_are_not_idempotent(account, rebalance):
    folder = account(answers="order lost")
    code, out, _ = rebalance("run")
    assert code == 3, out
    assert orders(folder)[Symbol("EUNL")].state == "lost"
    assert kinds(folder)["OrderResent"] == 0
    assert "it never reached the broker, which may take an id twice" in out


def test_the_next_evening_manages_the_funds_that_it_bought(account, rebalance):
    folder = account()
    assert rebalance("run", "--as-of", str(DAYS[-2])).code == 0
    bot = json.loads((folder / "world.json").read_text())
    bot["chart"]["specified"][0]["percent"], bot["chart"]["specified"][2]["percent"] = 30, 32
    (folder / "world.json").write_text(json.dumps(bot))

    code, out, _ = rebalance("run", "--as-of", str(DAYS[-1]))
    assert code == 0, out
    assert "EUNL: sold 32.875 of 32.875 at 91.26 EUR" in out
