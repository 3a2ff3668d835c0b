"""The books after a run: what crossed in it, and what is kept of them, so that no look begins at the first line."""

from dataclasses import replace

from rebalancer.app.tax_flags import with_tax_flags
from rebalancer.app.views import RunResult
from rebalancer.config import AccountConfig, Config
from rebalancer.errors import in_tree
from rebalancer.journal.crossed import crossed, would_cross
from rebalancer.journal.kept_books import keep_up, replayed
from rebalancer.journal.seal import is_sound
from rebalancer.model import RunId


def with_books(config: Config, account: AccountConfig, result: RunResult) -> tuple[RunResult, str | None]:
    """`result` with what crossed in its run, of a dry run with its tax flags, too.

    Also a sentence where the books can't be made, since the run itself is over.
    """
    if result.run is None or result.run.plan is None:
        return result, None
    journal, made = config.journal(), result.run.run
    try:
        if made.dry_run:
            books = replayed(journal, account.name)
            passed = would_cross(books.keeper, config.journal(dry_run=True), RunId(made.id))
            return with_tax_flags(account, books.lots, replace(result, crossed=passed)), None
        keep_up(journal, account.name, account.bots, is_sound)
        return replace(result, crossed=crossed(journal, account.name, RunId(made.id))), None
    except Exception as error:  # noqa: BLE001 - whatever it is: it must not cost the run its result
        return result, f"The bots' books can't be made after this run: {in_tree(error)}"
