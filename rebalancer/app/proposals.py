"""What is shown before it is done, and what became of it: frozen values of `tonight` and `setting_change`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rebalancer.app.views import RunResult
from rebalancer.events import SettingChanged


@dataclass(frozen=True, slots=True)
class Tonight:
    """A dry run. `plan` is the hash by which its plan is executed, "" where there is none.

    `question` has to be confirmed before, "" inside the account's window; `refused` says why nothing can be executed
    now, "" where it can. `limits` says what makes the plan void.
    """

    result: RunResult
    plan: str
    question: str
    refused: str
    limits: str


@dataclass(frozen=True, slots=True)
class Execution:
    """A run that was started for a confirmed plan. `state` is "cut off" where its process is gone without a result.

    `run` is None where none was started; then `message` says why.
    """

    execution: str
    account: str
    plan: str
    by: str
    started: datetime
    state: Literal["running", "ended", "cut off"] = "running"
    exit_code: int | None = None
    run: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class EditableSetting:
    """`key` is that within the account, such as "trading.order_type". `schema` is the JSON Schema of its value.

    `value` and `default` are texts; `origin` says where the value was set.
    """

    key: str
    value: str
    origin: str
    meaning: str
    default: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SettingProposal:
    """A change that is not made yet. `disarms` has a sentence for each arming that it would undo.

    `file_hash` is that of the file which was read: the change is saved only while the file is this one.
    """

    account: str
    keys: tuple[str, ...]
    changes: tuple[SettingChanged, ...]
    diff: tuple[str, ...]
    disarms: tuple[str, ...]
    file_hash: str
    content: bytes
