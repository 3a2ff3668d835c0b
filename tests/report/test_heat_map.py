"""A heat map as SVG."""

from xml.etree.ElementTree import fromstring

import numpy as np

from rebalancer.report.heat_map import Axis, HeatMap

SVG = "{http://www.w3.org/2000/svg}"


def heat_map(values: list[list[float]], down: list[str], across: list[str], name: str = "window") -> HeatMap:
    return HeatMap("A <title>", Axis(name, down), Axis("bond", across), np.array(values), (0, 1))


def drawn(values: list[list[float]], down: list[str], across: list[str], name: str = "window"):
    text = heat_map(values, down, across, name).svg()
    return fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314 - our own


def cells(root) -> dict[str, dict[str, str]]:
    return {cell.find(f"{SVG}title").text: cell.attrib for cell in root.iter(f"{SVG}rect")}


def test_each_known_cell_tells_its_values_and_its_number():
    found = cells(drawn([[1, 2], [np.nan, -0.5]], ["10", "20"], ["TLT", "B&D"]))
    assert [*found] == [
        "window 10, bond TLT: 1.00",
        "window 20, bond B&D: -0.50",
        "window 10, bond B&D: 2.00, the best",
    ], "the best comes last: nothing may cover its frame"


def test_the_key_says_what_the_colours_mean():
    assert heat_map([[1, 2], [np.nan, -0.5]], ["10", "20"], ["TLT", "BND"]).key == (
        "From -0.50, light, to 2.00, dark; the best variant is framed."
    )
    assert heat_map([[np.nan]], ["10"], ["TLT"]).key == "No variant was measured."


def test_the_highest_is_darkest_and_the_best_is_framed():
    found = [*cells(drawn([[1, 2], [0, 0.5]], ["10", "20"], ["TLT", "BND"])).values()]
    brightness = [sum(bytes.fromhex(each["fill"][1:])) for each in found]
    assert sorted(range(4), key=lambda cell: -brightness[cell]) == [1, 2, 0, 3]
    assert [each.get("stroke-width") for each in found] == [None, None, None, "3"]


def test_equal_numbers_have_one_colour_and_no_number_is_drawn_for_none():
    found = cells(drawn([[1, 1]], ["10"], ["TLT", "BND"]))
    assert len({each["fill"] for each in found.values()}) == 1
    assert cells(drawn([[np.nan, np.nan]], ["10"], ["TLT", "BND"])) == {}


def test_many_columns_are_narrow_and_without_numbers():
    root = drawn([[float(number) for number in range(40)]], [""], list(map(str, range(40))), name="")
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert "3.00" not in texts
    assert "39" in texts
    assert "bond 39: 39.00" in cells(root)


def test_all_lies_within_the_picture():
    root = drawn([[1, 2], [0, 0.5]], ["a long name", "20"], ["TLT", "BND"])
    width, height = (float(root.attrib["viewBox"].split()[place]) for place in (2, 3))
    for cell in root.iter(f"{SVG}rect"):
        assert float(cell.attrib["x"]) + float(cell.attrib["width"]) <= width
        assert float(cell.attrib["y"]) + float(cell.attrib["height"]) <= height
