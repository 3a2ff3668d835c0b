"""The secret addresses of the monitor and of recipients: stored by a person, checked by the doctor."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from rebalancer.app.messages import trial
from rebalancer.app.observers import troubles
from rebalancer.app.views import DeliveryTest
from rebalancer.config import Config
from rebalancer.config.observers import read_url, store_url
from rebalancer.config.tables import UrlSource
from rebalancer.errors import BadInputError
from rebalancer.files import try_to_replace
from rebalancer.model.checkup import Check
from rebalancer.model.text import known_names
from rebalancer.notify import ping
from rebalancer.notify.deadline import within
from rebalancer.notify.message import NO_LIBRARY, send

PROMETHEUS = ".prom"
TRIAL_SECONDS = 20.0


def sources(config: Config) -> Mapping[str, UrlSource]:
    """By the name that `notify login` takes: "ping", or a recipient's."""
    ping = {"ping": config.ping} if config.ping else {}
    return {**ping, **{each.name: each.url for each in config.notify}}


def store_address(config: Config, name: str, enter: Callable[[], str]) -> str:
    """Store the address that `enter` returns in the file that the config names, else in the keyring; that place's name.

    Raises BadInputError for an unknown name, and where it was not stored.
    """
    known = sources(config)
    if name not in known:
        text = f"there is no {name!r}; {known_names(name, known)}" if known else "there is no [ping] and no [[notify]]"
        raise BadInputError.of(config.path, text)
    if known[name].variable:
        raise BadInputError.of(config.path, "takes its address from url: take that line out first", known[name].key)
    where = store_url(known[name], enter())
    read_url(known[name])
    return where


def observer_checks(config: Config) -> Iterator[Check]:
    """Whether each address can be read, and what went wrong the last time it was used. Nothing is sent."""
    found = troubles(config)
    if config.notify and find_spec("apprise") is None:
        yield Check("notify", "fail", "messages need the library apprise", "pip install 'rebalancer[notify]'")
    for name, source in sources(config).items():
        check = name if name == "ping" else f"notify {name}"
        try:
            read_url(source)
        except BadInputError as error:
            yield Check(check, "fail", str(error), "Runs continue without it, and you get no notification.")
            continue
        yield _check(check, found.get(check), "its address can be read")
    if config.metrics is not None:
        yield metrics_check(config.metrics, found.get("metrics"))


def _check(name: str, trouble: str | None, otherwise: str) -> Check:
    if trouble is None:
        return Check(name, "pass", otherwise)
    return Check(name, "warn", trouble, "Runs go on without it. The next one that works takes this back.")


def metrics_check(file: Path, trouble: str | None = None) -> Check:
    """Whether the text file can be written, and whether a collector would read it."""
    try:
        try_to_replace(file)
    except OSError as error:
        text = f"{file} can't be written: {error.strerror}"
        return Check("metrics", "fail", text, "Make its folder writable for this user, or name another textfile.")
    if file.suffix != PROMETHEUS:
        text = f"{file} does not end in {PROMETHEUS}, and the collector reads no other files"
        return Check("metrics", "warn", text, f'Name it textfile = "{file.with_suffix(PROMETHEUS).name}".')
    return _check("metrics", trouble, f"figures are written to {file}")


def try_all(config: Config, seconds: float = TRIAL_SECONDS) -> tuple[DeliveryTest, ...]:
    """Send a test to every address. The monitor keeps it as a line in its log: it counts as no ping."""
    found = []
    for name, source in sources(config).items():
        found.append(DeliveryTest(name, _tried(config, name, source, seconds)))
    return tuple(found)


def _tried(config: Config, name: str, source: UrlSource, seconds: float) -> str:
    """What went wrong, with the remedy; "" where the test was taken."""
    if missing := within(seconds, partial(_missing, config, source)):
        return missing
    trouble = within(seconds, partial(_try, config, name, source))
    return f"{trouble}. {_remedy(source)}" if trouble else ""


def _missing(config: Config, source: UrlSource) -> str | None:
    """What has to be there before anything is sent; each says what to do."""
    try:
        read_url(source)
    except BadInputError as error:
        return str(error)
    return None if source is config.ping or find_spec("apprise") else NO_LIBRARY


def _try(config: Config, name: str, source: UrlSource) -> str | None:
    url = read_url(source)
    return ping.ping(url, "log", text="A test of rebalance.") if source is config.ping else send(url, trial(name))


def _remedy(source: UrlSource) -> str:
    if source.variable:
        other = f"set another in the environment variable {source.variable}"
    else:
        other = f"`rebalance notify login {source.entry}` stores another"
    return (
        f"Look at the network and at the service's status page. If the address of {source.key} in {source.config} is "
        f"no longer right, {other}; then try again with `rebalance notify test`"
    )
