import ast
from pathlib import Path

import pytest

from rebalancer import model


def test_each_name_that_the_model_declares_is_found_in_the_file_that_has_it():
    declared = [
        (imported.module, name.name)
        for imported in ast.walk(ast.parse(Path(model.__file__).read_text(encoding="utf-8")))
        if isinstance(imported, ast.ImportFrom) and str(imported.module).startswith("rebalancer.model.")
        for name in imported.names
    ]
    assert len(declared) > 60
    for file, name in declared:
        assert getattr(model, name) is getattr(__import__(file, fromlist=[name]), name)


def test_a_name_that_the_model_does_not_have_is_an_error():
    unknown = "Sandwich"
    with pytest.raises(AttributeError, match=r"module 'rebalancer\.model' has no attribute 'Sandwich'"):
        getattr(model, unknown)
