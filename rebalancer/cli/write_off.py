"""`rebalance write-off`: shares of a simulated account that have no price any more, given up."""

from typing import TYPE_CHECKING, Annotated

import typer

from rebalancer.cli.options import AccountOption, ConfigOption, DebugOption, JsonOption, load_config, one_account
from rebalancer.cli.person import ask, person

if TYPE_CHECKING:
    from rebalancer.app.recovery import Recovery
    from rebalancer.config import AccountConfig, Config
    from rebalancer.model import Position, Symbol


def write_off(
    symbol: Annotated[str, typer.Argument(help="A ticker that is held and has no price any more.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the journal.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Give up all shares of a ticker without a price, for nothing; in a simulated account only. Asks first."""
    from rebalancer.model import canonical
    from rebalancer.report.console import show_json
    from rebalancer.report.write_off import show_held, show_written_off

    settings = load_config(config)
    chosen = one_account(settings, account)
    held = _held(settings, chosen, canonical(symbol))
    if not json:
        show_held(chosen.name, held)
    ask(f"Give up all shares of {held.symbol} for 0 USD?", "write-off", "nothing was written off", yes=yes)
    _write_off(settings, chosen, held, reason)
    show_json({"account": chosen.name, "written_off": held}) if json else show_written_off(held)


def _held(config: "Config", account: "AccountConfig", symbol: "Symbol") -> "Position":
    """What would be given up. Raises BadInputError at a real broker, and as `_without_price` does."""
    from rebalancer.app.recovery import simulated
    from rebalancer.errors import BadInputError, Problem

    if account.broker != "sim":
        text = (
            f"account {account.name} is at {account.broker}: what is worth nothing there, the broker takes out by "
            "itself, and the next run says so. Only a simulated account needs a write-off"
        )
        raise BadInputError([Problem("write-off", symbol, text)])
    with simulated(config, account) as (now, _):
        return _without_price(now, symbol)


def _without_price(now: "Recovery", symbol: "Symbol") -> "Position":
    """The shares that are held. Raises BadInputError where none are, or where they can still be sold."""
    from rebalancer.errors import BadInputError, Problem

    held = {position.symbol: position for position in now.context.broker.positions()}.get(symbol)
    if held is None:
        raise BadInputError([Problem("write-off", symbol, "not held in this account")])
    last = held.last_close
    if last is not None and last < now.session.day:
        return held
    text = f"it has a price on {last or now.session.day}: only a share without one is written off, this one can be sold"
    raise BadInputError([Problem("write-off", symbol, text)])


def _write_off(config: "Config", account: "AccountConfig", seen: "Position", reason: str) -> None:
    """Raises RunFailedError where the account is not as the person saw it any more."""
    from rebalancer.app.recovery import simulated
    from rebalancer.errors import RunFailedError
    from rebalancer.events import WrittenOff
    from rebalancer.model import NO_RUN

    with simulated(config, account) as (now, broker):
        if _without_price(now, seen.symbol) != seen:
            raise RunFailedError(f"{seen.symbol}: what is held changed meanwhile. Nothing was written off: try again.")
        at, dollars = now.context.clock.now(), seen.market_value
        event = WrittenOff(at, account.name, seen.symbol, seen.quantity, dollars, person(), reason)
        now.context.journal.record(NO_RUN, event)  # first: cut off here, the same command does the rest
        broker.write_off(seen.symbol)
