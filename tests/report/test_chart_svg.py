"""A chart drawn: every part once, valid XML, nothing that a browser would run."""

from xml.etree import ElementTree as ET

import pytest

from rebalancer.bots.findings import ChartBranch, ChartPart
from rebalancer.report.chart_sections import MOST_BOXES, homes, sections
from rebalancer.report.chart_svg import MOST_LINES, SVG_BEGINS, for_page, to_svg

SVG = "{http://www.w3.org/2000/svg}"


def gate(text: str, *branches: ChartBranch, taken: bool = True) -> ChartPart:
    return ChartPart((text,), branches, taken)


def ladder(length: int) -> list[ChartPart]:
    """The way goes down the else branches; each then leads to a ticker."""
    steps = [
        gate(
            f"if step {step}",
            ChartBranch("then", "AAA", None, taken=False),
            ChartBranch("else", "more", step + 1, taken=True),
        )
        for step in range(length - 1)
    ]
    return [*steps, gate("if last", ChartBranch("then", "BBB 100 %", None, taken=True))]


def full(depth: int) -> list[ChartPart]:
    """A binary tree, of which only the left side is taken."""
    count = 2**depth - 1
    parts: list[ChartPart] = []
    for part in range(count):
        below = [2 * part + 1, 2 * part + 2] if 2 * part + 2 < count else []
        taken = (part + 1) & part == 0
        branches = [ChartBranch("side", "x", child, taken=taken and child % 2 == 1) for child in below]
        parts.append(gate(f"part {part}", *branches, taken=taken))
    return parts


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - it is our own


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in parsed(svg).iter(f"{SVG}tspan")]


def test_a_small_chart_is_one_drawing_with_the_way_lit():
    svg = to_svg("My bot on 2026-11-20", ladder(3))
    assert "My bot on 2026-11-20" in svg
    assert svg.count("<path") == svg.count('<path class="taken"') == 2
    assert [text for text in texts(svg) if text.startswith("[")] == [
        "[0] if step 0",
        "[1] else: if step 1",
        "[2] else: if last",
    ]
    assert svg.count('class="section"') == 0


@pytest.mark.parametrize("parts", [ladder(1), ladder(2000), full(11)], ids=["one", "deep", "wide"])
def test_every_part_is_drawn_exactly_once(parts):
    drawings = sections(parts, homes(parts))
    drawn = [box.part for each in drawings for box in each.boxes if box.opens is None]
    assert sorted(drawn) == list(range(len(parts)))
    assert len(parsed(to_svg("x", parts)).findall(f".//{SVG}rect")) >= len(parts)


def test_a_large_chart_is_divided_and_each_closed_box_opens_the_drawing_of_its_parts():
    parts = full(11)
    drawings = sections(parts, homes(parts))
    assert max(len(each.boxes) for each in drawings) <= 2 * MOST_BOXES + 11
    for number, each in enumerate(drawings):
        for box in each.boxes:
            if box.opens is not None:
                assert (drawings[box.opens].boxes[0].part, drawings[box.opens].parent) == (box.part, number)
    svg = to_svg("x", parts)
    links = {link.get("href") for link in parsed(svg).iter(f"{SVG}a")}
    assert links == {f"#s{number}" for number in range(len(drawings))}


def test_the_way_taken_is_in_the_first_drawing_whatever_its_depth():
    parts = full(11)
    first = sections(parts, homes(parts))[0]
    assert {2**level - 1 for level in range(11)} <= {box.part for box in first.boxes if box.opens is None}


def test_a_part_in_several_places_is_drawn_where_it_is_taken_and_named_elsewhere():
    shared = gate("shared", ChartBranch("then", "AAA", None, taken=True))
    other = gate("other", ChartBranch("then", "s", 2, taken=False), taken=False)
    root = gate("root", ChartBranch("then", "o", 1, taken=False), ChartBranch("else", "s", 2, taken=True))
    assert homes([root, other, shared]) == {0: [("then", 1), ("else", 2)], 1: [], 2: []}
    assert "then: box 2" in texts(to_svg("x", [root, other, shared]))


def test_a_part_that_only_an_indicator_looks_at_is_opened_from_the_first_drawing():
    svg = to_svg("x", [gate("root", ChartBranch("then", "AAA", None, taken=True)), gate("apart", taken=False)])
    assert '<a href="#s1"><text x="8" y="32">looked at by an indicator: box 1</text></a>' in svg


def test_a_name_can_neither_break_the_file_nor_run_in_a_browser():
    name = 'a"]]></text><script>alert(1)</script>&\x00\x1b\u202e\ud800 <a href="javascript:x">'
    svg = to_svg(name, [gate(name, ChartBranch(name, name, None, taken=True))])
    root = parsed(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "title",
        "style",
        "g",
        "rect",
        "text",
        "tspan",
    }
    assert svg.encode().startswith(SVG_BEGINS)
    assert "\\u202e" in svg


def test_a_box_of_very_many_tickers_counts_those_it_leaves_out_and_keeps_the_taken_ones():
    branches = [ChartBranch(str(number), f"T{number}", None, taken=number == 499) for number in range(500)]
    lines = texts(to_svg("x", [gate("filter", *branches)]))
    assert len(lines) == MOST_LINES + 2
    assert lines[-2:] == ["499: T499", "and 460 more lines: see --tree"]


def test_a_long_name_goes_on_on_the_next_line_uncut():
    lines = texts(to_svg("x", [gate("word " * 60)]))
    assert " ".join(lines) == "[0] " + ("word " * 60).strip()


def test_of_a_drawing_wider_than_a_screen_the_first_box_is_in_sight():
    """Five levels of two branches each: centred, the first box would stand at 5,000 pixels."""
    first = next(element for element in parsed(to_svg("x", full(5))).iter() if element.tag.endswith("rect"))
    assert float(first.attrib["x"]) < 200


def test_the_way_taken_is_drawn_over_the_other_lines():
    paths = [element for element in parsed(to_svg("x", full(4))).iter() if element.tag.endswith("path")]
    taken = [path.attrib.get("class") == "taken" for path in paths]
    assert any(taken)
    assert taken == sorted(taken)


def linked(drawing: int) -> str:
    return f"/bot?name=x&drawing={drawing}"


def test_inside_a_page_that_forbids_styles_a_chart_has_none():
    svg = for_page("x", full(5), linked)
    assert "style" not in svg
    assert parsed(svg).attrib["role"] == "group"  # its links stay reachable
    assert len(parsed(svg).findall(".//rect")) >= 2**5 - 1


def test_a_page_has_one_drawing_of_a_large_chart_and_the_addresses_of_those_below_and_above():
    parts, seen, waiting = full(9), set[str](), {linked(0)}
    while waiting:
        address = waiting.pop()
        seen.add(address)
        svg = for_page("x", parts, linked, int(address.rpartition("=")[2]))
        assert len(svg) < 100_000
        waiting |= {link.attrib["href"] for link in parsed(svg).iter("a")} - seen
    assert seen == {linked(number) for number in range(len(sections(parts, homes(parts))))}


def test_a_drawing_that_there_is_no_more_is_the_first_one():
    assert for_page("x", full(5), linked, 99) == for_page("x", full(5), linked)
