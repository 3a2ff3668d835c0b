"""After a daily loss beyond the limit nothing is bought for the rest of the session, also in later runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from scripted_sim import ScriptedSimBroker
from stage import DAYS, GLD, SPY, Stage, hold, mix, percent

from rebalancer.journal.dry_run import DryRunJournal
from rebalancer.journal.store import SqliteJournal
from rebalancer.model import Account, Limits, Venue

SAYS = "only sells for the rest of it"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Yesterday 198 SPY were bought at 500 dollars; today a loss of more than 10 % stops buys."""
    stage = Stage(tmp_path, {"A": (mix(SPY=100), percent("A", 100))})
    stage.limits = Limits(max_daily_loss_percent=Decimal(10))
    stage.run()
    return stage.on(DAYS[1])


def today(stage: Stage, price: str, *, force: bool = False, **wanted: int) -> Sequence[str]:
    """Run with SPY at `price` and a bot that wants other tickers; the notes."""
    stage.market.prices[SPY] = Decimal(price)
    if wanted:
        stage.bots = {"A": (mix(**wanted), percent("A", 100))}
    stage.run(force=force)
    return [remark.text for remark in stage.record().remarks]


def losses(stage: Stage) -> list[tuple[str, str]]:
    """Equity and basis of every journalled daily loss."""
    with SqliteJournal.open(stage.journal_file) as journal:
        rows = journal._db.execute("SELECT equity, basis FROM losses ORDER BY seq").fetchall()
    return [(equity, basis) for equity, basis in rows]


def test_after_the_daily_loss_limit_sells_go_on_and_buys_stop(stage: Stage) -> None:
    said = today(stage, "440", GLD=100)
    assert stage.shares() == {}
    assert any(f"no buys tonight: limits.max_daily_loss_percent was passed in this session: {SAYS}" in s for s in said)
    loud = [remark.text for remark in stage.record().remarks if remark.level == "warning"]
    assert any("worth 88,120.00 USD" in text and "100,000.00 USD" in text and "10 %" in text for text in loud)
    assert [tuple(map(Decimal, row)) for row in losses(stage)] == [(Decimal(88_120), Decimal(100_000))]
    run = stage.record().run
    assert run.status == "success"
    assert "held back by your settings: GLD: 87,234.00 USD under its target (not bought, limits.max_daily" in run.reason


def test_a_loss_just_within_the_limit_does_not_stop_buys(stage: Stage) -> None:
    """With 1,000 dollars of cash the account is worth 90,001.00 at 449.50 a share, and 89,999.02 at 449.49."""
    today(stage, "449.50", GLD=100)
    assert GLD in stage.shares()
    assert losses(stage) == []


def test_a_loss_just_beyond_the_limit_stops_buys(stage: Stage) -> None:
    today(stage, "449.49", GLD=100)
    assert stage.shares() == {}
    assert len(losses(stage)) == 1


def test_buys_stay_stopped_in_a_second_run_of_the_session_at_any_price(stage: Stage) -> None:
    today(stage, "440", SPY=50)
    said = today(stage, "600", force=True, GLD=100)
    assert GLD not in stage.shares()
    assert any(SAYS in text for text in said)
    assert len(losses(stage)) == 1


def test_the_daily_loss_limit_starts_afresh_in_the_next_session(stage: Stage) -> None:
    today(stage, "440", GLD=100)
    stage.on(DAYS[2])
    today(stage, "440")
    assert GLD in stage.shares()


def test_the_daily_loss_is_journalled_also_in_a_run_without_trades(stage: Stage) -> None:
    today(stage, "440", SPY=100)
    assert len(losses(stage)) == 1


def test_a_deposit_does_not_hide_a_loss(stage: Stage) -> None:
    moved(stage, 20_000)
    today(stage, "440", GLD=100)
    assert stage.shares() == {}


def test_a_withdrawal_is_not_a_loss(stage: Stage) -> None:
    today(stage, "500", SPY=50)
    stage.on(DAYS[2])
    moved(stage, -20_000)
    today(stage, "500", GLD=100)
    assert GLD in stage.shares()


def moved(stage: Stage, dollars: int) -> None:
    broker = stage.broker()
    broker.deposit(Decimal(dollars))
    broker.close()


def test_the_daily_loss_is_not_checked_without_a_previous_equity(stage: Stage) -> None:
    stage.on(DAYS[2])
    today(stage, "400", GLD=100)
    assert GLD in stage.shares()
    assert losses(stage) == []


@dataclass
class ReportingBroker:
    """A broker of real money that reports `figures` of its account."""

    sim: ScriptedSimBroker
    figures: dict[str, Decimal | None]

    @property
    def venue(self) -> Venue:
        return replace(self.sim.venue, simulated=False)

    def account(self) -> Account:
        return replace(self.sim.account(), **self.figures)

    def __getattr__(self, name: str) -> object:
        return getattr(self.sim, name)


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (
            {"previous_equity": None},
            (
                "the broker does not say what the account was worth at the close of the session before: "
                "limits.max_daily_loss_percent is not watched tonight"
            ),
        ),
        (
            {"deposits": None},
            (
                "the broker does not say what was paid in or taken out today: limits.max_daily_loss_percent takes it "
                "for gain and loss"
            ),
        ),
    ],
)
def test_figures_that_a_broker_does_not_report_are_noted_and_buys_go_on(
    stage: Stage, figures: dict[str, Decimal | None], sentence: str
) -> None:
    stage.broker_proxy = lambda broker: ReportingBroker(broker, figures)
    said = today(stage, "500", GLD=100)
    assert sentence in said
    assert GLD in stage.shares()


def test_nothing_is_noted_of_a_broker_that_reports_all_figures(stage: Stage) -> None:
    stage.broker_proxy = lambda broker: ReportingBroker(broker, {})
    assert not any("max_daily_loss_percent" in text for text in today(stage, "500", GLD=100))


def test_a_dry_run_shows_the_effect_of_the_daily_loss_limit(stage: Stage, tmp_path: Path) -> None:
    with SqliteJournal.open(tmp_path / "dry-run.sqlite") as own:
        stage.journal_proxy = lambda books: DryRunJournal(own, books)
        stage.market.prices[SPY] = Decimal(440)
        stage.bots = {"A": (hold(GLD), percent("A", 100))}
        stage.run()
        said = own._db.execute("SELECT text FROM notes").fetchall()
    assert any(SAYS in text for (text,) in said)
    assert losses(stage) == []
