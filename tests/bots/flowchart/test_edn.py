import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalancer.bots.file_size import CHART_BYTES
from rebalancer.bots.flowchart.document import MAX_DEPTH, MAX_VALUES
from rebalancer.bots.flowchart.edn import MAX_TEXT, Form, looks_like_edn, parse


def refusal(text):
    """The one problem of `text`, as a person reads it."""
    value, problems = parse(text, "bot.clj")
    assert value is None
    assert len(problems) == 1
    return str(problems[0])


def test_each_kind_of_value_is_read():
    text = '(f :key "a text" -1.5e2 10 [nil true false] {:a 1, "b" {}} 7N 2.5M #uuid "x" EQ/US ;; the end\n)'
    nested = {":a": 1.0, "b": {}}
    whole = ["f", ":key", "a text", -150.0, 10.0, [None, True, False], nested, 7.0, 2.5, "x", "EQ/US"]
    assert parse(text, "bot.clj") == (whole, ())


def test_escapes_in_a_text_are_read():
    assert parse(r'("a\"b\\\n\u00e9 \ud83c\udf1f")', "bot.clj")[0] == ['a"b\\\né 🌟']


def test_commas_and_comments_are_blanks():
    assert parse(";; (first)\n(a,,b ; c\n d)", "bot.clj")[0] == ["a", "b", "d"]


def test_a_form_knows_its_line():
    whole, _ = parse('\n(a\n "two\nlines" (b))', "bot.clj")
    assert isinstance(whole, Form)
    assert whole.line == 2
    assert isinstance(whole[2], Form)
    assert whole[2].line == 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("(a\n (b)", 'line 2: the text ends here, and the "(" of line 1 is open'),
        ("(a\n [b)", 'line 2: ")" closes the "[" of line 2'),
        ("(a))", 'line 1: ")" closes nothing'),
        ("(a) (b)", "line 1: the text has 2 values"),
        ("", "the text has 0 values"),
        ("5", "the text has 1 values; a bot is a single list or map"),
        ("{:a 1 :b}", "a map ends with a key that has no value"),
        ("{:a 1 :a 2}", 'the key ":a" stands twice in a map'),
        ("{1 2}", "a key that is neither a keyword nor a text"),
        ("#{1}", "'#' begins nothing that is read here"),
        ("(#_ a)", "'#' begins nothing"),
        ("(quote 'a)", "begins nothing"),
        ("(1/3)", "'1' begins nothing"),
        ("(12abc)", "'1' begins nothing"),
        (r'("\q")', "is no escape in a text"),
        (r'("\ud83c")', "half a character is escaped"),
        ('("open', "begins nothing"),
        ("(1e16)", "this number is too large"),
        ("(1e999)", "this number is too large"),
        ("(" + "9" * 5000 + ")", "this number is too large"),
        ("(##NaN)", "'#' begins nothing"),
    ],
)
def test_what_is_no_value_is_refused_with_its_line(text, sentence):
    assert sentence in refusal(text)


@pytest.mark.parametrize("brackets", ["()", "[]"])
def test_any_nesting_within_the_limit_is_read(brackets):
    levels = MAX_DEPTH - 1
    value, problems = parse(brackets[0] * levels + brackets[1] * levels, "bot.clj")
    assert problems == ()
    for _ in range(levels - 1):
        (value,) = value
    assert value == []


@pytest.mark.parametrize("start", ["(", "[", "{:a "])
def test_deeper_nesting_is_refused_in_a_sentence(start):
    assert "nested more than 5,000 deep" in refusal(start * (MAX_DEPTH + 1))


def test_what_is_too_long_is_refused_in_a_sentence():
    assert "up to 10,000,000 are read" in refusal("(" + " " * CHART_BYTES + ")")
    assert "more than 100,000 values" in refusal("(" + "1 " * (MAX_VALUES + 1) + ")")
    assert "this text has 100,001 characters" in refusal('("' + "a" * (MAX_TEXT + 1) + '")')


@given(st.text('(){}[]" :;#\\\n,01.-+eaNM_^', max_size=40) | st.text(max_size=20))
def test_no_text_raises(text):
    value, problems = parse(text, "bot.clj")
    assert (value is None) == bool(problems)


@pytest.mark.parametrize("text", ["(a)", " ;x\n{}", "{:a 1}", "{ :a 1}", "{,:a 1}"])
def test_edn_is_told_from_json_by_how_it_begins(text):
    assert looks_like_edn(text)


@pytest.mark.parametrize("text", ['{"a": 1}', "{}", "[1]", '"(a)"', ""])
def test_json_is_not_taken_for_edn(text):
    assert not looks_like_edn(text)
