"""The contract of bars, of a folder of price files."""

from functools import partial
from pathlib import Path

import pytest
from history_contract import DAYS, RAW, SHARES, TheBarsOfAHistory

from rebalancer.market.closes import ClosesHistory
from rebalancer.market.folder import read_folder, read_folder_bars
from rebalancer.ports import History


class TestTheBarsOfAFolder(TheBarsOfAHistory):
    @pytest.fixture
    def history(self, tmp_path: Path) -> History:
        rows = [
            f"{day},SPY,{close * 0.99},{close * 1.02},{close * 0.99},{close},{close / split},{SHARES * split}"
            for day, close, split in zip(DAYS, RAW, (2, 2, 1), strict=True)
        ]
        header = "date,symbol,open,high,low,close,adj_close,volume"
        (tmp_path / "prices.csv").write_text("\n".join((header, *rows)) + "\n")
        return ClosesHistory(read_folder(tmp_path), partial(read_folder_bars, tmp_path))
