"""Checks that a suite names as `module:function`: with the caller's consent only."""

import pytest

from promptlab._errors import UsageError
from promptlab.checks import compile_expect
from tests.checks.grading import graded, passes, reason


def test_code_needs_consent():
    """`python:` is refused, saying how to consent, and nothing is imported."""
    with pytest.raises(UsageError, match=r"allow_code=True.*--allow-code"):
        compile_expect({"python": "no.such.module:at_all"})


def test_code_with_consent_runs():
    """With consent the named function is a check, on the whole answer or a field."""
    here = "tests.checks.suite_code"

    assert passes({"n": 4}, {"n": {"python": f"{here}:is_even"}}, allow_code=True)
    assert reason({"n": 3}, {"n": {"python": f"{here}:is_even"}}, allow_code=True) == "n: returned false"
    assert passes("say x", {"python": [f"{here}:knows_case", f"{here}:Holder.half"]}, allow_code=True)
    result = graded("say x", {"python": [f"{here}:knows_case", f"{here}:Holder.half"]}, allow_code=True)
    assert [verdict.name for verdict in result.verdicts] == ["python", "python_2"]
    assert "missing" in reason({"m": 3}, {"n": {"python": f"{here}:is_even"}}, allow_code=True)
    assert "answer is not JSON" in reason("3", {"n": {"python": f"{here}:is_even"}}, allow_code=True)


@pytest.mark.parametrize(
    "named",
    [
        "no.such.module:f",
        "tests.checks.suite_code:gone",
        "tests.checks.suite_code:not_callable",
        "tests.checks.suite_code",
        ":f",
        "m:",
        3,
        [],
        None,
        "..x:y",
    ],
)
def test_code_that_is_not_there_is_refused(named):
    """A function that cannot be imported or called is an error before any call."""
    with pytest.raises(UsageError):
        compile_expect({"python": named}, allow_code=True)


def test_modules_that_exit_are_refused(tmp_path, monkeypatch):
    """A module that exits while it is imported is an error before any call, not the end of the process."""
    (tmp_path / "quits_at_once.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(UsageError, match="SystemExit"):
        compile_expect({"python": "quits_at_once:f"}, allow_code=True)
