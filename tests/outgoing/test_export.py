"""CSV and JSON Lines: what goes out is whole, exact where it can be, and nothing in it begins a formula."""

import csv
import datetime as dt
import io
import json
import math
import re
import stat
import unicodedata
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import promptlab
from promptlab import Lab, SettingError, UsageError, export_csv, export_jsonl
from promptlab._frame import to_frame

FORMULAS = [
    '=HYPERLINK("http://evil.example","x")',
    "=1+1",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "  =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    '"=1+1"',
    "'=1+1",
    "“=1+1”",
    " ' \" =1",
    "\u3000＝1+1",
    "＋1",
    "－1+1",
    "＠SUM(1)",
    "﹦1",
    "−1+1",
    "\u200b=1",
    "\ufeff=1",
    "a;=1+1",
    "a; '=1+1",
    'a;"-1+cmd|x',
]
ANY = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(FORMULAS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner, max_size=3),
    max_leaves=8,
)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_formula(cell):
    """Tell, in another way than the library does, whether a spreadsheet would reckon with a cell."""
    bare = cell
    while bare and (bare[0].isspace() or bare[0] in "\"'`´‘’‚“”„«»\ufeff\u200b"):
        if bare[0] == "'" and bare is cell:
            return False  # an apostrophe at the very beginning says that this is text
        bare = bare[1:]
    plain = unicodedata.normalize("NFKC", bare[:1])
    return plain[:1] in {"=", "+", "-", "@", "\u2212", "\t", "\r"} and not NUMBER.fullmatch(cell)


def read(path):
    """Give the cells of a CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def lines_of(path):
    """Give the objects of JSON Lines."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@pytest.mark.parametrize("text", FORMULAS)
def test_formula_becomes_text(tmp_path, text):
    """A text that a spreadsheet would reckon with is text, in cells and in the names of columns."""
    rows = read(export_csv(pd.DataFrame({text: [text], "answer": [[text]]}), tmp_path / "out.csv"))

    assert not any(is_formula(part) for row in rows for cell in row for part in [cell, *cell.split(";")])
    assert any("'" in cell or cell.startswith("\\") for cell in rows[1])


def test_numbers_stay_numbers(tmp_path):
    """Numbers, and texts that are nothing but a number, come back as they were."""
    frame = pd.DataFrame(
        {
            "small": pd.array([-5, None, 7], dtype="Int64"),
            "real": [-0.1, 1e300, math.inf],
            "text": ["-5", "+49301234567", "-1.5e-3"],
            "kept": ["007", "NA", "null"],
            "yes": pd.array([True, None, False], dtype="boolean"),
        }
    )
    path = export_csv(frame, tmp_path / "out.csv")

    assert path.read_text().splitlines() == [
        "small,real,text,kept,yes",
        "-5,-0.1,-5,007,True",
        ",1e+300,+49301234567,NA,",
        "7,inf,-1.5e-3,null,False",
    ]
    back = pd.read_csv(path, dtype={"kept": str}, keep_default_na=False, na_values={"small": [""]})
    assert back["real"].tolist() == [-0.1, 1e300, math.inf]
    assert back["kept"].tolist() == ["007", "NA", "null"]


@quick
@given(st.lists(st.tuples(ANY, VALUES), max_size=4))
def test_csv_holds_any_text(tmp_path, rows):
    """Whatever stands in cells: a line each, cells in their place, nothing that steers a screen, no formula."""
    frame = pd.DataFrame(
        {"output": [text for text, _ in rows], "answer": _objects([value for _, value in rows])}
    )
    path = export_csv(frame, tmp_path / "out.csv")

    written = path.read_bytes().decode("utf-8")
    assert written.count("\n") == len(rows) + 1
    assert all(
        char == "\n" or char.isprintable() or unicodedata.category(char) in {"Zs", "Cf", "Cn", "Co"}
        for char in written
    )
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x1b\x9b]", written)
    cells = read(path)
    assert [len(row) for row in cells] == [2] * (len(rows) + 1)
    assert not any(is_formula(cell) for row in cells for cell in row)
    assert pd.read_csv(path, keep_default_na=False, dtype=str).shape == (len(rows), 2)


@quick
@given(st.lists(st.tuples(ANY, VALUES), max_size=4))
def test_jsonl_is_exact(tmp_path, rows):
    """Whatever texts and values stand in a frame, JSON Lines give them back, halves of characters too."""
    frame = pd.DataFrame(
        {"output": _objects([text for text, _ in rows]), "answer": _objects([v for _, v in rows])}
    )
    path = export_jsonl(frame, tmp_path / "out.jsonl")

    assert [(row["output"], row["answer"]) for row in lines_of(path)] == rows
    assert not re.search("[\u202a-\u202e\u2028\u2066-\u2069\u200b\x1b\x7f-\x9f]", path.read_bytes().decode())


def _objects(values):
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value
    return pd.Series(column)


def test_frames_of_runs_are_exported(tmp_path, server):
    """The frame of a run and those of a comparison go out and come back: hostile texts, tags, answers."""
    said = '=cmd|"/C calc"!A0 \x1b[31m\u202e'
    server.says(
        lambda call: {"found": said, "n": [1, {"a": None}], "confidence": 0.9} if "1" in call.text else said
    )
    cases = [
        {"id": f"-c{n}", "input": {"=q": f"{n}"}, "expect": {"found": False}, "tags": ["+t"]} for n in (1, 2)
    ]
    with Lab(base_url=server.base_url, store="off", display="none") as lab:
        frame = promptlab.run_parallel(cases, "q 1", lab=lab)
        both = promptlab.compare(cases, {"=A": "q 1", "@B": "q 2"}, lab=lab)

    for name, one in {"run": frame, "long": both.frame, "table": both.table, "summary": both.summary}.items():
        path = export_csv(one, tmp_path / f"{name}.csv")
        rows = read(path)
        assert len(rows) == len(one) + 1 == len(path.read_bytes().splitlines())
        assert not any(is_formula(cell) for row in rows for cell in row)
        assert b"\x1b" not in path.read_bytes()
        objects = lines_of(export_jsonl(one, tmp_path / f"{name}.jsonl"))
        assert [list(row) for row in objects] == [list(one.columns)] * len(one)
    first = lines_of(tmp_path / "long.jsonl")[0]
    assert first["answer"] == {"found": said, "n": [1, {"a": None}], "confidence": 0.9}
    assert (first["tags"], first["case"], first["passed"]) == (["+t"], "-c1", False)
    table = pd.read_csv(tmp_path / "long.csv")
    assert table["case"].tolist() == ["'-c1", "'-c1", "'-c2", "'-c2"]
    assert json.loads(table["answer"][0])["n"] == [1, {"a": None}]


def test_frame_without_rows_is_exported(tmp_path):
    """A frame without rows is a head alone; one without columns is empty lines."""
    frame = to_frame("r1", [], {})

    assert read(export_csv(frame, tmp_path / "out.csv")) == [list(frame.columns)]
    assert export_jsonl(frame, tmp_path / "out.jsonl").read_bytes() == b""
    assert export_jsonl(pd.DataFrame(index=range(2)), tmp_path / "out.jsonl").read_bytes() == b"{}\n{}\n"


class Odd:
    """A value that cannot say what it is."""

    def __str__(self):
        raise RuntimeError("no")


def test_odd_values_are_written(tmp_path):
    """Values that JSON does not know become what is nearest: times, numpy's, decimals, deep and circular ones."""
    deep = []
    for _ in range(5_000):
        deep = [deep]
    circle = {}
    circle["me"] = circle
    values = [
        dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), np.int64(-3), np.float32(0.5), np.bool_(True), np.array([1, 2]),
        Decimal("1.5"), Fraction(1, 2), Path("a/b"), float("nan"), pd.NA, pd.NaT, math.inf, {1: "a", None: 2}, Odd(), deep,
        circle, {"é"}, b"\x00=1",
    ]  # fmt: skip
    frame = pd.DataFrame({"value": _objects(values)})

    got = [row["value"] for row in lines_of(export_jsonl(frame, tmp_path / "out.jsonl"))]
    cells = [row[0] for row in read(export_csv(frame, tmp_path / "out.csv"))[1:]]

    assert got[:8] == ["2026-01-02T03:04:05+00:00", -3, 0.5, True, [1, 2], "1.5", 0.5, "a/b"]
    assert got[8:14] == [None, None, None, None, {"1": "a", "null": 2}, "<Odd>"]
    assert got[16:] == [["é"], "b'\\x00=1'"]
    assert cells[:5] == ["2026-01-02T03:04:05+00:00", "-3", "0.5", "True", "[1, 2]"]
    assert "nested too deeply" in json.dumps(got[14])
    assert "nested too deeply" in cells[15]


def test_long_cell_is_cut_in_csv_alone(tmp_path):
    """A cell that a spreadsheet would spill over into others is cut, and says so; JSON Lines have all of it."""
    frame = pd.DataFrame({"output": ["x" * 32_767 + "=1+1", "\x1b" * 31_999, "y" * 32_000]})

    cells = [row[0] for row in read(export_csv(frame, tmp_path / "out.csv"))[1:]]

    assert [len(cell) <= 32_001 for cell in cells] == [True] * 3
    assert [cell.endswith("(cut, see the JSON)") for cell in cells] == [True, True, False]
    assert lines_of(export_jsonl(frame, tmp_path / "out.jsonl"))[0]["output"].endswith("=1+1")


def test_mark_is_written_for_excel(tmp_path):
    """With `utf-8-sig` the file begins with a byte order mark; pandas reads both alike."""
    frame = pd.DataFrame({"case": ["größer ✅"]})
    with_mark = export_csv(frame, tmp_path / "a.csv", encoding="utf-8-sig")
    without = export_csv(frame, tmp_path / "b.csv")

    assert with_mark.read_bytes() == b"\xef\xbb\xbf" + without.read_bytes()
    assert pd.read_csv(with_mark)["case"].tolist() == ["größer ✅"]


class Breaks:
    """A value that stops the writing of a file half way."""

    @property
    def tolist(self):
        """Break."""
        raise KeyboardInterrupt


def test_file_is_whole_or_as_it_was(tmp_path):
    """Where writing ends early the file that was there stays, and nothing lies beside it."""
    path = tmp_path / "out.csv"
    path.write_text("before")
    path.chmod(0o600)
    broken = pd.DataFrame({"a": _objects(["x"] * 600 + [Breaks()])})

    for export in (export_csv, export_jsonl):
        with pytest.raises(KeyboardInterrupt):
            export(broken, path)
        assert (path.read_text(), list(tmp_path.iterdir())) == ("before", [path])
    export_csv(broken.head(1), path)
    assert (path.read_text(), list(tmp_path.iterdir())) == ("a\nx\n", [path])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_link_is_written_through(tmp_path):
    """A link stays a link; what it points to is replaced."""
    (tmp_path / "real.csv").write_text("before")
    (tmp_path / "link.csv").symlink_to("real.csv")

    export_csv(pd.DataFrame({"a": [1]}), tmp_path / "link.csv")

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "a\n1\n"


def test_wrong_use_is_said(tmp_path):
    """What is no frame, has a name twice, or has no place to go is an error that says so."""
    with pytest.raises(UsageError, match="give a DataFrame, not a dict"):
        export_csv({"a": 1}, tmp_path / "x.csv")
    with pytest.raises(UsageError, match="two columns 'a'"):
        export_jsonl(pd.DataFrame([[1, 2]], columns=["a", "a"]), tmp_path / "x")
    with pytest.raises(UsageError, match="latin-1"):
        export_csv(pd.DataFrame(), tmp_path / "x.csv", encoding="latin-1")
    for place in (tmp_path, tmp_path / "missing" / "x.csv"):
        with pytest.raises(SettingError, match="cannot write"):
            export_csv(pd.DataFrame({"a": [1]}), place)
    assert list(tmp_path.iterdir()) == []


def test_csv_reads_the_same_everywhere(tmp_path):
    """Commas, quotes, semicolons and line ends in texts keep cells in their place for csv and for pandas."""
    texts = ['a,"b"', "c;d", 'e"', "f\ng\r\nh", ",", '"', ""]
    path = export_csv(pd.DataFrame({"t": texts, "n": range(7)}), tmp_path / "x.csv")

    by_csv = [row[0] for row in csv.reader(io.StringIO(path.read_text()))][1:]
    by_pandas = pd.read_csv(path, keep_default_na=False)

    assert by_csv == by_pandas["t"].tolist() == ['a,"b"', "c;d", 'e"', "f\\ng\\nh", ",", '"', ""]
    assert by_pandas["n"].tolist() == list(range(7))
