"""The screens of `rebalance notify`."""

from rebalancer.report.console import Screen, line


def address_screen(name: str, where: str) -> Screen:
    yield line(f"The address of {name} is stored in {where}. `rebalance notify test` tries it.", "green")
