"""What the templates write: everything escaped and visible, a change with its sign."""

from decimal import Decimal

import pytest
from jinja2 import UndefinedError

from rebalancer.web.rendering import environment


def test_a_change_has_its_sign_unless_nothing_is_left_of_it():
    page = environment().from_string("{{ each|signed_percentage }}")
    shown = [page.render(each=each) for each in (0.0123, Decimal("-0.5"), -0.000001, 0, 12.3456)]
    assert shown == ["+1.23 %", "-50.00 %", "0.00 %", "0.00 %", "+1,234.56 %"]


def test_a_name_is_escaped_and_what_a_screen_obeys_is_shown():
    made = environment().from_string("{{ name }}").render(name="<b>\u202e\x1b")
    assert made == "&lt;b&gt;\\u202e\\x1b"


def test_a_command_in_a_sentence_is_code_and_nothing_else_of_it_is_markup():
    made = environment().from_string("{{ told|with_code }}").render(told="Use `a <b>`, <i>not` \u202e.")
    assert made == "Use <code>a &lt;b&gt;</code>, &lt;i&gt;not` \\u202e."


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()
