"""The screens of `rebalance notify`."""

from collections.abc import Iterable

from rebalancer.app.views import DeliveryTest
from rebalancer.report.console import Screen, line


def address_screen(name: str, where: str) -> Screen:
    yield line(f"The address of {name} is stored in {where}. `rebalance notify test` tries it.", "green")


def delivery_screen(found: Iterable[DeliveryTest]) -> Screen:
    for each in found:
        if each.trouble:
            yield line(f"{each.name}: {each.trouble}", "bold red")
        else:
            yield line(f"{each.name}: taken. Look whether it arrived.", "green")
