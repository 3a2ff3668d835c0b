"""Explanations of bots' decisions, and back-tests; from closes, without an account's state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rebalancer import demo
from rebalancer.app.bot_files import load_bots, read_bots
from rebalancer.app.bot_views import Explanation
from rebalancer.app.bots import bot_file, first_day_of_evenings
from rebalancer.app.parallel_decisions import BotFiles, decided
from rebalancer.app.required_tickers import missing_sentence, required_tickers
from rebalancer.app.source import closes_up_to
from rebalancer.backtest.compare import Comparison, Terms, compare
from rebalancer.backtest.merged import Merging, equal_shares
from rebalancer.bots.base import Bot
from rebalancer.bots.findings import ChartPart
from rebalancer.bots.observe import with_flips
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import BadInputError, Problem
from rebalancer.market.bars import bars_read, never_there
from rebalancer.model import (
    Allocation,
    BarsRead,
    Closes,
    Investment,
    Symbol,
    symbol,
)
from rebalancer.ports import Progress, unwatched


def explain(
    config: Config,
    bot: str,
    day: date | None,
    *,
    tree: bool = False,
    mermaid: bool = False,
    ignore_rebalance: bool = False,
    progress: Progress = unwatched,
) -> Explanation:
    """The decision of a bot on the close of `day`; None: the last session with prices.

    `tree` adds all of its rules as lines, `mermaid` a diagram; `ignore_rebalance` is that of `bots.load`. Raises
    BadInputError.
    """
    asked = _asked(config, bot, day, f"Asking {bot}", ignore_rebalance=ignore_rebalance, progress=progress)
    explained = _explained(asked)
    return replace(
        explained,
        tree=asked.bot.outline(asked.closes, asked.kept) if tree else None,
        mermaid=_diagram(*asked) if mermaid else None,
        marked=asked.bot.marked(asked.closes, asked.kept) if mermaid else "",
    )


class _Asked(NamedTuple):
    """A bot with the closes that it decides on, and the day from which its evenings go on."""

    bot: Bot
    closes: Closes
    kept: date | None


def _asked(
    config: Config, bot: str, day: date | None, doing: str, *, ignore_rebalance: bool, progress: Progress
) -> _Asked:
    files = {bot: bot_file(config, bot)}
    contents = read_bots(files)
    loaded = load_bots(files, contents, ignore_rebalance=ignore_rebalance)[bot]
    closes = closes_up_to(config, loaded.symbols, day, progress, loaded.bars)
    progress(doing)
    return _Asked(loaded, closes, _kept(config, bot, contents[bot]))


def _explained(asked: _Asked) -> Explanation:
    bot, closes, kept = asked
    decision, trouble = with_flips(bot, closes, bot.decide(closes, kept))
    notes = (*closes.notes, trouble) if trouble else closes.notes
    return Explanation(decision, closes.day(-1), None, None, notes)


def _kept(config: Config, bot: str, content: bytes) -> date | None:
    owner = next((account.name for account in config.accounts if bot in account.bots), None)
    return first_day_of_evenings(config, owner, bot, content) if owner else None


class DrawnChart(NamedTuple):
    """`marked` says which day's way the `parts` mark, where it is not simply that of `session`."""

    session: date
    marked: str
    parts: tuple[ChartPart, ...]


def chart(
    config: Config,
    bot: str,
    day: date | None,
    *,
    ignore_rebalance: bool = False,
    progress: Progress = unwatched,
) -> DrawnChart:
    """The chart of a bot with what the decision of `explain` took. Raises BadInputError."""
    asked = _asked(config, bot, day, f"Drawing {bot}", ignore_rebalance=ignore_rebalance, progress=progress)
    try:
        return _drawn(asked)
    except ValueError as error:
        raise BadInputError.of("--svg", f"{error}: use --tree") from error


def _drawn(asked: _Asked) -> DrawnChart:
    """Raises ValueError for a bot without a chart."""
    bot, closes, kept = asked
    return DrawnChart(closes.day(-1), bot.marked(closes, kept), bot.parts(closes, kept))


def explain_with_chart(config: Config, bot: str) -> tuple[Explanation, DrawnChart | None]:
    """Both on the last session with prices, from one reading of the bot and of its prices. Raises BadInputError."""
    asked = _asked(config, bot, None, f"Asking {bot}", ignore_rebalance=False, progress=unwatched)
    explained = _explained(asked)
    try:
        return explained, _drawn(asked)
    except ValueError:
        return explained, None


def _diagram(bot: Bot, closes: Closes, kept: date | None) -> str:
    try:
        return bot.mermaid(closes, kept)
    except ValueError as error:
        raise BadInputError.of("--mermaid", f"{error}: use --tree") from error


BENCHMARK = "SPY"
MAX_BPS = 1000


def backtest(
    config: Config,
    bots: Sequence[str],
    first: date | None = None,
    last: date | None = None,
    *,
    cost_bps: float = 0.0,
    benchmark: str | None = None,
    ignore_rebalance: bool = False,
    allow_undecided: bool = False,
    workers: int | None = None,
    progress: Progress = unwatched,
) -> Comparison:
    """Back-test `bots` (names of invested ones, or files) on the closes from `first` to `last`; None: no bound.

    It starts when everything that they may need exists; with `allow_undecided` as soon as every bot decides.
    `cost_bps` is the cost of a trade in basis points of its value, 0 to MAX_BPS. The default `benchmark` is BENCHMARK
    if it has prices; `ignore_rebalance` is that of `bots.load`, `workers` that of `deciding.decided`. Raises
    BadInputError, also for a ticker without any price.
    """
    if not 0 <= cost_bps <= MAX_BPS:
        raise BadInputError.of("--cost-bps", f"{cost_bps:g} is out of range: use 0 to {MAX_BPS}, such as 5")
    paths = _paths(config, bots)
    contents = read_bots(paths)
    loaded = load_bots(paths, contents, ignore_rebalance=ignore_rebalance)
    account, merging, notes = _together(config, paths)
    notes = (demo.NOTE, *notes) if config.path == demo.config_path() else notes
    fallback = account.trading.fallback if merging else ()
    symbols = {name for bot in loaded.values() for name in bot.symbols}
    closes, ticker = _closes(config, symbols.union(fallback), bars_read(loaded.values()), benchmark, notes, progress)
    if not allow_undecided:
        require_prices(config, loaded.values(), closes)
    problems = [Problem(name, "", lack) for name, bot in loaded.items() for lack in never_there(closes, bot.bars)]
    if problems:
        raise BadInputError(problems)
    closes = closes.until(last) if last else closes
    terms = Terms(
        float(account.sim.starting_cash),
        cost_bps,
        first,
        ticker,
        merging,
        account.venue.currency,
        most_closes_needed(loaded.values()),
        allow_undecided,
    )
    decisions = decided(BotFiles(paths, contents, ignore_rebalance), loaded, closes, workers, progress)
    begun = (_begun_otherwise(bot, closes, _kept(config, name, contents[name])) for name, bot in loaded.items())
    closes = replace(closes, notes=(*closes.notes, *filter(None, begun)))
    progress("Trading by what the bots decided")
    return compare(decisions, closes, terms)


def _begun_otherwise(bot: Bot, closes: Closes, kept: date | None) -> str:
    """A note on a bot whose evenings go on from another day than its back-test on `closes` begins; else ""."""
    if kept is None or not len(closes.sessions) or kept > closes.day(-1):
        return ""
    decision = bot.decide(closes)
    begun = decision.since if isinstance(decision, Allocation) else None
    if begun in {None, kept}:
        return ""
    return (
        f"{bot.name} begins on {begun} here, and its evenings go on from {kept}, their first day: what they hold may "
        "differ. `rebalance explain` shows it."
    )


def most_closes_needed(bots: Iterable[Bot]) -> Mapping[Symbol, int]:
    """How many closes of each symbol the bot needs that looks back furthest."""
    needed: dict[Symbol, int] = {}
    for bot in bots:
        for name, closes in bot.closes_needed.items():
            needed[name] = max(closes, needed.get(name, 0))
    return needed


def require_prices(config: Config, bots: Iterable[Bot], closes: Closes) -> None:
    """Raises BadInputError for tickers of `bots` without any price in the source, by name and with the remedy."""
    loaded = tuple(bots)
    unpriced = {name for name, column in zip(closes.symbols, closes.values.T, strict=True) if not (column > 0).any()}
    required = required_tickers((), {"": {bot.name: bot for bot in loaded}})
    missing = [each for each in required if each.symbol in unpriced]
    if missing:
        raise BadInputError([Problem("[data]", "", sentence) for sentence in missing_sentence(config, missing)])


def _paths(config: Config, bots: Sequence[str]) -> dict[str, Path]:
    """The bots' files by display name: an invested bot's name, or the stem of the file."""
    paths: dict[str, Path] = {}
    for bot in bots:
        path = bot_file(config, bot)
        name = path.stem if path == Path(bot) else bot
        paths[bot if name in paths else name] = path
    return paths


def _together(config: Config, paths: Mapping[str, Path]) -> tuple[AccountConfig, Merging | None, tuple[str, ...]]:
    """The account whose settings apply; for several bots also how it merges them, with a note."""
    account = next((each for each in config.accounts if paths.items() <= each.bots.items()), None)
    if len(paths) == 1:
        return account or config.accounts[0], None, ()
    if account:
        investments = tuple(each for each in account.investments if each.bot in paths)
        amounts = ", ".join(_amount(each, account.venue.currency) for each in investments)
        note = f"Together: as the evening of account {account.name} would, with {amounts}"
        if rolling := [each.bot for each in investments if each.capital == "rollover"]:
            note += f"; {', '.join(rolling)} brought back to the amount each evening, though its capital rolls over"
    else:
        account, investments = config.accounts[0], equal_shares(tuple(paths))
        note = f"Together: in equal shares, since no account invests in all of them; by the rules of {account.name}"
    return account, Merging(investments, account.trading, account.reserve), (f"{note}.",)


def _amount(investment: Investment, currency: str) -> str:
    unit = "%" if investment.weight_mode == "percent" else currency
    return f"{investment.bot} {investment.amount:,.2f} {unit}"


def _closes(
    config: Config,
    symbols: set[Symbol],
    read: BarsRead,
    benchmark: str | None,
    notes: Sequence[str],
    progress: Progress,
) -> tuple[Closes, Symbol | None]:
    """The closes of `symbols` and the benchmark, with `notes` prepended; the benchmark is None without prices."""
    try:
        ticker = symbol(benchmark or BENCHMARK)
    except ValueError as error:
        raise BadInputError.of("--benchmark", str(error)) from error
    closes = closes_up_to(config, sorted({*symbols, ticker}), None, progress, read)
    if not np.isnan(closes.values[:, closes.symbols.index(ticker)]).all():
        return replace(closes, notes=(*notes, *closes.notes)), ticker
    if benchmark:
        raise BadInputError.of("--benchmark", f"there are no prices of {ticker}: name one that has some")
    note = f"No benchmark: there are no prices of {ticker}. Name another by --benchmark."
    return replace(closes, notes=(note, *notes, *closes.notes)), None
