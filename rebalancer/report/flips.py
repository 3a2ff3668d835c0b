"""How near the gates of a decision are to deciding otherwise, in words: "flips if QQQ falls 0.31 % to 512.44"."""

from collections.abc import Iterable, Sequence

from rebalancer.events import BotDecided
from rebalancer.model import Flip
from rebalancer.model.text import percent


def sentence(flip: Flip) -> str:
    """What flips the gate, or why nothing does."""
    if flip.move is None:
        return flip.why
    verb = "falls" if flip.move < 0 else "rises"
    by = percent(abs(flip.move)) if abs(flip.move) >= 0.0001 else "less than 0.01 %"
    return f"flips if {flip.symbol} {verb} {by} to {flip.flips_at:,f}"


def with_flips(path: Sequence[str], flips: Iterable[Flip]) -> tuple[str, ...]:
    """The lines of `path`, each gate with its sentence below it, indented further."""
    below = {flip.step: sentence(flip) for flip in flips}
    lines: list[str] = []
    for step, text in enumerate(path):
        lines.append(text)
        if step in below:
            indent = len(text) - len(text.lstrip(" ")) + 2
            lines.append(" " * indent + below[step])
    return tuple(lines)


def nearest(decisions: Iterable[object]) -> str | None:
    """A line on the gate of all bots that the smallest move of a price flips; None where no gate is known to flip."""
    found = [
        (abs(flip.move), made, flip)
        for made in decisions
        if isinstance(made, BotDecided)
        for flip in made.flips
        if flip.move is not None
    ]
    if not found:
        return None
    _, made, flip = min(found, key=lambda each: each[0])
    return f"Nearest to deciding otherwise: {made.bot} {sentence(flip)}: {made.path[flip.step].lstrip()}"
