"""Parameters that several calls share."""

from rebalancer.web.calls import MOST_LISTED, Parameter

MODE = Parameter("mode", "Only accounts of this mode.", {"enum": ["paper", "live"]})
ACCOUNT = Parameter("account", "Only this account; needed where there are several.")
BOT = Parameter("bot", "The bot's name.", required=True, path=True)
LIMIT = Parameter("limit", "How many are listed.", {"type": "integer", "minimum": 1, "maximum": MOST_LISTED})
DRY_RUN = Parameter("dryRun", "Only the word false does it; anything else, or nothing, shows what would be done.")
