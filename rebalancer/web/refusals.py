"""What is answered instead of a page: a status, a code for programs and a sentence for people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Scope

from rebalancer.errors import (
    BadInputError,
    BusyError,
    Problem,
    RebalancerError,
    RunFailedError,
    SourceError,
    in_tree,
)

API = "/api/"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`problems` are those of a file, a form or a command, each with its place."""

    status: int
    code: str
    message: str
    problems: tuple[Problem, ...] = ()


HEADINGS: Mapping[int, str] = {
    400: "That can't be done",
    401: "Enter first",
    403: "Nothing was done",
    404: "It is not here",
    405: "That can't be done here",
    409: "Not now",
    413: "That is too long",
    415: "That can't be read",
    422: "This form was sent before",
    429: "Wait a minute",
    500: "Something went wrong",
    502: "No answer",
}
"""Of the page that tells a refusal, by its status."""
Refuse = Callable[[Scope, Refusal], Response]


class RefusedError(Exception):
    """Raised by a page or the API to answer with `refusal`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(status, code, message)


def refusal_of(error: Exception) -> Refusal:
    """What is said of `error`. An unexpected one never shows its own text, which may hold a key."""
    match error:
        case RefusedError():
            return error.refusal
        case BadInputError():
            return Refusal(400, "bad_input", str(error), error.problems)
        case BusyError():
            return Refusal(409, "busy", str(error))
        case SourceError():
            return Refusal(502, "no_answer", str(error))
        case RunFailedError():
            return Refusal(409, "not_possible", str(error))
        case RebalancerError():
            return Refusal(500, "stopped", str(error))
    return Refusal(500, "unexpected", str(in_tree(error)))


def is_api(path: str) -> bool:
    """Whether a program asked, which is answered in JSON."""
    return path.startswith(API) or path in {"/health", "/metrics"}
