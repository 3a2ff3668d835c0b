"""No order is journalled, and so none is sent, once the account is halted or disarmed."""

from dataclasses import replace

import pytest
from evenings import ARMED, NOW, REQUEST, order, start_buying

from rebalancer.errors import TradingBlockedError
from rebalancer.events import Disarmed, Halted, HaltLifted, OrderIntended
from rebalancer.model import NO_RUN

BUY = order()
HALT = Halted(NOW, "demo", "ann", "a look")
DISARMED = Disarmed(NOW, "demo", "ann", "enough")


@pytest.mark.parametrize(
    ("said", "mode", "leaves"),
    [
        ([], "live", True),
        ([HALT], "paper", False),
        ([replace(HALT, account="")], "paper", False),
        ([replace(HALT, account="other")], "paper", True),
        ([HALT, HaltLifted(NOW, "demo", "ann", "looked")], "paper", True),
        ([ARMED], "live", True),
        ([ARMED, DISARMED], "live", False),
        ([ARMED, DISARMED, ARMED], "live", True),
        ([ARMED, DISARMED], "paper", True),
        ([ARMED, replace(DISARMED, account="other")], "live", True),
    ],
)
def test_no_order_is_journalled_for_a_halted_or_disarmed_account(journal, said, mode, leaves):
    run = start_buying(journal, replace(REQUEST, mode=mode))
    for word in said:
        journal.record(NO_RUN, word)
    if leaves:
        journal.record(run, OrderIntended(NOW, BUY))
    else:
        with pytest.raises(TradingBlockedError):
            journal.record(run, OrderIntended(NOW, BUY))
    assert [sent.order for sent in journal.orders(run)] == ([BUY] if leaves else [])


def test_a_halt_does_not_block_a_dry_run(journal):
    run = start_buying(journal, replace(REQUEST, dry_run=True))
    journal.record(NO_RUN, HALT)
    journal.record(run, OrderIntended(NOW, BUY))
    assert [sent.order for sent in journal.orders(run)] == [BUY]


def test_a_halt_recorded_together_with_an_order_blocks_only_the_next_one(journal):
    run = start_buying(journal)
    journal.record(run, OrderIntended(NOW, BUY), HALT)
    with pytest.raises(TradingBlockedError):
        journal.record(run, OrderIntended(NOW, order("rb2")))
    assert [sent.order for sent in journal.orders(run)] == [BUY]
