"""What starts the program by itself, as text: systemd's units, launchd's property list, a crontab's block. Pure.

The last line of each seals what is above it, so that no text of another program, and no change by hand, is ever
overwritten.
"""

import html
import plistlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from rebalancer.model.text import counted

Way = Literal["schedule", "timer", "cron", "launchd"]
Seal = Literal["absent", "ours", "edited", "foreign"]
"""Whose a text is: `edited` was ours, and somebody changed it."""
SEALED = re.compile(r"written by `rebalance service install`, sha256 ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Setup:
    """What is to be started, and how: every path is absolute.

    `program` begins each command. `writable` are folders that it writes beside `state_dir`. `user`: whom a unit of the
    whole machine runs as; None for the units of the user's own. `credentials` are files by the name under which systemd
    delivers them. `minutes` is how often cron or a timer asks whether a run is due.
    """

    name: str
    program: tuple[str, ...]
    config: Path
    state_dir: Path
    stop_seconds: int
    watchdog_seconds: int
    minutes: int
    user: str | None = None
    writable: tuple[Path, ...] = ()
    credentials: Mapping[str, Path] = field(default_factory=dict)

    def command(self, *words: str, logged: bool = False) -> tuple[str, ...]:
        """`logged`: into a file, where what starts it keeps no log."""
        log = ("--log-file", str(self.state_dir / "rebalance.log")) if logged else ()
        return (*self.program, *words, "--config", str(self.config), *log)


CRONTAB = "the crontab"


def files_of(way: Way, name: str) -> tuple[str, ...]:
    """What a way to start the program called `name` consists of, what is started first; CRONTAB is no file of ours."""
    files: Mapping[Way, tuple[str, ...]] = {
        "schedule": (f"{name}.service",),
        "timer": (f"{name}-due.timer", f"{name}-due.service"),
        "cron": (CRONTAB,),
        "launchd": (f"{_label(name)}.plist",),
    }
    return files[way]


def texts_of(way: Way, setup: Setup) -> Mapping[str, str]:
    """What belongs into each of `files_of`; into the crontab a block."""
    texts: Mapping[Way, tuple[str, ...]] = {
        "schedule": (schedule_unit(setup),),
        "timer": (timer_unit(setup), due_unit(setup)),
        "cron": (cron_block(setup),),
        "launchd": (property_list(setup),),
    }
    return dict(zip(files_of(way, setup.name), texts[way], strict=True))


def _label(name: str) -> str:
    return f"local.{name}"


# ------------------------------------------------------------------------------------------------ whose a text is


def sealed(body: str, before: str = "# ", after: str = "") -> str:
    """`body` with a last line, a comment, that names its hash."""
    return f"{body}{before}written by `rebalance service install`, sha256 {_hash(body)}{after}\n"


def seal_of(text: str | None) -> Seal:
    if text is None:
        return "absent"
    body, _, last = text.rstrip("\n").rpartition("\n")
    found = SEALED.search(last)
    if found is None:
        return "foreign" if SEALED.search(text) is None else "edited"
    return "ours" if found[1] == _hash(f"{body}\n") else "edited"


def _hash(body: str) -> str:
    return sha256(body.encode()).hexdigest()


# ------------------------------------------------------------------------------------------------ systemd

ANYWHERE = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
"""
MACHINE_WIDE = """\
CapabilityBoundingSet=
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
"""
"""Refused to the units of a user: each needs a capability that their service manager has not."""


def schedule_unit(setup: Setup) -> str:
    """`rebalance schedule` as a service that stays."""
    # A watchdog's SIGABRT would write the memory, which has the keys, to the disk: no core.
    return sealed(f"""\
[Unit]
Description=rebalance: the accounts of {_unit_word(setup.config)}, shortly before every close
{_network(setup)}StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={_unit_command(setup.command("schedule"))}
Restart=on-failure
RestartSec=30
# The longest silence of a schedule that works, by its settings; then SIGABRT, and the next start recovers.
WatchdogSec={setup.watchdog_seconds}
# The longest wait for orders that were sent, by the settings.
TimeoutStopSec={setup.stop_seconds}
KillMode=mixed
{_surroundings(setup)}
[Install]
WantedBy={"default.target" if setup.user is None else "multi-user.target"}
""")


def due_unit(setup: Setup) -> str:
    """`rebalance run --when-due` as a service that a timer wakes."""
    return sealed(f"""\
[Unit]
Description=rebalance: what is due of the accounts of {_unit_word(setup.config)}
{_network(setup)}
[Service]
Type=oneshot
ExecStart={_unit_command(setup.command("run", "--when-due"))}
# The longest wait for orders that were sent, by the settings.
TimeoutStopSec={setup.stop_seconds}
KillMode=mixed
{_surroundings(setup)}""")


def timer_unit(setup: Setup) -> str:
    """It only wakes: half days and holidays are the program's to know. What was slept through is not made up for."""
    return sealed(f"""\
[Unit]
Description=rebalance: asks whether a run is due

[Timer]
OnCalendar=*:0/{setup.minutes}
AccuracySec=1s
Persistent=false

[Install]
WantedBy=timers.target
""")


def _network(setup: Setup) -> str:
    if setup.user is None:
        return ""  # a user's service manager knows neither target
    return "After=network-online.target time-sync.target\nWants=network-online.target\n"


def _surroundings(setup: Setup) -> str:
    folders = " ".join(map(_unit_word, (setup.state_dir, *setup.writable)))
    lines = [
        *([] if setup.user is None else [f"User={setup.user}"]),
        f"Environment={_unit_word(f'REBALANCE_STATE={setup.state_dir}')}",
        f"ReadWritePaths={folders}",
        *(f"LoadCredential={name}:{str(path).replace('%', '%%')}" for name, path in setup.credentials.items()),
        "UMask=0077",
        "LimitCORE=0",
    ]
    return "\n".join(lines) + "\n" + ANYWHERE + ("" if setup.user is None else MACHINE_WIDE)


def _unit_command(words: tuple[str, ...]) -> str:
    return " ".join(_unit_word(word).replace("$", "$$") for word in words)


def _unit_word(word: object) -> str:
    escaped = str(word).replace("%", "%%")
    return escaped if re.fullmatch(r"[\w%@+=:,./-]+", escaped, re.ASCII) else f'"{escaped}"'


def unescaped(text: str) -> str:
    """`text` of a unit, an agent or the crontab with its paths as they are."""
    return html.unescape(text).replace("%%", "%").replace("\\%", "%")


# ------------------------------------------------------------------------------------------------ launchd and cron


def property_list(setup: Setup) -> str:
    """An agent of launchd for `rebalance schedule`. It gets the time to await its orders, which would be 20 seconds."""
    content = {
        "Label": _label(setup.name),
        "ProgramArguments": [*setup.command("schedule", logged=True)],
        "EnvironmentVariables": {"REBALANCE_STATE": str(setup.state_dir)},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        "ExitTimeOut": setup.stop_seconds,
        "Umask": 0o077,
        "HardResourceLimits": {"Core": 0},
        "StandardErrorPath": str(setup.state_dir / "rebalance.err"),
    }
    text = plistlib.dumps(content, sort_keys=False).decode().replace("\t", "  ")
    return sealed(text, "<!-- ", " -->")


def cron_block(setup: Setup) -> str:
    """A line that asks whether a run is due, between two lines of ours. cron makes a line break of a bare %."""
    command = shlex.join(
        ["env", f"REBALANCE_STATE={setup.state_dir}", *setup.command("run", "--when-due", logged=True)]
    )
    often = f"*/{setup.minutes}" if setup.minutes > 1 else "*"
    body = f"{_begin(setup.name)}\n{often} * * * * {command.replace('%', chr(92) + '%')}\n"
    return sealed(body, f"{_end(setup.name)} ")


def _begin(name: str) -> str:
    return f"# BEGIN {name}:"


def _end(name: str) -> str:
    return f"# END {name}:"


def block_in(crontab: str, name: str) -> str | None:
    """The block called `name`; None where there is none. Raises ValueError where its lines are not a pair."""
    lines = crontab.splitlines(keepends=True)
    begins, ends = (
        [number for number, line in enumerate(lines) if line.startswith(word)] for word in (_begin(name), _end(name))
    )
    if not begins and not ends:
        return None
    if not (len(begins) == len(ends) == 1 and begins < ends):
        raise ValueError(
            f"the crontab has {counted(len(begins), 'line')} {_begin(name)!r} and {counted(len(ends), 'line')} "
            f"{_end(name)!r}, and one of each belongs there, in this order: mend it with `crontab -e`"
        )
    return "".join(lines[begins[0] : ends[0] + 1])


def with_block(crontab: str, name: str, block: str) -> str:
    """`crontab` with `block` in the place of the one called `name`, or at its end; "" takes it out."""
    before = block_in(crontab, name)
    if before is not None:
        return crontab.replace(before, block, 1)
    between = "" if crontab.endswith("\n") or not crontab else "\n"
    return f"{crontab}{between}{block}" if block else crontab
