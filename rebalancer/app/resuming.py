"""Going on with a run that was cut off: by what its claim recorded, not by what stands on the disk today."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from rebalancer.app.bots import read_bots
from rebalancer.config import AccountConfig, Config, parse
from rebalancer.errors import BadInputError
from rebalancer.model import Session
from rebalancer.ports import InterruptedRun, Journal


def unfinished(journal: Journal, account: AccountConfig, session: Session) -> InterruptedRun | None:
    """The account's run of `session` that was cut off after orders had left; None where there is none to go on with."""
    found = journal.interrupted(account.name)
    return found if found and found.orders and found.plan and found.session == session.day else None


def bots_on_disk(account: AccountConfig, interrupted: InterruptedRun | None) -> Mapping[str, bytes]:
    """A run that goes on needs none of them any more, so that a bot which is gone does not hold it up."""
    try:
        return read_bots(account.bots)
    except BadInputError:
        if interrupted is None:
            raise
        return {}


def as_it_began(config: Config, account: AccountConfig, interrupted: InterruptedRun) -> AccountConfig:
    """What its claim recorded decides in a run that was cut off. Where it trades, and by which keys, is today's.

    Raises BadInputError where the recorded config can't be read any more, such as for a variable that is not set.
    """
    recorded = parse(interrupted.files["config"], config.path)
    (before,) = (each for each in recorded.accounts if each.name == account.name)
    return replace(
        account,
        trading=before.trading,
        limits=before.limits,
        reserve=before.reserve,
        investments=before.investments,
    )


def fingerprints(files: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of the config, the settings in force and each bot."""
    return {name: sha256(content).hexdigest() for name, content in files.items()}
