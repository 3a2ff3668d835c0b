"""Tonight's capital of the bots whose capital rolls over: what they have by their books."""

from collections.abc import Mapping
from decimal import Decimal

from rebalancer.bookings import BookUsed
from rebalancer.model.text import money
from rebalancer.trading.context import RunContext, RunLog

ZERO = Decimal(0)


def books_used(context: RunContext, log: RunLog, investable: Decimal) -> Mapping[str, Decimal]:
    """What each bot whose capital rolls over has by its book, after the reading of tonight; journalled.

    A bot on its first evening is absent: it begins with its amount. Without such a bot no book is read.
    """
    rolling = [each for each in context.investments if each.capital == "rollover"]
    if not rolling:
        return {}
    keeper = context.journal.books(context.account)
    values = {each.bot: keeper.has(each.bot) for each in rolling}
    log.write(*(BookUsed(log.now(), bot, value) for bot, value in values.items()))
    for each in rolling:
        _note_capital(log, each.bot, values[each.bot], each.amount)
    found = {bot: value for bot, value in values.items() if value is not None}
    _warn_beyond(log, found, investable)
    return found


def _note_capital(log: RunLog, bot: str, value: Decimal | None, amount: Decimal) -> None:
    if value is None:
        log.note(f"{bot} begins with {money(amount, log.currency)}; from now on its money is what its book has")
    elif value > 0:
        log.note(f"{bot} has {money(value, log.currency)} by its book")
    else:
        text = f"{bot} has {money(value, log.currency)} by its book, and gets nothing"
        log.note(f'{text}: `rebalance invest deposit "{bot}" AMOUNT` gives it money', "warning")


def _warn_beyond(log: RunLog, books: Mapping[str, Decimal], investable: Decimal) -> None:
    together = sum((max(value, ZERO) for value in books.values()), ZERO)
    if together > investable:
        text = (
            f"the books of {', '.join(books)} have {money(together, log.currency)} together, and "
            f"{money(investable, log.currency)} can be invested: their shares are scaled down, and their books stay as "
            "they are. Deposit money at the broker, or say which bot has less by `rebalance invest withdraw`"
        )
        log.note(text, "warning")
