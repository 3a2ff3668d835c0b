"""Rules of the account's money that a test may choose: where sources differ or are silent, tests run both ways.

Sources, read in November 2026:

docs        docs.alpaca.markets, "Account Plans", "Placing Orders" (of older states too), "Margin and Short Selling"
support     alpaca.markets/support, "Why do I get an error of insufficient balance when my cash balance holds the
            requested amount?"
recorded    bodies of the paper API that its users have published
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Limit = Literal["own cash", "settled cash", "buying power"]


@dataclass(slots=True)
class Terms:
    """How the venue counts this account's money, and what the account may do.

    limit                What a buy may not go beyond. "own cash": the day's proceeds included, no margin; stricter than
                         an account with a multiplier, so that a client that borrows is caught. A maintainer: unsettled
                         proceeds buy equities at once (alpacahq/Alpaca-API#36). "settled cash": a venue that refuses
                         beyond non_marginable_buying_power, as it does for crypto (support). "buying power": what an
                         account with a multiplier really has (docs).
    multiplier           4 and 2 are margin accounts, 1 is one that lends nothing (docs).
    power_moves          Sales of the day give buying power back, or not: then it counts from the day's start and only
                         falls. The published formulas for 2 and 4 differ in this and neither gives the recorded
                         400023.32 of a flat account with an equity of 100005.83.
    power                The buying power shown, whatever the rest says. Recorded on 2026-01-29: 7.42 beside a cash of
                         46370.29 and an equity of 81288.24.
    proceeds_count       Whether non_marginable_buying_power has the proceeds of sales that have not settled. Support
                         says no: they reach it when they settle. Recorded: 99788.52 beside a cash of 100005.83 in an
                         account that is flat after round trips of the day.
    no_shorting          Of the account's configuration. Without it a sale of what is not held opens a short (docs).
    flips                One sale may go from long to short. A maintainer: it has to be closed first
                         (alpacahq/alpaca-trade-api-python#129). Recorded for 4 held, 130 sold: "insufficient qty
                         available for order (requested: 130, available: 4)".
    enforces_intent      `position_intent` is held against what the order would do: 422 "position intent mismatch,
                         inferred: sell_to_open, specified: sell_to_close". Recorded often for options, and once for
                         shares (alpacahq/Alpaca-API#250, of 2024); whether it still is so for shares nobody says.
    """

    limit: Limit = "own cash"
    multiplier: int = 4
    power_moves: bool = True
    power: Decimal | None = None
    proceeds_count: bool = False
    no_shorting: bool = False
    flips: bool = False
    enforces_intent: bool = False

    @property
    def collars(self) -> bool:
        """Whether a market buy counts at its collar (docs) in the venue's own checks."""
        return self.limit != "own cash" or self.multiplier == 1
