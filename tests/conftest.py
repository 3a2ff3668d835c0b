"""pandas comes before any freezegun: its first import under frozen time crashes the interpreter (pandas #64023)."""

import pandas as pd
from hypothesis import settings

settings.register_profile("project", deadline=None, print_blob=True)
settings.load_profile("project")

assert pd.__version__
