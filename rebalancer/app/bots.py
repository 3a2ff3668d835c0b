"""Bot files -> programs."""

from collections.abc import Mapping
from pathlib import Path

from rebalancer.bots.flowchart import formats
from rebalancer.bots.flowchart.compile import Program, compile_chart
from rebalancer.config.files import content_of
from rebalancer.errors import BadInputError, Problem


def read_bots(paths: Mapping[str, Path]) -> dict[str, bytes]:
    """The bytes of each bot's file. Raises BadInputError with every file that can't be read."""
    contents, problems = {}, []
    for name, path in paths.items():
        try:
            contents[name] = content_of(path)
        except OSError as error:
            problems.append(Problem(str(path), "", f"bot {name!r} can't be read: {error.strerror}"))
    if problems:
        raise BadInputError(problems)
    return contents


def compile_bots(paths: Mapping[str, Path], contents: Mapping[str, bytes]) -> dict[str, Program]:
    """Each bot as a program. Raises BadInputError with every problem of every file."""
    programs: dict[str, Program] = {}
    problems: list[Problem] = []
    for name, content in contents.items():
        chart, found = formats.read(content, str(paths[name]))
        problems.extend(found)
        if chart is not None:
            programs[name] = compile_chart(chart)
    if problems:
        raise BadInputError(problems)
    return programs
