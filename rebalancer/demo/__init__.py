"""The demo: a config, four bots and prices, all in the package, so that a fresh clone has something to run."""

from importlib.resources import files
from pathlib import Path

NOTE = "DEMO: no settings were found, so this is the demo account at the simulated broker. No money moves."


def config_path() -> Path:
    """The demo's config; its bots stand beside it. A path, since an installed package is a folder on disk."""
    return Path(str(files(__name__).joinpath("config.toml")))
