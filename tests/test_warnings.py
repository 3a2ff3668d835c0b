"""What our own code earns fails a test; what a dependency does inside itself, or to another one, never does."""

import warnings

import pytest


def warn_in(module: str, category: type[Warning] = DeprecationWarning) -> None:
    warnings.warn_explicit("old", category, f"{module}.py", 1, module)


@pytest.mark.parametrize("module", ["numpy", "click.utils", "typer", "alpaca.common.rest"])
@pytest.mark.parametrize("category", [DeprecationWarning, PendingDeprecationWarning, FutureWarning, UserWarning])
def test_a_warning_inside_a_dependency_fails_nothing(module, category):
    with warnings.catch_warnings(record=True):
        warn_in(module, category)


@pytest.mark.parametrize(
    "module", ["rebalancer.cli.app", "test_monthly", "conftest", "stage", "lab.run", "local_alpaca"]
)
@pytest.mark.parametrize("category", [DeprecationWarning, FutureWarning, UserWarning])
def test_a_warning_in_our_own_code_or_in_a_test_is_an_error(module, category):
    with pytest.raises(category):
        warn_in(module, category)


@pytest.mark.parametrize("module", ["sqlite3", "rebalancer.journal.store", "weakref"])
@pytest.mark.parametrize("category", [ResourceWarning, pytest.PytestUnraisableExceptionWarning])
def test_an_unclosed_resource_is_an_error_wherever_it_is_noticed(module, category):
    with pytest.raises(category):
        warn_in(module, category)


def test_a_thread_whose_tracing_could_not_be_changed_fails_nothing():
    category = pytest.PytestUnraisableExceptionWarning
    with warnings.catch_warnings(record=True):
        warnings.warn_explicit("Exception ignored in PyEval_SetTrace: None", category, "threading.py", 1, "threading")
