"""No file, whatever its bytes, makes the loader do anything but load it or say why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptlab._cases import Suite, load_cases
from promptlab._errors import SuiteError

ENDS = (".yaml", ".json", ".jsonl", ".csv")
PIECES = st.sampled_from(
    ["cases:\n", "- id: a\n", "- id: b\n  ", "suite: s\n", "input: ", "expect: ", "tags: ", "{", "}", "[", "]", ":", ",", "\n", "  ",
     '"', "'", "&a ", "*a", "!x ", "|\n", "- ", "? ", "---\n", "# ", "\t", "null", "007", "1e9", "NaN", '"id":', '"a"', '"cases":',
     '{"id":"a"}', "id,v\n", "a,1\n", "expect.x:json", "\\ud800", "\ufeff", "\x00", "\x85", "é", "\r", "{below: 1}", "{regex: '('}",
     "{json_schema: {type: x}}", "{between: [1, 0]}", "python: 'a:b'", "found: true\n", "$.a[", "a.b[0]: 1\n"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=20).map("".join).map(str.encode) | st.binary(max_size=60)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["a", "equals", "regex", "length", "between", "contains", "type", "$.x", "a[0].b", ""]
            )
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
)
CASES = st.lists(
    st.dictionaries(
        st.sampled_from(["id", "input", "expect", "tags", "why", "metadata", "x"]), VALUES, max_size=5
    )
    | VALUES,
    max_size=3,
)


@pytest.mark.parametrize("end", ENDS)
def test_bytes_load_or_are_refused(tmp_path_factory, end):
    """Any bytes are a suite or a SuiteError that names the file."""
    path = tmp_path_factory.mktemp("any") / f"a{end}"

    @given(TEXTS)
    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def attempt(content: bytes) -> None:
        path.write_bytes(content)
        _load(path)

    attempt()


@pytest.mark.parametrize("end", [".yaml", ".json"])
def test_trees_load_or_are_refused(tmp_path_factory, end):
    """Any tree of values that JSON can hold is a suite or a SuiteError, as JSON and as YAML."""
    path = tmp_path_factory.mktemp("any") / f"a{end}"

    @given(CASES)
    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def attempt(cases: list) -> None:
        path.write_text(json.dumps(cases, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")
        _load(path)

    attempt()


@given(CASES)
@settings(max_examples=200, deadline=None)
def test_lists_load_or_are_refused(cases):
    """Any list of values in Python is a suite or a SuiteError."""
    try:
        suite = load_cases(cases)
    except SuiteError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, and both are looked at
    else:
        assert len(suite) == len(cases)


def _load(path: Path) -> Suite | None:
    try:
        return load_cases(path)
    except SuiteError as error:
        assert str(error).startswith(str(path))  # noqa: PT017 - as above
        return None
