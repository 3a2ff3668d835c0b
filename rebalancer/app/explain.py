"""Bots explained: what a file contains, and why a bot wants what it wants."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rebalancer.app.bots import load_bot, load_bots, read_bots
from rebalancer.app.selection import bot_file
from rebalancer.app.source import closes_up_to
from rebalancer.app.views import CheckedBot, Explanation, ShownBot
from rebalancer.bots.base import Bot
from rebalancer.config import Config
from rebalancer.errors import BadInputError, Problem
from rebalancer.model import Closes


def check_files(files: Sequence[Path]) -> list[CheckedBot]:
    """What each bot file contains, or its problems. Raises BadInputError where one can't be opened."""
    return [_checked(name, content) for name, content in read_bots({str(path): path for path in files}).items()]


def _checked(name: str, content: bytes) -> CheckedBot:
    bot, problems = load_bot(content, Path(name).stem, name)
    return CheckedBot(name, bot.findings() if bot else None, problems)


def show_bot(config: Config, bot: str) -> ShownBot:
    """All rules of an invested bot, or of a bot file; takes no prices. Raises BadInputError."""
    file = bot_file(config, bot)
    files = {file.stem: file}
    shown = load_bots(files, read_bots(files))[file.stem]
    return ShownBot(str(file), shown.findings(), shown.outline())


def explain(config: Config, bot: str, day: date | None, *, tree: bool = False, mermaid: bool = False) -> Explanation:
    """The decision of a bot on the close of `day`, of the last session with prices where None.

    `tree` adds all of its rules as lines, `mermaid` a diagram. Raises BadInputError.
    """
    files = {bot: bot_file(config, bot)}
    loaded = load_bots(files, read_bots(files))[bot]
    closes = closes_up_to(config, loaded.symbols, day)
    return Explanation(
        decision=loaded.decide(closes),
        session=closes.day(-1),
        tree=loaded.outline(closes) if tree else None,
        mermaid=_diagram(loaded, closes) if mermaid else None,
        notes=closes.notes,
    )


def _diagram(bot: Bot, closes: Closes) -> str:
    try:
        return bot.mermaid(closes)
    except ValueError as error:
        raise BadInputError([Problem("--mermaid", "", f"{error}: use --tree")]) from error
