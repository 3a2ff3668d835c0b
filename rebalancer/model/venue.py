"""What a broker is, apart from any one account."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from rebalancer.model.account import NEW_YORK, US_DOLLARS
from rebalancer.model.names import Mode, OrderKind


@dataclass(frozen=True, slots=True)
class Venue:
    """The facts about a broker that decide how orders are sent to it.

    `name` is how a config names it, `title` how a person reads it. `currency` is that of its accounts, `exchange` the
    calendar of its sessions, `zone` the time zone of that exchange. `paper_prefix` begins the numbers of its paper
    accounts and of no others; "" where it has no paper accounts. `fee_per_order` is the most that one order can cost,
    in the account's currency.

    `idempotent_ids`: it rejects a second order of the same id, so a retry under that id is safe. Once an order of ours
    is `quiet_seconds` old, the venue lists it or never received it. Where `order_kinds` has "moc", `auction_cutoff` is
    how long before the close such orders are no longer accepted. `id_length` is that of the longest order id.
    """

    name: str
    simulated: bool
    title: str = ""
    currency: str = US_DOLLARS
    exchange: str = "NYSE"
    zone: ZoneInfo = NEW_YORK
    paper_prefix: str = ""
    order_kinds: frozenset[OrderKind] = frozenset({"limit", "market"})
    auction_cutoff: timedelta = timedelta(minutes=10)
    id_length: int = 128
    idempotent_ids: bool = False
    quiet_seconds: int = 0
    fee_per_order: Decimal = Decimal(0)

    @property
    def takes_auction_orders(self) -> bool:
        return "moc" in self.order_kinds

    def mode_of(self, number: str) -> Mode:
        """Whether real money is in the account with this `number`. An account of unknown kind counts as real money."""
        is_paper = self.simulated or (self.paper_prefix != "" and number.startswith(self.paper_prefix))
        return "paper" if is_paper else "live"
