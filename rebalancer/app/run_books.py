"""The books after a run: what crossed in it, and what is kept of them, so that no look begins at the first line."""

from dataclasses import replace

from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import in_tree
from rebalancer.journal.crossed import crossed, would_cross
from rebalancer.journal.kept_books import keep_up
from rebalancer.model import RunId


def with_books(config: Config, account: AccountConfig, result: RunResult) -> tuple[RunResult, str | None]:
    """`result` with what crossed in its run; and where the books can't be made, a sentence: the run itself is over."""
    if result.run is None or result.run.plan is None:
        return result, None
    journal, made = config.journal(), result.run.run
    try:
        if made.dry_run:
            passed = would_cross(journal, config.journal(dry_run=True), account.name, RunId(made.id))
            return replace(result, crossed=passed), None
        passed = crossed(journal, account.name, RunId(made.id))
        keep_up(journal, account.name, account.bots)
        return replace(result, crossed=passed), None
    except Exception as error:  # noqa: BLE001 - whatever it is: it must not cost the run its result
        return result, f"The bots' books can't be made after this run: {in_tree(error)}"
