"""Check and migrate the config, and edit its investments."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rebalancer import config as settings
from rebalancer.app.bot_files import load_bots
from rebalancer.app.bots import bot_file, holdable
from rebalancer.app.chosen import one_account
from rebalancer.app.controls import disarm_after_edit
from rebalancer.app.required_tickers import BotsByAccount, missing_sentence, required_tickers, without_price
from rebalancer.app.source import known_tickers
from rebalancer.app.views import FirstFiles, Invested, InvestmentsEdited, Migrated, SettingsCheck
from rebalancer.bots.base import Bot
from rebalancer.config import AccountConfig, Config, parse
from rebalancer.config.credentials import Keyring, read_keys
from rebalancer.config.edit import add_investment, migration, set_amount
from rebalancer.config.effective import by_key, effective_settings
from rebalancer.config.files import replace_content, write_backup, write_first_files
from rebalancer.config.likely_mistakes import unlikely_settings
from rebalancer.config.parsers import SCHEMA
from rebalancer.errors import BadInputError, Problem, echoed
from rebalancer.events import Noted
from rebalancer.journal import read
from rebalancer.journal.account_state import setting_changes
from rebalancer.journal.books import books
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SystemClock
from rebalancer.model import NO_RUN, numbers
from rebalancer.model.settings import CapitalMode
from rebalancer.model.text import known_names, listed, minute, money
from rebalancer.portfolio.limits import symbols_at_limit
from rebalancer.ports import Progress, unwatched
from rebalancer.venues import registry


def begin(folder: Path, venue: str = "sim", account: str = "main") -> FirstFiles:
    """Write the first files for an account at a built-in venue. Raises BadInputError, and then writes nothing."""
    written = tuple(str(path) for path in write_first_files(folder, venue, account))
    login = (f"login {account}",) if registry.plugin(venue).needs_keys else ()
    config = shlex.quote(written[0])
    return FirstFiles(
        written, tuple(f"rebalance {each} --config {config}" for each in (*login, "doctor", "run --dry-run"))
    )


def check(path: Path, progress: Progress = unwatched) -> SettingsCheck:
    """Every problem of the config at `path`, its bot files and its API keys; and what is almost surely wrong."""
    try:
        config = settings.load(path, os.environ)
    except BadInputError as error:
        return SettingsCheck(None, error.problems, ())
    problems: list[Problem] = []
    bots: dict[str, Mapping[str, Bot]] = {}
    for account in config.accounts:
        with _kept(problems):
            bots[account.name] = load_bots(account.bots)
        if account.key_source is not None:
            with _kept(problems):
                read_keys(account, Keyring())
    return SettingsCheck(config, tuple(problems), (*unlikely_settings(config), *_warnings(config, bots, progress)))


@contextmanager
def _kept(problems: list[Problem]) -> Iterator[None]:
    try:
        yield
    except BadInputError as error:
        problems.extend(error.problems)


def _warnings(config: Config, bots: BotsByAccount, progress: Progress) -> Iterator[Problem]:
    """Of prices and holdings."""
    unreadable: list[Problem] = []
    with _kept(unreadable):
        missing = without_price(required_tickers(config.accounts, bots), known_tickers(config, progress))
        yield from (Problem(str(config.path), "data", text) for text in missing_sentence(config, missing))
    yield from unreadable
    for account in config.accounts:
        for note in _limit_notes(config, account, bots.get(account.name, {})):
            yield Problem(str(config.path), f"accounts.{account.name}.limits", note)


def _limit_notes(config: Config, account: AccountConfig, bots: Mapping[str, Bot]) -> Iterator[str]:
    """A warning for each symbol whose position is at its limit, as of the last run."""
    for last in read.runs(config.journal(), account.name, limit=1):
        wanted = holdable(account.trading, bots)
        for record in read.run(config.journal(), last.id).holdings[-1:]:
            values = {holding.symbol: holding.value for holding in record.holdings if holding.symbol in wanted}
            seen = record.account
            for symbol, why in symbols_at_limit(values, seen.equity, account.limits, seen.currency).items():
                yield f"{symbol}: {why} (as of {minute(record.at, account.venue.zone)})"


def migrate(path: Path, by: str) -> Migrated:
    """Migrate the config at `path` to the newest schema; keeps comments, and backs the old file up.

    Raises BadInputError, and changes nothing, for an invalid config.
    """
    before = settings.read(path)
    found = migration(before, path)
    if found is None:
        return Migrated(str(path), SCHEMA, None, ())
    settings.parse(found.content, path, os.environ)
    write_backup(found.backup, before)
    replace_content(path, before, found.content)
    config = settings.load(path, os.environ)
    return Migrated(str(path), SCHEMA, str(found.backup), disarm_after_edit(config, config.journal(), by))


def investments(account: AccountConfig) -> tuple[Invested, ...]:
    currency = account.venue.currency
    return tuple(
        Invested(each.bot, str(account.bots[each.bot]), each.amount, each.weight_mode, each.capital, currency)
        for each in account.investments
    )


def invest(
    config: Config,
    account: AccountConfig,
    bot: str,
    amount: str,
    *,
    percent: bool,
    name: str | None,
    by: str,
    capital: CapitalMode = "fixed",
) -> InvestmentsEdited:
    """Add a bot, by its name or its file, with `amount`; `name` defaults to its own or its file's.

    Raises BadInputError.
    """
    if (name or bot) in account.bots:
        text = (
            f"account {account.name} has a bot of this name: change its amount by `rebalance invest set`, or use --name"
        )
        raise BadInputError.of(name or bot, text)
    folder = config.path.parent
    beside = folder / bot
    file = beside if beside.is_file() and not Path(bot).is_file() else bot_file(config, bot)
    load_bots({bot: file})
    content = add_investment(
        config.content,
        account.name,
        bot=_from_folder(file, folder),
        amount=_number(amount),
        mode="percent" if percent else "dollars",
        name=name or next((bot for each in config.accounts if bot in each.bots), None),
        capital=capital,
    )
    return replace_config(config, account, content, by)


def change_amount(
    config: Config,
    account: AccountConfig,
    bot: str,
    amount: str,
    *,
    percent: bool | None,
    by: str,
    capital: CapitalMode | None = None,
) -> InvestmentsEdited:
    """Change a bot's amount; `percent` None keeps the unit, `capital` None what becomes of gains and losses.

    Raises BadInputError, also for a bot whose money is its book's already and stays so: its amount does not count.
    """
    index = invested_at(config, account, bot)
    before = account.investments[index]
    mode = before.weight_mode if percent is None else "percent" if percent else "dollars"
    kept = capital or ("fixed" if mode == "percent" else before.capital)
    if kept == before.capital == "rollover" and (value := books(config.journal(), account.name).has(bot)) is not None:
        text = (
            f"its money is what its book has, {money(value, account.venue.currency)}, and its amount does not count "
            f'any more: use `rebalance invest deposit "{bot}" AMOUNT` or `withdraw`, or --fixed with the amount'
        )
        raise BadInputError.of(bot, text)
    content = set_amount(config.content, account.name, index, amount=_number(amount), mode=mode, capital=kept)
    return replace_config(config, account, content, by)


def require_other_bots(config: Config, account: AccountConfig, bot: str) -> int:
    """The index of the investment of `bot`. Raises BadInputError for the account's only bot, and an unknown one."""
    index = invested_at(config, account, bot)
    if len(account.investments) == 1:
        text = f"{bot!r} is the only bot of account {account.name}, and an account needs one: add another one first"
        raise BadInputError.of(config.path, text, f"accounts.{account.name}.investments")
    return index


def replace_config(config: Config, before: AccountConfig, content: bytes, by: str) -> InvestmentsEdited:
    """Write `content` to the config file, and journal the changes and who made them.

    Raises BadInputError, and then changes nothing.
    """
    edited = parse(content, config.path, os.environ)
    after = one_account(edited, before.name)
    old, new = by_key(effective_settings(config, before)), by_key(effective_settings(edited, after))
    now = SystemClock().now()
    made = setting_changes(now, before.name, old, new)
    who = [Noted(now, "note", f"{by} changed settings: {listed([change.key for change in made])}")] if made else []
    with SqliteJournal.open(edited.journal()) as journal:
        replace_content(config.path, config.content, content)
        journal.record(NO_RUN, *made, *who)
    return InvestmentsEdited(made, investments(after), disarm_after_edit(config, edited.journal(), by))


def invested_at(config: Config, account: AccountConfig, bot: str) -> int:
    names = [investment.bot for investment in account.investments]
    if bot in names:
        return names.index(bot)
    text = f"there is no bot {bot!r}; {known_names(bot, names)}"
    raise BadInputError.of(config.path, text, f"accounts.{account.name}.investments")


def _number(text: str) -> str:
    """`text` if it is a valid TOML number; the config checks its range."""
    if numbers.amount(text) is not None:
        return text
    raise BadInputError.of("AMOUNT", f"{echoed(text)} is no amount: write a number such as 6000 or 12.5")


def _from_folder(file: Path, folder: Path) -> str:
    """The path of `file` as written in the config: relative to `folder` if below it, else absolute."""
    full, around = file.resolve(), folder.resolve()
    return full.relative_to(around).as_posix() if full.is_relative_to(around) else str(full)
