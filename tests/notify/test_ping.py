"""Pings in the protocol of healthchecks.io: where they go, and what becomes of those that nobody takes."""

import pytest
from monitor import monitor

from rebalancer.notify.deadline import within
from rebalancer.notify.masking import masked
from rebalancer.notify.ping import address_of, ping, run_uuid

RUN = run_uuid("main", 7)


def test_the_signal_and_the_run_go_into_the_address_also_into_one_with_a_query():
    assert address_of("https://hc.invalid/abc", "") == "https://hc.invalid/abc"
    assert address_of("https://hc.invalid/abc/", "start", RUN) == f"https://hc.invalid/abc/start?rid={RUN}"
    assert address_of("https://hc.invalid/key/evening?create=1", "3", RUN) == (
        f"https://hc.invalid/key/evening/3?create=1&rid={RUN}"
    )


def test_a_run_has_the_same_id_in_every_process_and_another_run_has_another():
    assert str(RUN) == "e7c755a5-64ba-5fe8-9f0a-93fad9efd768"
    assert len({run_uuid("main", 7), run_uuid("main", 8), run_uuid("other", 7)}) == 3


def test_a_ping_that_is_taken_has_no_trouble():
    with monitor() as taking:
        assert ping(f"{taking.url}/abc", "start", RUN, "Run 7") is None
    assert taking.received == [(f"/abc/start?rid={RUN}", "Run 7")]


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("500", "the monitor answered 500"),
        ("redirects", "the monitor answered 302"),
        ("breaks off", "the monitor can't be reached (ConnectionError)"),
        ("hangs", "no answer within 0.2 seconds"),
        ("drips", "no answer within 0.2 seconds"),
    ],
)
def test_a_monitor_that_does_not_take_it_is_trouble_within_the_deadline_and_nothing_is_followed(mood, said):
    with monitor(mood) as failing:
        assert within(0.2 if said.startswith("no answer") else 300, lambda: ping(f"{failing.url}/abc", "")) == said
        assert failing.paths in ([], ["/abc"])  # what is given up may not have been sent yet


def test_the_trouble_never_names_the_address():
    said = within(300, lambda: ping("http://127.0.0.1:9/hunter2", ""))
    assert said is not None
    assert "hunter2" not in said
    assert within(300, lambda: ping("no address", "hunter2")) == "the monitor can't be reached (InvalidURL)"


def test_a_task_that_raises_is_trouble_without_the_words_of_its_error():
    def task() -> None:
        raise ValueError("hunter2")

    assert within(300, task) == "failed with ValueError"


def test_only_the_last_digits_of_an_account_number_leave_the_machine():
    assert masked("account PA3ABCDEF is blocked", ["PA3ABCDEF"]) == "account ***DEF is blocked"
    text = "these keys are of account 123456789, but account_number is 987654321: use the others"
    assert masked(text) == "these keys are of account ***789, but account_number is ***321: use the others"
    assert masked("account main has no keys, run 12 of account x1") == "account main has no keys, run 12 of account x1"
