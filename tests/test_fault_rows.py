"""Every row of the faults in `reliability.md`, section 5, and the tests that show what the program does about it.

A row whose value is a sentence has no test, and the sentence says why. A renamed or missing test fails here.
"""

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FACTS = TESTS.parent.parent / "shared" / "facts" / "reliability.md"
COUNTS = {"N": 23, "O": 17, "Q": 14, "S": 5, "T": 9, "D": 11, "P": 10, "W": 11, "X": 3}

ROWS: Mapping[str, str | tuple[str, ...]] = {
    # ------------------------------------------------------------------------------------------- network
    "N1 timeout before accept": (
        "venues/contract.py::test_an_order_whose_answer_breaks_is_unknown_sent_once_and_found_if_it_arrived",
        "trading/test_alpaca_evening.py::test_an_order_that_never_arrived_is_sent_once_more_under_its_own_id",
    ),
    "N2 timeout after accept": (
        "trading/test_alpaca_evening.py::test_an_order_whose_answer_is_lost_reaches_the_venue_once",
        "trading/test_unknown_outcomes.py::test_hundreds_of_orders_whose_answers_are_lost_are_taken_once_each",
    ),
    "N3 reset after accept": (
        "trading/test_alpaca_evening.py::test_a_hundred_orders_whose_answers_are_lost_reach_the_venue_once_each",
    ),
    "N4 end of file": ("venues/alpaca/test_client.py::test_an_order_is_sent_once_even_without_an_answer",),
    "N5 late accept": (
        "trading/test_unknown_outcomes.py::test_an_order_that_arrives_late_is_taken_once_and_found_by_the_next_run",
        "trading/test_alpaca_evening.py::test_a_lost_order_that_arrives_after_the_evening_halts_the_next_and_is_counted",
    ),
    "N6 the same answer or fill twice": (
        "venues/alpaca/test_orders_and_executions.py::test_a_fill_that_is_listed_twice_counts_once",
        "journal/test_projections.py::test_the_same_execution_counts_once",
    ),
    "N7 statuses out of order": (
        "journal/test_projections.py::test_a_late_status_does_not_reopen_a_finished_order",
        "journal/test_projections.py::test_a_late_answer_does_not_replace_a_status",
    ),
    "N8 too many requests": (
        "venues/alpaca/test_client.py::test_a_read_is_retried_until_it_is_answered",
        "venues/alpaca/test_client.py::test_an_order_is_sent_once_whatever_the_answer",
        "venues/alpaca/test_client.py::test_the_rate_of_any_minute_stays_below_the_venues",
        "trading/test_alpaca_rough_edges.py::test_an_order_refused_by_a_busy_venue_is_sent_again_under_its_own_id",
        "trading/test_alpaca_rough_edges.py::test_an_order_that_a_busy_venue_never_took_is_refused_and_not_lost",
    ),
    "N9 500 to 504": (
        "venues/alpaca/test_client.py::test_reads_of_a_failing_venue_are_retried_until_the_deadline",
        "venues/contract.py::test_b11_a_failed_look_up_is_not_an_absence",
    ),
    "N10 broken bodies": (
        "venues/alpaca/test_parse.py::test_any_response_is_parsed_or_reported_as_a_venue_error",
        "venues/alpaca/test_parse.py::test_a_malformed_list_is_not_read_as_empty",
        "venues/alpaca/test_client.py::test_nine_megabytes_are_read",
        "venues/alpaca/test_client.py::test_no_answer_takes_more_than_seconds_and_62_megabytes",
    ),
    "N11 redirect": ("venues/alpaca/test_client.py::test_a_redirect_is_never_followed",),
    "N12 no content type": (
        "venues/alpaca/test_client.py::test_an_answer_without_a_content_type_is_parsed_by_its_content",
    ),
    "N13 unknown status or field": (
        "venues/contract.py::test_b10_an_unknown_status_is_an_open_order",
        "venues/alpaca/test_parse.py::test_every_other_status_is_open",
    ),
    "N14 odd numbers": (
        "venues/alpaca/test_parse.py::test_a_number_that_is_not_finite_is_refused",
        "venues/alpaca/test_parse.py::test_a_number_is_never_rounded",
        "trading/test_alpaca_rough_edges.py::test_our_own_position_without_a_value_is_traded_at_the_market_price",
        "trading/test_alpaca_rough_edges.py::test_an_open_multi_leg_option_order_does_not_stop_the_run",
    ),
    "N15 slow drip": (
        "venues/contract.py::test_b25_a_response_that_never_ends_times_out",
        "venues/alpaca/test_client.py::test_an_order_that_hangs_is_sent_once",
        "venues/alpaca/test_client.py::test_after_a_request_that_hangs_the_next_one_is_answered",
    ),
    "N16 names, certificates, hosts": (
        "venues/alpaca/test_client.py::test_a_name_server_that_never_answers_does_not_hold_up_the_program",
        "venues/alpaca/test_client.py::test_a_server_without_a_valid_certificate_is_refused",
        "venues/alpaca/test_hosts.py::test_everything_else_is_refused_with_the_remedy",
    ),
    "N17 a stall of IPv6": (
        "venues/alpaca/test_client.py::test_a_request_that_hangs_does_not_hold_up_the_end_of_the_program",
    ),
    "N18 proxy": ("venues/alpaca/test_client.py::test_a_proxy_is_not_used_for_this_machine",),
    "N19 the key ends in mid-run": (
        "venues/contract.py::test_b20_a_key_that_is_not_accepted_any_more_stops_orders_and_reads",
        "trading/test_refusals.py::test_after_a_refusal_of_the_account_nothing_more_is_sent",
    ),
    "N20 pages": (
        "venues/contract.py::test_b23_every_page_of_open_orders_is_read",
        "venues/contract.py::test_b26_our_orders_are_listed_from_every_page",
        "venues/alpaca/test_orders_and_executions.py::test_a_list_that_never_ends_is_an_error",
    ),
    "N21 positions that are not all there": (
        "trading/test_orders.py::test_a_failed_position_read_is_never_read_as_a_flat_account",
        "trading/test_orders.py::test_an_answer_without_the_positions_is_never_read_as_a_flat_account",
    ),
    "N22 blocked account": ("trading/test_alpaca_evening.py::test_an_account_that_may_not_trade_gets_no_order",),
    "N23 lists that lag": (
        "trading/test_unknown_outcomes.py::test_an_order_is_resent_after_two_absences_past_the_quiet_time",
        "trading/test_alpaca_evening.py::test_executions_that_are_listed_late_are_awaited",
    ),
    # ------------------------------------------------------------------------------------------- orders
    "O1 a part, then silence": (
        "trading/test_alpaca_evening.py::test_a_part_filled_order_that_is_cancelled_counts_its_fills",
        "venues/contract.py::test_b15_a_part_filled_order_keeps_its_fill_when_it_is_canceled",
    ),
    "O2 refused": (
        "trading/test_orders.py::test_a_refused_buy_does_not_affect_the_others",
        "venues/alpaca/test_alpaca_refusals.py::test_a_refused_sell_never_names_a_cost",
    ),
    "O3 accepted, then rejected": ("venues/contract.py::test_b14_an_accepted_order_may_be_rejected_later",),
    "O4 cancel against fill": (
        "trading/test_orders.py::test_a_fill_that_comes_before_its_cancel_counts",
        "venues/contract.py::test_b16_a_fill_beats_a_pending_cancel",
    ),
    "O5 cancel refused": (
        "venues/contract.py::test_b16_a_refused_cancel_leaves_the_order_open",
        "trading/test_alpaca_evening.py::test_a_sell_that_stays_in_pending_cancel_stops_every_buy",
    ),
    "O6 more than ordered": ("trading/test_orders.py::test_more_filled_than_ordered_stops_the_run",),
    "O7 a trade is taken back": (
        "trading/test_orders.py::test_a_filled_quantity_that_falls_stops_the_run",
        "trading/test_recovery.py::test_a_filled_quantity_that_fell_between_two_runs_stops_the_run",
    ),
    "O8 done for the day, held, replaced": (
        "venues/alpaca/test_parse.py::test_an_order_done_for_day_is_terminal",
        "venues/alpaca/test_orders_and_executions.py::test_a_replaced_order_is_followed_to_its_replacement",
    ),
    "O9 no funds for some buys": (
        "trading/test_refusals.py::test_a_buy_refused_for_lack_of_funds_is_retried_within_the_named_buying_power",
        "trading/test_own_cash.py::test_buys_refused_beyond_settled_cash_are_reduced_and_the_run_is_partial",
    ),
    "O10 sells only fill in part": (
        "trading/test_rebalance.py::test_a_sell_cancelled_at_its_deadline_counts_what_filled",
    ),
    "O11 shares held by other orders": (
        "trading/test_recovery.py::test_a_symbol_with_an_open_external_order_is_not_traded_and_reported",
        "portfolio/test_holdings.py::test_shares_that_open_orders_hold_are_not_managed_and_count_among_the_others",
        "trading/test_alpaca_rough_edges.py::test_shares_held_by_a_cancelled_order_are_awaited",
    ),
    "O12 a trade by hand in mid-run": (
        "trading/test_external_trades.py::test_shares_sold_manually_during_the_run_are_never_sold_short",
        "venues/alpaca/test_alpaca_broker.py::test_only_a_sell_says_that_it_closes_what_is_held",
        "trading/test_rebalance.py::test_a_position_that_changed_without_our_orders_is_not_traded_that_evening",
    ),
    "O13 wash trade": (
        "trading/test_refusals.py::test_a_sell_refused_for_held_shares_is_retried_when_the_blocking_order_is_gone",
        "venues/alpaca/test_alpaca_refusals.py::test_a_refusal_names_the_remedy",
    ),
    "O14 least amount, lot, tick": (
        "venues/contract.py::test_b19_a_limit_between_two_ticks_is_refused",
        "portfolio/test_trades.py::test_a_trade_under_the_least_dollars_is_skipped_with_both_numbers",
    ),
    "O15 no fractions": (
        "venues/contract.py::test_b14_a_fraction_is_sold_only_with_the_whole_position",
        "trading/test_alpaca_rough_edges.py::test_a_symbol_that_trades_in_whole_shares_only_keeps_its_fraction_with_a_warning",
    ),
    "O16 the same id with other parameters": (
        "venues/contract.py::test_b13_the_same_id_with_other_parameters_leaves_the_first_order",
        "trading/test_orders.py::test_a_found_order_with_other_parameters_stops_the_run",
    ),
    "O17 two numbers of the broker's for one order": "Such a broker (Interactive Brokers) is not connected yet.",
    # ------------------------------------------------------------------------------------------- quotes
    "Q1 stale": ("market/test_price_fallback.py::test_an_order_needs_a_price_no_older_than_its_setting",),
    "Q2 crossed": ("market/test_price_fallback.py::test_a_quote_is_refused_in_a_sentence_with_its_numbers",),
    "Q3 one side is zero": (
        "market/test_price_fallback.py::test_a_quote_is_refused_in_a_sentence_with_its_numbers",
        "venues/alpaca/market_data/test_alpaca_quotes.py::test_a_quote_without_an_ask_is_passed_on_for_the_gates_to_refuse",
    ),
    "Q4 no number": ("market/test_price_fallback.py::test_a_trade_or_a_bar_has_a_finite_price_above_zero",),
    "Q5 a hundredfold": (
        "market/test_price_fallback.py::test_an_order_refuses_a_price_further_away_from_every_source_with_its_numbers",
    ),
    "Q6 no bar today": (
        "trading/test_rebalance.py::test_a_symbol_without_a_price_is_skipped_with_its_reasons",
        "market/test_closes.py::test_a_symbol_without_a_price_tonight_is_nan_and_not_its_last_close",
    ),
    "Q7 yesterday's bar as today's": (
        "venues/alpaca/market_data/test_alpaca_quotes.py::test_a_trade_of_today_does_not_freshen_the_bar_of_yesterday",
        "market/test_price_fallback.py::test_a_trade_and_a_bar_of_another_session_are_refused",
    ),
    "Q8 a bar twice": ("venues/alpaca/market_data/test_alpaca_history.py::test_two_closes_of_one_day_are_an_error",),
    "Q9 a split": (
        "trading/test_restated_ledger.py::test_an_unbooked_split_stops_trades_sized_by_the_wrong_account_value",
        "trading/test_alpaca_evening.py::test_a_split_overnight_restates_our_shares_and_causes_no_trade",
        "market/test_coverage.py::test_a_move_beyond_the_bound_is_a_jump_up_or_down",
    ),
    "Q10 a dividend": (
        "venues/alpaca/market_data/test_alpaca_history.py::test_a_dividend_is_in_the_whole_history_the_same_evening",
    ),
    "Q11 a rename": ("trading/test_restated_ledger.py::test_a_rename_moves_our_shares_to_the_new_name",),
    "Q12 another currency": ("venues/alpaca/test_parse.py::test_an_account_that_can_not_trade_says_why",),
    "Q13 no volume": "Volumes are not read: a price is judged by its age, its spread and its distance.",
    "Q14 providers that disagree": "An evening has one provider of prices; a preview of two is not built.",
    # ------------------------------------------------------------------------------------------- symbols
    "S1 halted": ("trading/test_alpaca_evening.py::test_a_sell_of_a_halted_symbol_does_not_stop_the_other_sells",),
    "S2 delisted while held": ("trading/test_alpaca_evening.py::test_an_untradable_symbol_is_not_traded",),
    "S3 not tradable": ("venues/contract.py::test_b14_an_untradable_symbol_is_named_with_its_reason",),
    "S4 another class": ("venues/alpaca/test_alpaca_broker.py::test_a_symbol_of_another_class_is_not_traded",),
    "S5 hostile tickers": ("model/test_names.py::test_an_invalid_ticker_is_refused",),
    # ------------------------------------------------------------------------------------------- time
    "T1 clocks apart": (
        "trading/test_venue_hours.py::test_the_clocks_may_be_five_seconds_apart_and_no_more",
        "trading/test_alpaca_evening.py::test_a_clock_that_is_wrong_stops_the_evening",
    ),
    "T2 the clock steps": (
        "trading/test_unknown_outcomes.py::test_a_clock_that_is_set_forward_does_not_make_an_order_absent",
        "venues/alpaca/test_client.py::test_retries_end_even_if_the_clock_stands_still",
    ),
    "T3 summer time": ("app/test_schedule_windows.py::test_the_change_of_the_clocks_moves_the_run_in_utc",),
    "T4 half days": ("market/test_calendar.py::test_a_half_day_closes_at_13_in_new_york",),
    "T5 closures": (
        "trading/test_alpaca_evening.py::test_a_closure_at_short_notice_stops_the_evening",
        "trading/test_alpaca_evening.py::test_an_early_close_at_short_notice_stops_the_evening",
    ),
    "T6 late, twice, never": (
        "cli/test_schedule.py::test_a_machine_that_slept_through_the_window_says_what_it_missed_and_runs_the_next",
        "app/test_schedule_windows.py::test_a_late_start_runs_until_the_cutoff_and_is_missed_after_it",
        "journal/test_one_run_a_session.py::test_a_second_trigger_of_a_session_does_nothing",
    ),
    "T7 over the close, over midnight": (
        "trading/test_rebalance.py::test_an_order_after_the_cutoff_is_not_sent",
        "trading/test_resume.py::test_the_next_session_ends_an_interrupted_run_and_starts_its_own",
    ),
    "T8 years nobody knows": (
        "market/test_calendar.py::test_years_whose_holidays_are_not_certain_are_refused_rather_than_guessed",
    ),
    "T9 special sessions": "The New York Stock Exchange has none; no exchange with some is connected yet.",
    # ------------------------------------------------------------------------------------------- disk
    "D1 no space at every write": (
        "trading/test_every_call_fails.py::test_after_the_disk_is_full_nothing_is_sent_and_a_later_run_reaches_the_targets",
        "journal/test_store.py::test_a_full_disk_leaves_no_half_event_wherever_it_strikes",
    ),
    "D2 locked": ("journal/test_busy_journal.py::test_a_journal_that_another_program_is_writing_is_not_written",),
    "D3 read-only": ("journal/test_store.py::test_a_journal_that_may_not_be_written_says_what_to_do",),
    "D4 damaged, older, newer": (
        "journal/test_store.py::test_a_damaged_journal_is_refused",
        "journal/test_store.py::test_a_journal_of_a_newer_version_is_refused",
        "journal/test_store.py::test_a_journal_of_an_earlier_version_gets_the_tables_it_lacks_and_keeps_its_lines",
    ),
    "D5 power loss": ("journal/test_store.py::test_a_commit_waits_for_the_disk",),
    "D6 yesterday's backup": ("trading/test_recovery.py::test_nothing_is_sent_with_yesterdays_journal",),
    "D7 journal deleted": (
        "trading/test_recovery.py::test_with_the_journal_deleted_nothing_is_sent_and_the_orders_are_named",
        "trading/test_alpaca_evening.py::test_with_the_journal_deleted_the_next_evening_stops_and_names_the_orders",
    ),
    "D8 one journal on two hosts": (
        "trading/test_external_trades.py::test_a_copy_of_the_journal_on_another_host_sends_nothing_once_the_first_has_sent",
    ),
    "D9 links": (
        "journal/test_store.py::test_a_symbolic_link_is_refused_because_the_lock_would_not_hold",
        "venues/sim/test_sim_book.py::test_a_link_is_not_followed",
        "config/test_config_files.py::test_a_link_stays_a_link_and_its_file_changes",
    ),
    "D10 full disk of the log": "There is no log file: the journal is the record, and a screen that is gone is P9.",
    "D11 no file handles, no memory": (
        "journal/test_busy_journal.py::test_without_a_file_handle_left_the_journal_is_not_opened",
    ),
    # ------------------------------------------------------------------------------------------- process
    "P1 kill -9 anywhere": (
        "test_crash.py::test_after_two_kills_at_any_step_the_third_start_completes_the_run",
        "trading/test_every_call_fails.py::test_after_any_failed_journal_write_nothing_is_sent_and_a_later_run_reaches_the_targets",
    ),
    "P2 told to end": (
        "trading/test_shutdown.py::test_a_shutdown_between_two_orders_tracks_the_first_and_sends_no_more",
        "trading/test_shutdown.py::test_a_shutdown_between_sells_and_buys_sends_no_buy",
    ),
    "P3 two schedulers": (
        "journal/test_one_run_a_session.py::test_of_three_processes_triggered_at_once_exactly_one_sends",
        "journal/test_lease.py::test_of_two_processes_that_race_a_thousand_times_exactly_one_runs_each_time",
    ),
    "P4 stale lease": (
        "journal/test_lease.py::test_the_run_of_a_dead_process_is_resumed_whatever_its_number",
        "journal/test_lease.py::test_another_machine_waits_two_hours_after_the_last_renewal_whatever_its_name",
        "journal/test_lease.py::test_a_process_that_lost_its_lease_records_nothing_and_so_sends_nothing",
    ),
    "P5 a halt at each step": (
        "trading/test_halts.py::test_a_halt_while_a_run_goes_on_stops_it_at_the_next_order",
        "app/test_kill_switch.py::test_an_order_in_flight_during_a_run_is_cancelled_when_it_arrives",
    ),
    "P6 an upgrade in between": (
        "journal/test_store.py::test_a_journal_of_an_earlier_version_gets_the_tables_it_lacks_and_keeps_its_lines",
        "journal/test_store.py::test_a_journal_of_a_newer_version_is_refused",
    ),
    "P7 config or bot changed in mid-run": (
        "trading/test_resume.py::test_bots_that_changed_since_the_interruption_do_not_change_the_plan",
        "cli/test_recover_command.py::test_a_run_resumes_with_its_recorded_config_and_bots",
    ),
    "P8 another account or mode": (
        "trading/test_recovery.py::test_another_account_under_a_name_that_the_journal_knows_is_refused",
        "trading/test_alpaca_evening.py::test_the_keys_of_another_account_under_a_known_name_get_no_order",
    ),
    "P9 the screen goes away": (
        "cli/test_broken_surroundings.py::test_a_run_completes_even_if_its_terminal_is_closed",
    ),
    "P10 a broker's library is missing": (
        "cli/test_broken_surroundings.py::test_a_missing_library_of_one_broker_does_not_stop_the_others",
    ),
    # ------------------------------------------------------------------------------------------- input
    "W1 odd numbers": (
        "bots/flowchart/test_document.py::test_a_value_that_is_not_a_number_is_refused_by_name",
        "config/test_config_problems.py::test_a_numeric_setting_accepts_only_a_number_in_its_range",
        "portfolio/test_target_value.py::test_a_weight_that_is_no_fraction_stops_the_run_before_any_order",
    ),
    "W2 weights that are none": (
        "bots/flowchart/test_native.py::test_invalid_elements_are_refused_by_name_and_place",
        "bots/flowchart/test_evaluate.py::test_weights_are_never_negative_and_never_more_than_the_whole",
    ),
    "W3 tickers in small letters": (
        "bots/flowchart/test_native.py::test_invalid_elements_are_refused_by_name_and_place",
    ),
    "W4 a key twice": ("bots/flowchart/test_document.py::test_a_duplicate_key_is_named_with_its_place",),
    "W5 deep and large charts": (
        "bots/flowchart/test_document.py::test_charts_of_depth_1000_are_within_the_allowed_nesting",
        "bots/flowchart/test_native.py::test_more_than_25000_elements_are_refused_in_a_sentence",
        "config/test_hostile_files.py::test_a_hostile_bot_file_is_refused_within_limits",
    ),
    "W6 division by zero, windows of none": (
        "bots/flowchart/test_evaluate.py::test_an_asset_that_never_moves_leaves_inverse_volatility_undefined",
        "bots/flowchart/test_native.py::test_invalid_elements_are_refused_by_name_and_place",
    ),
    "W7 hostile TOML": ("config/test_hostile_files.py::test_a_hostile_config_is_refused_within_limits",),
    "W8 a bot cut short": (
        "bots/flowchart/test_document.py::test_invalid_json_is_refused_with_its_line_and_column",
        "cli/test_schedule_when_due.py::test_a_bot_that_can_not_be_read_is_a_failed_run_in_the_journal",
    ),
    "W9 pipes and devices": (
        "config/test_config_files.py::test_a_pipe_is_refused_as_a_bot_file",
        "config/test_config_files.py::test_a_device_or_a_link_to_one_is_refused_as_a_bot_file",
    ),
    "W10 encodings": (
        "bots/flowchart/test_document.py::test_other_encodings_are_refused",
        "config/test_config_problems.py::test_bytes_that_are_no_toml_are_refused_in_a_sentence",
    ),
    "W11 endless integers": ("bots/flowchart/test_document.py::test_absurdly_large_numbers_are_refused",),
    # ------------------------------------------------------------------------------------------- secrets
    "X1 keys in any output": (
        "test_secrets.py::test_an_evening_leaves_no_trace_of_the_keys",
        "test_secrets.py::test_no_screen_shows_the_keys",
    ),
    "X2 keys in addresses and errors": (
        "venues/alpaca/test_client.py::test_a_key_repeated_by_the_venue_is_not_shown",
        "test_secrets.py::test_a_dropped_connection_is_reported_without_keys",
    ),
    "X3 the library's own log": ("venues/alpaca/test_client.py::test_no_error_no_variable_and_no_log_shows_the_key",),
}


@cache
def functions_of(file: Path) -> frozenset[str]:
    """Every function of a file, those of its classes too."""
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS)
def test_each_row_names_tests_that_exist_or_says_why_it_has_none(row: str) -> None:
    shown = ROWS[row]
    if isinstance(shown, str):
        assert shown.endswith(".")
        return
    for named in shown:
        file, test = named.split("::")
        assert test.startswith("test_")
        assert test in functions_of(TESTS / file), named


def test_every_row_is_there_once() -> None:
    numbers = [row.split()[0] for row in ROWS]
    assert numbers == [f"{letter}{number}" for letter, count in COUNTS.items() for number in range(1, count + 1)]


@pytest.mark.skipif(not FACTS.exists(), reason="the facts are not part of this repository")
def test_the_facts_have_these_rows_and_no_others() -> None:
    section = FACTS.read_text().split("\n## 5.")[1].split("\n## 6.")[0]
    classes = "\n".join(line for line in section.splitlines() if line.startswith("**"))
    named = re.findall(r"(?<![\w/*])([NOQSTDPWX]\d{1,2})(?= )", classes)
    assert sorted(set(named)) == sorted(row.split()[0] for row in ROWS)
