"""Keys are shown in no text form."""

import traceback

import pytest

from rebalancer.model.keys import Keys

KEYS = Keys("PKCANARY", "canary-secret")


@pytest.mark.parametrize("shown", [repr(KEYS), str(KEYS), f"{KEYS}", f"{[KEYS]}", repr({"keys": KEYS})])
def test_no_text_form_shows_either_key(shown):
    assert "CANARY" not in shown.upper()


def test_a_traceback_with_variables_does_not_show_the_keys():
    def fail(keys):
        return keys.nothing_of_this_name

    with pytest.raises(AttributeError) as failed:
        fail(KEYS)
    traceback_text = "".join(traceback.TracebackException.from_exception(failed.value, capture_locals=True).format())
    assert "keys = Keys()" in traceback_text
    assert "canary" not in traceback_text.lower()


@pytest.mark.parametrize("part", ["", "two words", "line\nbreak", "tab\t", "schlüssel", "\x00"])
def test_a_key_that_is_invalid_in_a_header_is_refused(part):
    assert not Keys(part, "secret").well_formed
    assert not Keys("PK", part).well_formed
    assert KEYS.well_formed


def test_keys_quoted_in_a_text_are_redacted():
    assert KEYS.redacted("PKCANARY and canary-secret") == "*** and ***"
