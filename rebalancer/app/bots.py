"""List, check, show and create bot files."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from os.path import realpath
from pathlib import Path

from rebalancer import demo
from rebalancer.app.bot_files import content_of, load_bot, load_bots, read_bots
from rebalancer.app.bot_views import CheckedBot, ListedBot, ShownBot
from rebalancer.bots.base import Bot
from rebalancer.bots.load import format_of
from rebalancer.config import AccountConfig, Config, parsers
from rebalancer.config.files import create
from rebalancer.errors import BadInputError, Problem
from rebalancer.journal import read
from rebalancer.model import Investment, Symbol, Trading
from rebalancer.model.text import known_names

TEMPLATES: Mapping[str, str] = {
    "trend": "ten_month_average.json",
    "momentum": "dual_momentum.json",
    "volatility": "inverse_volatility.json",
}
"""The demo's bots, by template name."""
BOT_FILES = ("*.py", *(f"*.{text}{packed}" for text in ("json", "clj", "edn") for packed in ("", ".gz")))


def first_day_of_evenings(config: Config, account: str, bot: str, content: bytes) -> date | None:
    """The day from which the evenings of `account` simulate a bot of that file, or follow what it remembers."""
    return read.since(config.journal(), account, bot, sha256(content).hexdigest())


def holdable(trading: Trading, bots: Mapping[str, Bot]) -> tuple[Symbol, ...]:
    """Every symbol that may be bought, the fallback first."""
    held = {symbol for bot in bots.values() for symbol in bot.holdable}
    return (*trading.fallback, *sorted(held.difference(trading.fallback)))


def bots_folder(config: Config) -> Path:
    """`bots` next to the config; in the current folder if only the demo config exists."""
    return (Path.cwd() if config.path == demo.config_path() else config.path.parent) / "bots"


def list_bots(config: Config) -> tuple[ListedBot, ...]:
    """The invested bots in config order, then the other bot files in `bots_folder` by name."""
    invested = [
        _listed(investment.bot, account.bots[investment.bot], account, investment)
        for account in config.accounts
        for investment in account.investments
    ]
    return (*invested, *(_listed(path.stem, path) for path in _not_invested(config)))


def _not_invested(config: Config) -> list[Path]:
    """`realpath`, since a link that leads to itself makes `Path.resolve` raise RuntimeError."""
    folder = bots_folder(config)
    taken = {realpath(path) for account in config.accounts for path in account.bots.values()}
    found = sorted(path for pattern in BOT_FILES for path in folder.glob(pattern))
    return [path for path in found if realpath(path) not in taken]


def _listed(
    name: str, file: Path, account: AccountConfig | None = None, investment: Investment | None = None
) -> ListedBot:
    owner, currency = (account.name, account.venue.currency) if account else (None, None)
    try:
        content = content_of(file)
    except OSError as error:
        problem = Problem(str(file), "", f"can't be read: {error.strerror}")
        return ListedBot(name, str(file), "", None, (problem,), owner, investment, currency)
    bot, problems = load_bot(content, name, str(file))
    found = bot.findings() if bot else None
    return ListedBot(name, str(file), format_of(content, str(file)), found, problems, owner, investment, currency)


def write_bot(folder: Path, name: str, template: str) -> Path:
    """Write a copy of `template` named `name` into `folder`. Raises BadInputError, also if the file exists."""
    try:
        parsers.line(name)
    except ValueError as error:
        raise BadInputError.of("NAME", str(error)) from error
    stem = re.sub(r"\W+", "_", name.lower()).strip("_")
    if not stem:
        raise BadInputError.of("NAME", f"{name!r} has no letter or digit to name a file by")
    path = folder / f"{stem}.json"
    create(path, _renamed((demo.config_path().parent / "bots" / TEMPLATES[template]).read_text("utf-8"), name))
    return path


def _renamed(document: str, name: str) -> bytes:
    """`document` with another name; its layout is kept, as people edit it."""
    before = f'"name": {json.dumps(json.loads(document)["name"])}'
    return document.replace(before, f'"name": {json.dumps(name, ensure_ascii=False)}', 1).encode()


def bot_file(config: Config, bot: str) -> Path:
    """The file of the invested bot `bot`, else the file at path `bot`, else that of a bot that is not invested.

    Each by the name that `list_bots` has for it. Raises BadInputError.
    """
    invested = _invested(config)
    if bot not in invested and Path(bot).is_file():
        return Path(bot)
    named = bot_files(config)
    if bot in named:
        return named[bot]
    raise BadInputError.of(config.path, f"{bot!r} is no file and no bot; {known_names(bot, named)}")


def bot_files(config: Config) -> Mapping[str, Path]:
    """The file of each bot by its name, invested ones first."""
    invested = _invested(config)
    return {**invested, **{path.stem: path for path in _not_invested(config) if path.stem not in invested}}


def _invested(config: Config) -> dict[str, Path]:
    """Of accounts with a bot of one name that of the first, whose evenings `explain` goes on from, too."""
    found: dict[str, Path] = {}
    for account in config.accounts:
        for name, path in account.bots.items():
            found.setdefault(name, path)
    return found


def check_files(files: Sequence[Path]) -> list[CheckedBot]:
    """The findings or problems of each bot file. Raises BadInputError for an unreadable file."""
    checked = []
    for name, content in read_bots({str(path): path for path in files}).items():
        bot, problems = load_bot(content, Path(name).stem, name)
        checked.append(CheckedBot(name, bot.findings() if bot else None, problems))
    return checked


def show_bot(config: Config, bot: str) -> ShownBot:
    """The rules of an invested bot or a bot file. Raises BadInputError."""
    file = bot_file(config, bot)
    files = {file.stem: file}
    shown = load_bots(files)[file.stem]
    return ShownBot(str(file), shown.findings(), shown.outline())
