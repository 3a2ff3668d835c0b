"""CSV files as Excel writes them: read where they can be understood in one way only, else refused in one sentence."""

import gzip
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from rebalancer.errors import BadInputError
from rebalancer.market.csv_dialect import decimal_mark, separator_of
from rebalancer.market.folder import read_folder
from rebalancer.model import Floats

SEMICOLONS = "date;SPY;BRK.B\r\n2016-06-30;209,5;\r\n2016-07-01;1209,125;139,25\r\n"
PRICES = [[209.5, float("nan")], [1209.125, 139.25]]


def read(folder: Path, content: bytes, name: str = "a.csv") -> Floats:
    (folder / name).write_bytes(content)
    return read_folder(folder).values


def problem(folder: Path, content: bytes) -> str:
    """The one sentence about the file, without its path."""
    with pytest.raises(BadInputError) as refused:
        read(folder, content)
    (found,) = refused.value.problems
    return str(found).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    "text",
    [
        SEMICOLONS,
        SEMICOLONS.replace(";", "\t"),
        SEMICOLONS.replace(";", "|"),
        SEMICOLONS.replace(",", "."),
        f"sep=;\r\n{SEMICOLONS}",
        f'"sep=;"\n{SEMICOLONS}',
        "sep=\t\n" + SEMICOLONS.replace(";", "\t"),
        "sep=,\n" + SEMICOLONS.replace(",", ".").replace(";", ","),
        SEMICOLONS.replace("date;", '"date";').replace("209,5", '"209,5"'),
        "Date;Symbol;Close;Volume\n2016-06-30;SPY;209,5;1.234\n2016-07-01;SPY;1209,125;\n2016-07-01;BRK.B;139,25;9,1\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_decimal_commas_and_encodings_of_excel_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    values = read(tmp_path, text.encode(encoding))
    columns = [read_folder(tmp_path).symbols.index(symbol) for symbol in ("SPY", "BRK.B")]
    assert_array_equal(values[:, columns], PRICES)


def test_a_packed_file_is_read_as_well(tmp_path: Path) -> None:
    values = read(tmp_path, gzip.compress(SEMICOLONS.encode("utf-16")), "a.csv.gz")
    assert values[1].tolist() == [139.25, 1209.125]


def test_letters_that_are_not_in_utf_8_are_no_matter_where_nothing_is_read(tmp_path: Path) -> None:
    text = "date;symbol;close;volume\n2016-07-01;SPY;209,92;Wörter\n"
    assert read(tmp_path, text.encode("latin-1")).tolist() == [[209.92]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("date;SPY,TLT\n", 'a.csv: has cells parted by "," or ";": write commas between them, and a dot in prices'),
        ("date;SPY\n2016-07-01;1,234\n", "a.csv: has prices such as '1,234', whose \",\" may be for decimals or"),
        ("date;SPY\n2016-07-01;1.234\n", "a.csv: has prices such as '1.234', whose \".\" may be for decimals or"),
        ("date;SPY\n2016-07-01;1.234,5\n", 'a.csv: has both "," and "." in prices: write them with a dot for decimals'),
        ("date;SPY;TLT\n2016-07-01;9.5;9,5\n", 'a.csv: has both "," and "." in prices: write them with a dot for dec'),
        ('date,SPY\n2016-07-01,"209,92"\n', "a.csv: row 2, column SPY: '209,92' is no price: use a number above 0"),
        ("date,SPY\n2016-07-01,209,92\n", "a.csv: row 2: has 3 cells, and the header has 2: complete the row, or wri"),
        ("sep=;\ndate;SPY\n2016-07-01;x\n", "a.csv: row 3, column SPY: 'x' is no price"),
        ("date;SPY\n2016-07-01;1,234,567\n2016-06-30;1,5\n", "a.csv: row 2, column SPY: '1,234,567' is no price"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused_in_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    assert problem(tmp_path, content.encode()).startswith(sentence)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (SEMICOLONS.encode("utf-16-le"), "a.csv: is neither UTF-8 nor UTF-16 with its mark: save it as UTF-8"),
        (SEMICOLONS.encode("utf-32"), "a.csv: is neither UTF-8 nor UTF-16 with its mark: save it as UTF-8"),
        (SEMICOLONS.encode("utf-16")[:-1], "a.csv: is no text in utf-16"),
        ("date;Währung\n".encode("latin-1"), "a.csv: header: has letters that are not in UTF-8: save it as UTF-8"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert problem(tmp_path, content).startswith(sentence)


@given(
    st.lists(st.decimals("0.001", 9999, places=3), min_size=1, max_size=3),
    st.sampled_from(
        [(",", ".", ""), (",", ".", ","), *product(";\t|", ".", ["", ","]), *product(";\t|", ",", ["", "."])]
    ),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_a_price_is_read_as_it_was_meant_or_not_at_all(prices, marks, encoding) -> None:
    """`marks` are between cells, for decimals and for thousands."""
    separator, decimals, thousands = marks
    cells = [f"{price.normalize():,f}".translate(str.maketrans({".": decimals, ",": thousands})) for price in prices]
    cells = [f'"{cell}"' if separator in cell else cell for cell in cells]
    names = [f"T{number}" for number in range(len(cells))]
    text = "\n".join((separator.join(["date", *names]), separator.join(["2016-07-01", *cells])))
    with TemporaryDirectory() as folder:
        try:
            found = read(Path(folder), text.encode(encoding))
        except BadInputError:
            assert separator == "," or any("," in cell or "." in cell for cell in cells)
        else:
            assert found.tolist() == [[float(price) for price in prices]]


@pytest.mark.parametrize(
    ("line", "separator"),
    [("date", ","), ("date,SPY", ","), ('"a,b";c', ";"), ("sep=|", "|"), ("SEP=;\r\n", ";"), ("", ",")],
)
def test_a_separator_is_what_stands_outside_of_quotes(line: str, separator: str) -> None:
    assert separator_of(line)[0] == separator


@pytest.mark.parametrize(
    ("prices", "mark"),
    [
        (["1", "20"], "."),
        (["1,234", "12,5"], ","),
        (["1.234", "0.125"], "."),
        (["1234,567"], ","),
        ([" 12,5 ", "n/a"], ","),
        (["1,5E+02"], ","),
    ],
)
def test_a_mark_is_for_decimals_where_no_number_is_written_so_otherwise(prices: list[str], mark: str) -> None:
    assert decimal_mark(prices) == mark
