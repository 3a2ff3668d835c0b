"""`rebalance replay`: a past plan made again from what was kept, here or elsewhere."""

import gzip
import json
import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from own_prices import DAYS, write_account

CLOSES = {"SPY": ["400", "400", "404", "400", "410"], "TLT": ["100"] * 5}
ABOVE = {"left": {"current-price": {"of": "SPY"}}, "is": "gt", "right": 402}
CHART = {"if": ABOVE, "then": {"asset": "SPY"}, "else": {"asset": "TLT"}}
PYTHON = b"""
SYMBOLS = ["SPY", "TLT"]
LOOKBACK = 1


def weights(prices):
    return {"SPY": 0.5}
"""


@pytest.fixture
def account(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, CHART)
    for day in DAYS[1:3]:
        assert rebalance("run", "--as-of", day).code == 0
    return tmp_path


@pytest.fixture
def replayed(rebalance):
    def command(*words):
        output = rebalance("replay", *words, "--json")
        answer = json.loads(output.out)
        assert "error" not in answer, answer
        return output.code, answer

    return command


def journal(folder):
    (found,) = folder.rglob("journal.sqlite")
    return found


def inputs(folder):
    return journal(folder).with_name("journal.sqlite.inputs")


def edited(file, change):
    """Change what was kept of the last run."""
    with closing(sqlite3.connect(file)) as db, db:
        run, kept = db.execute("SELECT run, kept FROM runs ORDER BY run DESC").fetchone()
        content = json.loads(zlib.decompress(kept))
        change(content)
        db.execute("UPDATE runs SET kept = ? WHERE run = ?", [zlib.compress(json.dumps(content).encode()), run])
    db.close()


def test_a_past_plan_comes_out_the_same_whatever_became_of_prices_bots_and_config(account, replayed, rebalance):
    write_account(account, {**CLOSES, "SPY": ["1"] * 5}, {"asset": "TLT"}, "drift_percent = 5")
    for run in (1, 2):
        code, answer = replayed(run)
        assert (code, answer["equal"], answer["session"]) == (0, True, str(DAYS[run]))
        assert (answer["event_count"], answer["divergences"], answer["causes"]) == (3, [], [])
    assert "Run 2 of 2022-06-08: the plan comes out the same, byte for byte (3 events" in rebalance("replay", 2).out


def test_it_says_which_source_gave_each_price_and_why_those_before_it_were_passed_over(account, replayed, rebalance):
    def wide(content):
        (spy, _) = content["inputs"]["quoted"]["snapshots"]
        at = spy["bar"]["at"]
        spy["quote"], spy["trade"] = {"bid": "400", "ask": "500", "at": at}, {"price": "404.0", "at": at}

    first = {each["symbol"]: each for each in replayed(2)[1]["prices"]}
    assert {symbol: (each["price"], each["passed_over"]) for symbol, each in first.items()} == {
        "SPY": ("404.0", ["There is no quote.", "There is no trade."]),
        "TLT": ("100.0", ["There is no quote.", "There is no trade."]),
    }
    edited(inputs(account), wide)
    code, answer = replayed(2)
    assert (code, answer["equal"], answer["divergence_count"]) == (3, False, 1)
    (place,) = answer["divergences"]
    assert (place["place"], place["then_value"], place["now_value"]) == ("prices[SPY].rung", '"bar"', '"trade"')
    screen = rebalance("replay", 2).out
    assert "The quote is 22.22 % wide" in screen
    assert "Prices for orders, chosen again" in screen


def test_a_run_of_an_earlier_version_kept_no_quotes(account, replayed):
    edited(inputs(account), lambda content: content["inputs"].pop("quoted"))
    code, answer = replayed(2)
    assert (code, answer["equal"], answer["prices"]) == (0, True, [])


def test_what_comes_out_otherwise_is_named_with_both_values_and_what_explains_it(account, replayed, rebalance):
    def older(content):
        content["circumstances"] |= {"version": "0.0.9"}
        content["circumstances"]["libraries"] |= {"numpy": "1.0"}
        content["inputs"]["investable"] = "50000.00"

    edited(inputs(account), older)
    code, answer = replayed(2)
    assert (code, answer["equal"]) == (3, False)
    found = {each["place"]: (each["then_value"], each["now_value"]) for each in answer["divergences"]}
    assert found["PlanMade.plan.investable"] == ('"100000.00"', '"50000.00"')
    assert answer["divergence_count"] == len(found)
    assert "the run was made by version 0.0.9 of this program" in answer["causes"][0]
    assert any(cause.startswith("numpy was 1.0 then") for cause in answer["causes"])
    shown = rebalance("replay", 2).out
    assert "PlanMade.plan.investable" in shown
    assert "Why: numpy was 1.0 then" in shown


def test_a_difference_that_nothing_explains_asks_for_a_report(account, rebalance):
    edited(inputs(account), lambda content: content["inputs"].update(investable="50000.00"))
    output = rebalance("replay", 2)
    assert output.code == 3
    assert "please report it with `rebalance replay 2 --bundle FILE`" in output.out


def test_an_error_in_the_place_of_a_plan_is_a_difference(account, replayed):
    edited(inputs(account), lambda content: content["inputs"].update(shares=[]))
    code, answer = replayed(2)
    assert code == 3
    assert any("no bot decided anything tonight" in each["now_value"] for each in answer["divergences"])


def test_a_bundle_replays_where_nothing_else_is(account, rebalance, replayed, tmp_path, monkeypatch):
    output = rebalance("replay", 2, "--bundle", "run.json")
    assert (output.code, "It has the bots as they are (b)" in output.err) == (0, True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move("run.json", elsewhere / "run.json")
    for each in (journal(account), inputs(account), account / "b.json", account / "config.toml"):
        each.unlink()
    monkeypatch.chdir(elsewhere)
    code, answer = replayed("run.json")
    assert (code, answer["run"], answer["equal"]) == (0, 2, True)
    assert rebalance("replay", "run.json", "--bundle", "again.json").code == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("dear bank", "is no bundle of a run"),
        ("[]", "is no bundle of a run"),
        ('{"format": "rebalancer/run", "version": 9}', "is a bundle of version 9"),
        ('{"format": "rebalancer/run", "version": 1}', "is a damaged bundle (KeyError)"),
    ],
)
def test_another_file_is_no_bundle(rebalance, tmp_path, content, said):
    (tmp_path / "run.json").write_text(content)
    output = rebalance("replay", "run.json")
    assert output.code == 2
    assert said in output.err


def test_a_bundle_with_an_edited_block_is_refused(account, rebalance):
    rebalance("replay", 2, "--bundle", "run.json")
    content = json.loads(Path("run.json").read_text())
    names = [*content["blocks"]]
    content["blocks"][names[0]] = content["blocks"][names[-1]]
    Path("run.json").write_text(json.dumps(content))
    assert "is a damaged bundle (ValueError)" in rebalance("replay", "run.json").err
    content["blocks"][names[0]] = content["blocks"][names[0]][:12]
    Path("run.json").write_text(json.dumps(content))
    assert "is a damaged bundle" in rebalance("replay", "run.json").err


def test_a_python_bot_of_a_bundle_is_run_only_when_asked(rebalance, replayed, tmp_path):
    write_account(tmp_path, CLOSES, CHART)
    (tmp_path / "mine.py").write_bytes(PYTHON)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("b.json", "mine.py"))
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    assert rebalance("replay", 1, "--bundle", "run.json").code == 0
    refused = rebalance("replay", "run.json")
    assert refused.code == 2
    assert "has mine in Python, which may do whatever you may" in refused.err
    assert replayed("run.json", "--run-python")[1]["equal"]
    edited(inputs(tmp_path), lambda content: content["inputs"].update(investable="50000.00"))
    assert "mine is a Python bot" in replayed(1)[1]["causes"][0]


def test_a_run_of_which_nothing_was_kept_can_not_be_replayed(account, rebalance):
    inputs(account).unlink()
    assert "has nothing of it. It ran with an earlier version" in rebalance("replay", 1).err
    assert rebalance("run", "--as-of", DAYS[3]).code == 0
    assert "has nothing of it" in rebalance("replay", 1).err
    assert rebalance("replay", 3).code == 0


def test_a_run_without_a_plan_can_not_be_replayed(rebalance, tmp_path):
    write_account(tmp_path, CLOSES, CHART)
    (tmp_path / "prices" / "closes.csv").write_text("date,TLT\n" + "".join(f"{day},100\n" for day in DAYS))
    assert rebalance("run", "--as-of", DAYS[1]).code == 4
    assert "can't be replayed: it made no plan (no bot decided anything tonight" in rebalance("replay", 1).err
    assert "the journal has no run 9" in rebalance("replay", 9).err


def test_a_file_that_can_not_be_written_is_said_and_journalled_and_the_run_stands(account, rebalance):
    inputs(account).unlink()
    inputs(account).mkdir()
    output = rebalance("run", "--as-of", DAYS[3])
    assert output.code == 0
    assert "What this run's plan was made from is not kept" in output.out
    record = json.loads(rebalance("history", 3, "--json").out)["record"]
    assert record["status"] == "success"
    assert "so that it can't be replayed" in record["remarks"][-1]["text"]


def test_a_damaged_block_is_named(account, rebalance):
    with closing(sqlite3.connect(inputs(account))) as db, db:
        db.execute("UPDATE blocks SET content = ?", [zlib.compress(b"other")])
    db.close()
    output = rebalance("replay", 2)
    assert output.code == 4
    assert "is damaged" in output.err
    with closing(sqlite3.connect(inputs(account))) as db, db:
        db.execute("DELETE FROM blocks")
    db.close()
    assert "is missing" in rebalance("replay", 2).err
    inputs(account).write_text("dear bank")
    assert "can't be used: file is not a database" in rebalance("replay", 2).err


def test_what_no_run_of_the_journal_refers_to_is_removed(account, rebalance):
    with closing(sqlite3.connect(inputs(account))) as db, db:
        db.execute("UPDATE runs SET line = 'of another journal' WHERE run = 2")
    db.close()
    removed = json.loads(rebalance("audit", "compact", "--json").out)
    assert (removed["run_count"], removed["size"]) == (1, inputs(account).stat().st_size)
    assert removed["block_count"] > 0
    assert rebalance("replay", 1).code == 0
    assert "0 runs and 0 blocks removed" in rebalance("audit", "compact").out
    inputs(account).unlink()
    assert "nothing is kept there yet" in rebalance("audit", "compact").err
    journal(account).unlink()
    assert "there is no journal" in rebalance("audit", "compact").err


def test_only_the_first_differences_are_shown_and_how_many_there_are(account, rebalance):
    def another(content):
        content["inputs"]["untradable"] = {f"T{number}": "no" for number in range(99)}
        content["inputs"]["holdings"]["managed"] = {f"T{number}": "1" for number in range(99)}

    edited(inputs(account), another)
    assert "These are the first 50 of " in rebalance("replay").out


def test_a_packed_bot_is_in_the_bundle_byte_for_byte(rebalance, replayed, tmp_path):
    write_account(tmp_path, CLOSES, CHART)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress((tmp_path / "b.json").read_bytes()))
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("b.json", "b.json.gz"))
    assert rebalance("run", "--as-of", DAYS[1]).code == 0
    assert rebalance("replay", "--bundle", "run.json").code == 0
    assert replayed("run.json")[1]["equal"]


def test_a_backup_that_can_not_be_made_leaves_no_file(account, rebalance):
    inputs(account).write_text("dear bank")
    output = rebalance("backup", "copy.sqlite")
    assert (output.code, Path("copy.sqlite.inputs").exists()) == (4, False)
    inputs(account).unlink()
    assert json.loads(rebalance("backup", "other.sqlite", "--json").out)["inputs"] is None


def test_a_backup_has_what_replay_needs(account, rebalance, replayed):
    made = json.loads(rebalance("backup", "copy.sqlite", "--json").out)
    assert (made["inputs"], made["inputs_size"] > 0) == ("copy.sqlite.inputs", True)
    shutil.copy("copy.sqlite", journal(account))
    shutil.copy("copy.sqlite.inputs", inputs(account))
    assert replayed(2)[0] == 0
    Path("copy.sqlite").unlink()
    assert "copy.sqlite.inputs is there already" in rebalance("backup", "copy.sqlite").err
    assert not Path("copy.sqlite").exists()


def test_a_bundle_has_no_account_number_no_key_and_no_folder_of_this_machine(account, rebalance, tmp_path):
    """Sentences have them here, where this program does not put them itself."""
    with closing(sqlite3.connect(journal(account))) as db, db:
        db.execute("UPDATE balances SET number = 'PA3CANARY99'")
    db.close()
    edited(inputs(account), lambda content: content["closes"].update(notes=[f"of PA3CANARY99, in {tmp_path}/prices"]))
    edited(inputs(account), lambda content: content["inputs"]["untradable"].update(GLD="held in PA3CANARY99"))
    assert rebalance("replay", 2, "--bundle", "run.json").code == 0
    text = Path("run.json").read_text()
    assert "of [removed], in [folder]" in text
    assert "held in [removed]" in text
    assert "CANARY" not in text
    assert str(tmp_path) not in text
    assert rebalance("replay", "run.json").code == 0
