"""Possible wash sales and short-term gains: of what was sold, and of what a dry run would trade. No tax advice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig
from rebalancer.journal.read import RunRecord
from rebalancer.model import US_DOLLARS, canonical
from rebalancer.model.text import grouped, money
from rebalancer.portfolio.attribution import ZERO
from rebalancer.portfolio.tax_lots import Dealt, Sale, TaxLots, WashSale, merged

CAUTION = (
    "Flags by US rules, no tax advice: lots are taken first in, first out, but {broker} picks the lots, and only this "
    "one account is seen, not your others, nor your spouse's. Bots often sell what another bought, so nearly every "
    "loss of theirs is flagged."
)


@dataclass(frozen=True, slots=True)
class TaxFlags:
    """Of the sales in a span, money in the account's currency: `short_term` and `long_term` gains less losses,
    `unknown_term` those of lots bought on a day that is not known, and the losses that may be wash sales.
    """

    short_term: Decimal
    long_term: Decimal
    unknown_term: Decimal
    wash_sales: tuple[WashSale, ...]
    wash_sale_loss: Decimal
    caution: str


def tax_flags(lots: TaxLots, account: AccountConfig, span: tuple[date, date]) -> TaxFlags | None:
    """None for accounts in another currency than US dollars, and where nothing was sold in the span."""
    if account.venue.currency != US_DOLLARS:
        return None
    sales = [sale for sale in lots.sales if span[0] <= sale.day <= span[1]]
    washed = merged(each for each in lots.wash_sales if span[0] <= each.sold <= span[1])
    if not sales:
        return None
    sums = {kind: _gains(sales, kind) for kind in (True, False, None)}
    loss = sum((each.loss for each in washed), ZERO)
    return TaxFlags(sums[True], sums[False], sums[None], washed, loss, _caution(account))


def _caution(account: AccountConfig) -> str:
    return CAUTION.format(broker=account.venue.title or "the broker")


def _gains(sales: Iterable[Sale], short_term: bool | None) -> Decimal:  # noqa: FBT001 - as Sale says it
    return sum((sale.gain for sale in sales if sale.short_term is short_term), ZERO)


def with_tax_flags(account: AccountConfig, lots: TaxLots, result: RunResult) -> RunResult:
    """The result of a dry run with a sentence for each flag that its plan would raise tonight; trades it in `lots`."""
    record = result.run
    if record is None or record.plan is None or account.venue.currency != US_DOLLARS:
        return result
    flags = tuple(_of_plan(lots, record))
    return replace(result, tax=(*flags, _caution(account)) if flags else ())


def _of_plan(lots: TaxLots, record: RunRecord) -> Iterator[str]:
    """Sales at the plan's prices first, then the purchases, as an evening trades."""
    if record.plan is None:
        return
    day, done = record.run.session, len(lots.sales)
    before = len(lots.wash_sales)
    for trade in (*record.plan.sells, *record.plan.buys):
        if trade.price is not None and trade.side is not None:
            lots.take(Dealt(day, canonical(trade.symbol), trade.side, trade.quantity, trade.price.value))
    flags = [wash_sale_text(each) for each in merged(lots.wash_sales[before:])]
    gained = [sale for sale in lots.sales[done:] if sale.short_term and sale.gain > 0]
    for name in dict.fromkeys(sale.symbol for sale in gained):
        mine = [sale for sale in gained if sale.symbol == name]
        shares, gain = (sum(each, ZERO) for each in zip(*((sale.shares, sale.gain) for sale in mine), strict=True))
        flags.append(f"short-term gain: {grouped(shares)} {name}, {money(gain, US_DOLLARS)}")
    yield from flags


def wash_sale_text(found: WashSale) -> str:
    """As in "possible wash sale: 12 SPY, 340.00 USD of loss, bought again 9 days before"."""
    days = (found.bought - found.sold).days
    number = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    when = "on the same day" if not days else f"{number} {'before' if days < 0 else 'after'}"
    lost = money(found.loss, US_DOLLARS)
    return f"possible wash sale: {grouped(found.shares)} {found.symbol}, {lost} of loss, bought again {when}"
