"""Constraints for pip that hold every requirement of pyproject.toml at its lower bound."""

import re
import sys
import tomllib
from pathlib import Path

settings = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
project = settings["project"]
required = [*settings["build-system"]["requires"], *project["dependencies"]]
for extra in project["optional-dependencies"].values():
    required += extra
for requirement in required:
    sys.stdout.write(re.sub(r">=([^,;]+)(,[^;]*)?", r"==\1", requirement) + "\n")
