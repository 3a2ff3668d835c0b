"""Money, shares, fractions and times as text: the same on every screen and in every journalled sentence."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebalancer.model.instrument import Instrument

LISTED = 10
"""A list names so many tickers and counts the rest."""


def money(amount: Decimal | float, currency: str, *, signed: bool = False) -> str:
    """As in "1,234.50 USD"; `signed` with a + for a gain."""
    return f"{signed_cents(amount) if signed else cents(amount)} {currency}"


def cents(amount: Decimal | float | None) -> str:
    """Money where the column or the sentence names the currency; "" for None. Less than half a cent has no sign."""
    return "" if amount is None else f"{amount:z,.2f}"


def signed_cents(amount: Decimal | float) -> str:
    """As `cents`, with a + for a gain. What rounds to 0.00 has no sign."""
    return _unsigned_zero(f"{amount:+z,.2f}")


def per_share(price: Decimal, instrument: "Instrument") -> str:
    """With as many decimals as the tick has."""
    exponent = instrument.tick_at(price).as_tuple().exponent
    return f"{price:,.{-int(exponent)}f} {instrument.currency}"


def close_text(price: Decimal, currency: str) -> str:
    """A price whose tick is not known: with two decimals from 1 on, and four below."""
    return f"{price_text(price)} {currency}"


def price_text(price: Decimal) -> str:
    """Where the column or the sentence names the currency."""
    return f"{price:,.{2 if price >= 1 else 4}f}"


def percent(fraction: float | Decimal) -> str:
    """0.4 as "40 %", with up to two decimals."""
    return f"{fraction * 100:z.2f}".rstrip("0").rstrip(".") + " %"


def percentage(fraction: float | Decimal | None) -> str:
    """0.4 as "40.00 %", for a column; "" for None."""
    return "" if fraction is None else f"{fraction * 100:z.2f} %"


def signed_percentage(fraction: float | Decimal) -> str:
    """As in "+1,240.00 %", for a gain or a loss in a column. What rounds to 0.00 has no sign."""
    return _unsigned_zero(f"{fraction * 100:+z,.2f}") + " %"


def _unsigned_zero(text: str) -> str:
    return "0.00" if text == "+0.00" else text


def digits(number: Decimal | int) -> str:
    """Without trailing zeros or an exponent."""
    return f"{Decimal(number).normalize():f}"


def grouped(quantity: Decimal) -> str:
    """As `digits`, with commas between thousands, for a column."""
    return f"{quantity.normalize():,f}"


def shares(quantity: Decimal | int) -> str:
    return f"{digits(quantity)} share{'' if quantity == 1 else 's'}"


def counted(number: int, thing: str) -> str:
    """As in "1 ticker" and "1,200 tickers"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def listed(words: Sequence[str], between: str = ", ", *, most: int = LISTED) -> str:
    more = len(words) - most
    return between.join(words[:most]) + (f" and {more:,} more" if more > 0 else "")


def known_names(word: str, names: Iterable[str]) -> str:
    """The names there are, for an error, and before them the one that was probably meant, in whatever case."""
    from difflib import get_close_matches  # noqa: PLC0415 - few names are misspelt

    known = list(names)
    by_folded = {name.casefold(): name for name in reversed(known)}
    close = get_close_matches(word.casefold(), by_folded, n=1)
    hint = f"did you mean {by_folded[close[0]]!r}? There" if close else "there"
    return f"{hint} are: {', '.join(known)}"


def clock_time(at: datetime, zone: tzinfo) -> str:
    """As in "15:50 New York time"."""
    return f"{at.astimezone(zone):%H:%M} {_zone_name(zone)}"


def between(start: datetime, end: datetime, zone: tzinfo) -> str:
    """As in "between 15:50 and 15:59 New York time"."""
    return f"between {start.astimezone(zone):%H:%M} and {clock_time(end, zone)}"


def time_to_the_second(at: datetime, zone: tzinfo) -> str:
    """As in "15:50:00 New York time"."""
    return f"{at.astimezone(zone):%H:%M:%S} {_zone_name(zone)}"


def date_and_time(at: datetime, zone: tzinfo) -> str:
    """As in "2026-11-20 15:50:00 New York time"."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S} {_zone_name(zone)}"


def minute(at: datetime, zone: tzinfo | None) -> str:
    """As in "2026-11-20 15:50 EST"; in this machine's zone where `zone` is None."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def until(at: datetime, now: datetime) -> str:
    """As in "in 3 h 05 min"; the web page's script goes on counting in the same words."""
    minutes = -((now - at) // timedelta(minutes=1))
    return f"in {_span(minutes)}" if minutes > 0 else "now"


def ago(at: datetime, now: datetime) -> str:
    """As in "3 h 05 min ago"."""
    minutes = (now - at) // timedelta(minutes=1)
    return f"{_span(minutes)} ago" if minutes > 0 else "just now"


def _span(minutes: int) -> str:
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


def city(zone: tzinfo) -> str:
    """As in "New York"; a zone that is not named by a city is named as it is, such as "UTC"."""
    return str(zone).rpartition("/")[2].replace("_", " ")


def _zone_name(zone: tzinfo) -> str:
    return f"{city(zone)} time" if "/" in str(zone) else city(zone)
