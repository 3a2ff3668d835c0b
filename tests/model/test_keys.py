"""A key never shows itself."""

import traceback

import pytest

from rebalancer.model.keys import Keys

KEYS = Keys("PKCANARY", "canary-secret")


@pytest.mark.parametrize("shown", [repr(KEYS), str(KEYS), f"{KEYS}", f"{[KEYS]}", repr({"keys": KEYS})])
def test_no_text_of_it_shows_either_part(shown):
    assert "CANARY" not in shown.upper()


def test_a_traceback_with_its_variables_does_not_show_it():
    def fail(keys):
        return keys.nothing_of_this_name

    with pytest.raises(AttributeError) as failed:
        fail(KEYS)
    told = "".join(traceback.TracebackException.from_exception(failed.value, capture_locals=True).format())
    assert "keys = Keys()" in told
    assert "canary" not in told.lower()


@pytest.mark.parametrize("part", ["", "two words", "line\nbreak", "tab\t", "schlüssel", "\x00"])
def test_a_key_that_is_invalid_in_a_header_is_refused(part):
    assert not Keys(part, "secret").well_formed
    assert not Keys("PK", part).well_formed
    assert KEYS.well_formed


def test_a_text_that_quotes_it_is_blotted_out():
    assert KEYS.redacted("PKCANARY and canary-secret") == "*** and ***"
