"""`rebalance export`: the books of accounts, for other programs."""

from rebalancer.app.account_ledger import AccountLedger, Period, account_ledger
from rebalancer.app.chosen import chosen_accounts
from rebalancer.config import Config
from rebalancer.errors import BadInputError


def account_ledgers(config: Config, account: str | None, every: Period) -> tuple[AccountLedger, ...]:
    """Of all accounts, or of one. Balances are those of `every` session, or of the last session of each month.

    Raises BadInputError for an unknown account, and where no run has read an account yet.
    """
    chosen = chosen_accounts(config, account)
    found = tuple(account_ledger(config.journal(), each.name, each.venue.currency, every) for each in chosen)
    if not any(each.lines for each in found):
        text = "the journal has no reading of an account yet: `rebalance run` makes the first"
        raise BadInputError.of("export", text)
    return found
