"""The trial over two evenings: a share of its own is bought on one and sold on a later one.

What comes next is read from the journal each time, and a session sends one order at most: so it may be cut off
anywhere, and the next call goes on from there.
"""

from datetime import date, timedelta
from decimal import Decimal

from rebalancer.errors import RunFailedError
from rebalancer.live.desk import Desk, Diary
from rebalancer.live.follow import CANCEL_SECONDS, Watch, looks
from rebalancer.live.gate import Gate
from rebalancer.live.hours import require_open
from rebalancer.live.pricing import order_prices, take_snapshots
from rebalancer.live.recover import settle_earlier_orders
from rebalancer.live.survey import read_holdings, read_shares, require_investable
from rebalancer.live.trial import (
    LOOKS,
    PENNIES,
    buying_gate,
    journalled,
    one_share,
    require_paper,
    sent_once,
    trial_id,
)
from rebalancer.live.trial_share import free_share
from rebalancer.live.trial_told import Trial, checks, figures, last_trial
from rebalancer.market.settlement import LONGEST_WAIT
from rebalancer.model import OrderId, Outcome, RunId, Session, Side, Symbol
from rebalancer.model.checkup import Check, Figures
from rebalancer.portfolio.buys import limit_price
from rebalancer.portfolio.wording import shares

ADVICE = "Call the same again: it goes on from what the broker shows."


def run_two_evenings(
    desk: Desk, run: RunId, session: Session, named: Symbol | None
) -> tuple[tuple[Check, ...], tuple[Figures, ...]]:
    """Tonight's step of the trial, and all that is known of it by then. `named` is the share to buy, if any is.

    Raises what `run_trial` raises.
    """
    diary = Diary(desk, run, session)
    found = journalled(diary, ADVICE, lambda: _evening(desk, diary, named))
    return found, figures(_trial(desk))


def _evening(desk: Desk, diary: Diary, named: Symbol | None) -> tuple[Check, ...]:
    require_paper(desk, desk.broker.account())
    require_open(desk, diary)
    settle_earlier_orders(desk, diary)
    _follow_what_stands(desk, diary)
    outcome = None if _nothing_to_send(desk, diary) else _send(desk, diary, named)
    _read_after(desk, diary)
    return (*_not_let_through(outcome, _trial(desk)), *_checks(desk, diary))


def _trial(desk: Desk) -> Trial:
    orders = desk.journal.sent_since(desk.account, date.min)
    return last_trial(orders, desk.journal.readings(desk.account, date.min))


def _follow_what_stands(desk: Desk, diary: Diary) -> None:
    """An order that a call before sent and did not see the end of."""
    standing = [sent.order for sent in desk.journal.unsettled(desk.account) if sent.phase != "lost"]
    watch = Watch(desk, diary, {order.id: order for order in standing})
    if not watch.until_terminal(desk.trading.sell_timeout_seconds):
        watch.cancel_open()
        watch.until_terminal(CANCEL_SECONDS)


def _nothing_to_send(desk: Desk, diary: Diary) -> bool:
    """Whatever came of tonight's order, there is no second one; and a sale is told of before another trial begins."""
    tonight = desk.journal.sent_since(desk.account, diary.session.day)
    return bool(tonight) or _trial(desk).untold


def _send(desk: Desk, diary: Diary, named: Symbol | None) -> Outcome:
    ours = desk.journal.book(desk.account).ours
    if not ours:
        return _buy(desk, diary, named)
    ((symbol, count),) = ours.items()
    _require_untouched(desk, diary, symbol, count, named)
    return _sell(desk, diary, symbol)


def _buy(desk: Desk, diary: Diary, named: Symbol | None) -> Outcome:
    if desk.trading.manage != "own":
        raise RunFailedError(
            'manage = "account" gives every share of the account to the bots, and they would sell the trial\'s before '
            'its second evening: set manage = "own" until it is over. Nothing was sent.'
        )
    survey = require_investable(read_holdings(desk, diary, "start"), desk.pinned)
    price = free_share(desk, diary, named)
    order = one_share(_id(desk, diary, "buy"), price.symbol, "buy", limit_price(price, desk.trading.limit_percent))
    return sent_once(desk, diary, order, buying_gate(desk, diary, survey, {price.symbol: price}))


def _require_untouched(desk: Desk, diary: Diary, symbol: Symbol, count: Decimal, named: Symbol | None) -> None:
    """Raises RunFailedError unless the account holds of `symbol` exactly what the trial bought, and it is `named`."""
    if named not in {None, symbol}:
        raise RunFailedError(
            f"the trial holds {count} {symbol}, and sells that before it buys {named}: leave --symbol out. Nothing was "
            "sent."
        )
    shown = read_shares(desk).get(symbol, Decimal(0))
    if shown == count:
        return
    if not shown:
        # The record of it makes the share nobody's, so that the next call begins anew.
        read_holdings(desk, diary, "start")
        raise RunFailedError(
            f"the account holds no {symbol} any more, of which the trial bought {count}: another hand sold it, and "
            "this trial is over. The next call begins another. Nothing was sent."
        )
    raise RunFailedError(
        f"the account holds {shares(shown)} of {symbol}, and the trial bought {count}: what is not its own it never "
        f"sells. Bring the account to exactly {count} and call again; or sell all {symbol} by hand, then this trial is "
        "over. Nothing was sent."
    )


def _sell(desk: Desk, diary: Diary, symbol: Symbol) -> Outcome:
    survey = require_investable(read_holdings(desk, diary, "start"), desk.pinned)
    prices = order_prices(desk, diary, take_snapshots(desk, [symbol], ()), [symbol])
    order = one_share(_id(desk, diary, "sell"), symbol, "sell", None)
    return sent_once(desk, diary, order, Gate(desk, diary, survey, prices))


def _id(desk: Desk, diary: Diary, side: Side) -> OrderId:
    """No run's number is in it: were the journal deleted meanwhile, the venue itself would refuse a second order."""
    return trial_id(desk.account, diary.session.day, side)


def _read_after(desk: Desk, diary: Diary) -> None:
    """The account once it shows what the trial's orders made of it; not recorded where it never does."""
    buy = _trial(desk).buy
    if buy is None:
        return
    symbol = buy.order.symbol
    due = desk.journal.book(desk.account).ours.get(symbol, Decimal(0))
    for _ in looks(desk, LOOKS):
        if read_shares(desk).get(symbol, Decimal(0)) == due:
            read_holdings(desk, diary, "end")
            return


def _not_let_through(outcome: Outcome | None, trial: Trial) -> tuple[Check, ...]:
    """What the gate held back was never written down, so that the journal can't tell of it."""
    written = {sent.order.id for sent in (trial.buy, trial.sell) if sent}
    if outcome is None or outcome.order.id in written:
        return ()
    remedy = "Nothing was sent. Settle that, and call the same again."
    return (Check("sent", "fail", outcome.reason, remedy),)


def _checks(desk: Desk, diary: Diary) -> tuple[Check, ...]:
    tonight = diary.session.day
    later = desk.calendar.sessions(tonight + timedelta(days=1), tonight + LONGEST_WAIT)
    following = later[0] if later else tonight + LONGEST_WAIT
    return tuple(checks(_trial(desk), following, PENNIES + desk.broker.caps.fee_per_order))
