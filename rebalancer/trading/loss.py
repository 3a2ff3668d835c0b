"""The daily loss: beyond the owner's limit nothing is bought for the rest of the session, whoever starts again."""

from rebalancer.events import DailyLossHit
from rebalancer.model import Account
from rebalancer.model.text import money, percent
from rebalancer.portfolio.limits import daily_loss
from rebalancer.trading.context import RunContext, RunLog


def watch_for_loss(context: RunContext, log: RunLog, account: Account) -> None:
    """Write down, once a session, that `account` has lost more than limits.max_daily_loss_percent.

    An account whose last close nobody knows, such as a new one, is traded all the same: there is nothing to compare.
    """
    loss = daily_loss(account, context.limits.max_daily_loss_percent)
    if loss is None or only_sells(context, log) is not None:
        return
    log.write(
        DailyLossHit(
            at=log.now(), equity=loss.equity, basis=loss.basis, limit_percent=context.limits.max_daily_loss_percent
        )
    )
    log.note(
        f"the account is worth {money(loss.equity, account.currency)} without what was paid in today, and was worth "
        f"{money(loss.basis, account.currency)} at the close of the session before: that is more than "
        "limits.max_daily_loss_percent, "
        f"{percent(context.limits.max_daily_loss_percent / 100)}, below it. Only sells for the rest of the session",
        "warning",
    )


def say_what_is_not_watched(context: RunContext, log: RunLog, account: Account) -> None:
    """No note of a simulated broker, where no money can be lost."""
    if context.broker.venue.simulated:
        return
    if account.previous_equity is None:
        log.note(
            "the broker does not say what the account was worth at the close of the session before: "
            "limits.max_daily_loss_percent is not watched tonight"
        )
    elif account.deposits is None:
        log.note(
            "the broker does not say what was paid in or taken out today: limits.max_daily_loss_percent takes it for "
            "gain and loss"
        )


def only_sells(context: RunContext, log: RunLog) -> str | None:
    """Why nothing may be bought for the rest of this session, read anew; None where it may."""
    if context.journal.trading_status(context.account).loss != log.session.day:
        return None
    return "limits.max_daily_loss_percent was passed in this session: only sells for the rest of it"
