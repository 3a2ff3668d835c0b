"""A past run in one file for a bug report: what is needed to make its plan again, and no account number and no key.

It has the bots as they are, amounts of money, positions and prices. It has no name of an account and no folder, and
account numbers, keys and folders of this machine are taken out wherever a sentence or a bot has them.
"""

import base64
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from rebalancer.app.past_run import PastRun
from rebalancer.config import AccountConfig, Config
from rebalancer.config.credentials import KeyFile
from rebalancer.errors import BadInputError
from rebalancer.events import BotDecided, BotFailed, Event, PlanMade, TargetsSet
from rebalancer.files import read_regular
from rebalancer.journal import plans
from rebalancer.journal.close_blocks import KeptCloses, get_closes, put_closes
from rebalancer.journal.codec import from_columns, plain
from rebalancer.journal.input_store import Circumstances
from rebalancer.portfolio.plan_inputs import PlanInputs

FORMAT, VERSION = "rebalancer/run", 1
BEGINS = b'{\n "format": "rebalancer/run"'
Kind = TypeVar("Kind", bound=Event)
MOST_BYTES = 200_000_000
MOST_OF_A_BLOCK = 50_000_000
NO_BUNDLE = "is no bundle of a run: `rebalance replay RUN --bundle FILE` writes one"
REMOVED, FOLDER = "[removed]", "[folder]"
LEAST_SECRET = 5
"""Characters: a shorter text, such as the number of a simulated account, is no secret."""


@dataclass(frozen=True, slots=True)
class _Bundle:
    """The file's content. `blocks` are zlib streams in base64, by SHA-256; so are, by name, bots that are no text."""

    format: str
    version: int
    run: int
    session: date
    circumstances: Circumstances
    inputs: PlanInputs
    closes: KeptCloses
    blocks: Mapping[str, str]
    bots: Mapping[str, str]
    packed_bots: Mapping[str, str]
    decisions: tuple[BotDecided, ...]
    failures: tuple[BotFailed, ...]
    targets: TargetsSet
    plan: PlanMade


def to_bundle(past: PastRun, secrets: Mapping[str, str]) -> bytes:
    """`past` as a file. Each of `secrets` is replaced by its value, wherever it stands."""
    blocks: dict[str, str] = {}

    def put(content: bytes) -> str:
        name = sha256(content).hexdigest()
        blocks[name] = _packed(content)
        return name

    closes = put_closes(past.closes, put)
    texts = {name: text for name, content in past.bots.items() if (text := _text(content)) is not None}
    (targets,), (plan,) = _only(past.made, TargetsSet), _only(past.made, PlanMade)
    bundle = _Bundle(
        FORMAT,
        VERSION,
        past.run,
        past.session,
        past.circumstances,
        past.inputs,
        closes,
        blocks,
        texts,
        {name: _packed(content) for name, content in past.bots.items() if name not in texts},
        _only(past.made, BotDecided),
        _only(past.made, BotFailed),
        targets,
        plan,
    )
    return _without(json.dumps(plain(bundle), indent=1), secrets).encode()


def from_bundle(file: Path) -> PastRun:
    """Raises BadInputError for a file that can't be read, or that is no bundle of this version."""
    try:
        found = json.loads(read_regular(file, MOST_BYTES))
    except OSError as error:
        raise BadInputError.of(file, f"can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError.of(file, NO_BUNDLE) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise BadInputError.of(file, NO_BUNDLE)
    if found.get("version") != VERSION:
        raise BadInputError.of(file, f"is a bundle of version {found.get('version')}: install the program that made it")
    try:
        return _past_run(from_columns(_Bundle, found))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, zlib.error) as error:
        raise BadInputError.of(file, f"is a damaged bundle ({type(error).__name__}): ask for it again") from error


def _past_run(bundle: _Bundle) -> PastRun:
    packed = {name: _unpacked(text) for name, text in bundle.packed_bots.items()}
    made: dict[str, Event] = {event.bot: event for event in bundle.decisions}
    made |= {event.failure.bot: event for event in bundle.failures}
    return PastRun(
        run=bundle.run,
        session=bundle.session,
        circumstances=bundle.circumstances,
        inputs=bundle.inputs,
        closes=get_closes(bundle.closes, lambda name: _block(bundle.blocks, name)),
        bots={**{name: text.encode() for name, text in bundle.bots.items()}, **packed},
        made=(*(made[share.bot] for share in bundle.inputs.shares), bundle.targets, bundle.plan),
    )


def _block(blocks: Mapping[str, str], name: str) -> bytes:
    content = _unpacked(blocks[name])
    if sha256(content).hexdigest() != name:
        raise ValueError(f"the block {name} has other bytes")
    return content


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


def _unpacked(text: str) -> bytes:
    """Raises ValueError for more than MOST_OF_A_BLOCK bytes, before they are in memory."""
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(base64.b64decode(text), MOST_OF_A_BLOCK)
    if not unpacking.eof:
        raise ValueError("a block is cut off, or too large")
    return content


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _only(events: Iterable[Event], kind: type[Kind]) -> tuple[Kind, ...]:
    return tuple(event for event in events if isinstance(event, kind))


# ---------------------------------------------------------------------------------------------------- what is taken out


def secrets_of(config: Config, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What must not leave this machine, with what stands for it: account numbers, keys and folders."""
    numbers = [*plans.account_numbers(config.journal()), *(each.account_number for each in config.accounts)]
    keys = [key for each in config.accounts for key in _keys(each, environ)]
    folders = [config.path.parent.absolute(), config.state_dir.absolute(), config.data_folder, Path.home()]
    return {
        **{str(folder): FOLDER for folder in folders if folder},
        **{secret: REMOVED for secret in (*numbers, *keys) if secret},
    }


def _keys(account: AccountConfig, environ: Mapping[str, str]) -> Iterator[str]:
    """Of variables and files. Nothing that a run keeps has a key: this is a second lock, and opens no keyring."""
    source = account.key_source
    if source and source.variables:
        yield from (environ[name] for name in source.variables if name in environ)
    if source and source.file:
        with suppress(BadInputError):
            found = KeyFile(source.file).get(account.name)
            yield from (found.key_id, found.secret) if found else ()


def _without(text: str, secrets: Mapping[str, str]) -> str:
    """The longest first, as one may be part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= LEAST_SECRET:
            text = text.replace(json.dumps(secret)[1:-1], secrets[secret])
    return text
