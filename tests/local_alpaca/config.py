"""The config of an account at the local Alpaca."""

CONFIG = """
state_dir = "state"
[data]
since = 2026-09-01
[trading]
fallback_ticker = "{fallback}"
[accounts.paper]
enabled = {enabled}
broker = "alpaca"
key_id = "${{KEY_ID}}"
secret = "${{SECRET}}"
base_url = "{url}"
data_url = "{url}"
[[accounts.paper.investments]]
bot = "{bot}"
amount = 100
weight_mode = "percent"
"""


def paper_config(url: str, bot: str = "hold.json", fallback: str = "SGOV", *, enabled: bool = False) -> str:
    """All of the account's money is committed to `bot`; the keys are the variables KEY_ID and SECRET."""
    return CONFIG.format(url=url, bot=bot, fallback=fallback, enabled=str(enabled).lower())
