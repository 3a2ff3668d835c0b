"""How near a decision is to another: observed once it is made."""

from dataclasses import replace

from rebalancer.bots.base import Bot
from rebalancer.model import BotFailure, Closes, Decision


def with_flips(bot: Bot, closes: Closes, decision: Decision) -> tuple[Decision, str]:
    """`decision`, made on `closes`, with its flips; and why there are none, or "".

    An error in them, whatever it is, must not cost the evening its decision. It is returned as a sentence to be shown.
    """
    if isinstance(decision, BotFailure):
        return decision, ""
    try:
        return replace(decision, flips=bot.flips(closes, decision)), ""
    except Exception as error:  # noqa: BLE001 - any error: the decision stands
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        return decision, f"how near {bot.name} is to deciding otherwise could not be computed: {why}"
