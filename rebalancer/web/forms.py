"""What a form sends: its fields, and the files chosen in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from rebalancer.errors import BadInputError, echoed
from rebalancer.web.refusals import RefusedError

MOST_FIELDS = 500
MOST_BYTES = 64 * 1024
"""Of a form without files."""
Choice = TypeVar("Choice", bound=str)
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file chosen in a form. `name` is its last part alone: a path in it would lead out of the folder of bots."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """Of a field that was sent twice the last value counts."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Raises RefusedError for a field that the form has not."""
        if name not in self.fields:
            raise RefusedError(400, "missing_field", f"The form has no field {name!r}. Reload the page.")
        return self.fields[name]

    def get(self, name: str, otherwise: str = "") -> str:
        return self.fields.get(name, otherwise)

    def one_of(self, name: str, *choices: Choice) -> Choice:
        """Raises BadInputError for anything but one of `choices`."""
        for choice in choices:
            if choice == self[name]:
                return choice
        raise BadInputError.of(name, f"{echoed(self[name])} is not allowed: use {' or '.join(choices)}")


async def body_of(request: Request, most: int) -> bytes:
    """Raises RefusedError beyond `most` bytes, before they are read where their number is announced."""
    announced = request.headers.get("content-length", "0")
    body = bytearray()
    if not (announced.isascii() and announced.isdigit() and int(announced) <= most):
        raise _too_long(most)
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_long(most)
    return bytes(body)


def _too_long(most: int) -> RefusedError:
    return RefusedError(413, "too_long", f"What was sent is too long: up to {most // 1024:,} KiB are read here.")


def parsed(content_type: str, body: bytes, *, files: bool = False) -> Form:
    """Raises RefusedError for anything that no form of a browser sends, and without `files` for a form with some."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == URLENCODED:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST_FIELDS
            )
            return Form(dict(pairs))
        if kind == MULTIPART and files:
            return _multipart(content_type, body)
    except ValueError as error:
        raise RefusedError(400, "bad_form", "What was sent is no form of this page. Reload it.") from error
    raise RefusedError(415, "no_form", f"This form is sent as {MULTIPART if files else URLENCODED}.")


def _multipart(content_type: str, body: bytes) -> Form:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    parts = list(message.iter_parts())
    if message.defects or len(parts) > MOST_FIELDS:
        raise ValueError(f"{len(parts)} parts")
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    for part in parts:
        name, file, content = part.get_param("name", header="content-disposition"), part.get_filename(), _content(part)
        if not isinstance(name, str):
            raise ValueError("a part without a name")  # noqa: TRY004 - a form, not a type
        if file is None:
            fields[name] = content.decode()
        else:
            files[name] = Upload(last_part(file), content)
    return Form(fields, files)


def _content(part: object) -> bytes:
    found = part.get_payload(decode=True)  # type: ignore[attr-defined]  # of email.message.Message
    return found if isinstance(found, bytes) else b""


def last_part(name: str) -> str:
    r"""Of a path as a POSIX or a Windows browser writes it: "../a.json" and "C:\a.json" are "a.json"."""
    return PureWindowsPath(PurePosixPath(name).name).name
