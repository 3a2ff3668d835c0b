"""The figures for Prometheus follow from the journal, and the dashboard shows what is written."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from sim_account import main_account, new_york, write

from rebalancer import __version__
from rebalancer.app.controls import halt
from rebalancer.app.evening import bare_request
from rebalancer.app.gauges import gauges
from rebalancer.app.observers import Observers, troubles
from rebalancer.app.runs import run_due
from rebalancer.config import Config
from rebalancer.events import OrderAnswered, OrderIntended
from rebalancer.journal.lease import run_lock
from rebalancer.journal.store import SqliteJournal
from rebalancer.market.clock import SimulatedClock
from rebalancer.model import Order, OrderId, Session, Symbol
from rebalancer.notify.metrics import rendered
from rebalancer.notify.observer_state import load_state

TOP = '[metrics]\ntextfile = "rebalance.prom"\n'
DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana.json"


def look(config: Config, day: int, hour: int, minute: int) -> None:
    list(run_due(config, SimulatedClock(new_york(day, hour, minute)), observing=partial(Observers, environ={})))


def figures(text: str) -> dict[str, str]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("rebalance_"): value for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_after_a_run_the_file_says_how_it_went(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=TOP)
    look(config, 28, 15, 50)
    found = figures((tmp_path / "rebalance.prom").read_text())
    size = config.journal().stat().st_size
    assert float(found.pop('oldest_price_age_seconds{account="main"}')) >= 0
    assert float(found.pop('equity{account="main",currency="USD"}')) > 99_000
    assert found.pop("journal_bytes") == f"{size}.0"
    assert [each for each in found if each.startswith("build_info") and __version__ in each and found[each] == "1.0"]
    statuses = {each: value for each, value in found.items() if "last_run_" in each}
    assert {each for each, value in statuses.items() if value == "1.0"} == {
        'last_run_status{account="main",status="success"}',
        'last_run_orders{account="main",outcome="filled"}',
    }
    at = new_york(28, 15, 50).timestamp()
    assert {each: value for each, value in found.items() if each not in statuses and "build" not in each} == {
        'enabled{account="main"}': "1.0",
        'last_attempt_timestamp_seconds{account="main"}': f"{at}",
        'last_success_timestamp_seconds{account="main"}': f"{at}",
        'halted{account="main"}': "0.0",
        'unknown_orders{account="main"}': "0.0",
        'clock_skew_seconds{account="main"}': "0.0",
    }


def test_a_halt_and_an_order_whose_outcome_nobody_knows_are_figures(tmp_path: Path):
    config = write(tmp_path, enabled=True)
    at, order_id = new_york(28, 15, 50), OrderId("lost-in-the-mail")
    order = Order(order_id, Symbol("SPY"), "buy", Decimal(1), "market", None, "")
    session = Session(at.date(), at - timedelta(hours=6), at + timedelta(minutes=10))
    with run_lock(config.journal()) as place, SqliteJournal.open_for_a_run(config.journal(), place) as journal:
        request = bare_request(config, main_account(config), session, at)
        run = journal.start_run(replace(request, purpose="trial"))  # which sends orders without a plan
        assert isinstance(run, int)
        journal.record(run, OrderIntended(at, order), OrderAnswered(at, order_id, "unknown"))
    halt(config, "main", "storm", "ann@desk")
    found = figures(rendered(gauges(config, load_state(config.state_dir))))
    assert found['halted{account="main"}'] == found['unknown_orders{account="main"}'] == "1.0"
    assert found['last_run_orders{account="main",outcome="unknown"}'] == "1.0"


def test_before_the_first_run_there_are_no_figures_of_runs(tmp_path: Path):
    found = figures(rendered(gauges(write(tmp_path), load_state(tmp_path))))
    assert {name.partition("{")[0] for name in found} == {"enabled", "halted", "unknown_orders", "build_info"}


def test_a_file_that_can_not_be_written_is_trouble_and_no_run_fails(tmp_path: Path):
    config = write(tmp_path, enabled=True, top=TOP)
    (tmp_path / "rebalance.prom").mkdir()
    look(config, 28, 15, 50)
    assert "can't be written" in troubles(config)["metrics"]


def test_the_dashboard_shows_every_figure_and_no_other(tmp_path: Path):
    dashboard = json.loads(DASHBOARD.read_text())
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    written = {f"rebalance_{each.name}" for each in gauges(write(tmp_path), load_state(tmp_path))}
    assert set(re.findall(r"rebalance_\w+", asked)) == written
