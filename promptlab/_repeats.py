"""Do a prompt's answers to the same case agree with one another? A confidence that no model has to state."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from promptlab._errors import SettingError, UsageError
from promptlab._wording import listed, quoted
from promptlab.checks import MISSING, find, parse_path

if TYPE_CHECKING:
    import pandas as pd

    from promptlab.checks._paths import Path

TYPES = {
    "prompt": "string", "case": "string", "answered": "Int64", "answers": "Int64", "agreement": "Float64",
    "commonest": "object", "pass_rate": "Float64",
}  # fmt: skip
"""The columns, with their dtypes."""
_GRADED = {"pass": True, "fail": False}
_ANSWERED = ("pass", "fail", "ungraded")


def repeat_agreement(frame: pd.DataFrame, *, field: str | None = None) -> pd.DataFrame:
    """Tell how far the answers to each case agree over the repeats.

    Args:
        frame: A frame of `run_parallel(..., repeats=)` or `compare`.
        field: The path of the field of JSON answers that is compared (`workflow.name`); the whole answer where it
            is None, without its `confidence`, which says how sure it is and not what it is.

    Returns:
        A row for each prompt and case, in the frame's order: `answered` repeats, how many different `answers` came,
        the share of them that are the `commonest` one (`agreement`; missing for fewer than two), and the
        `pass_rate` of those that were graded. Repeats without an answer are left out.

    Raises:
        SettingError: It is no such frame, or the field is no path.
    """
    import pandas as pd

    missing = [name for name in ("prompt", "case", "status", "answer") if name not in frame.columns]
    if missing:
        raise SettingError(
            f"the frame has no column {listed(missing)}; give one of `run_parallel` or `compare`"
        )
    path = _path(field)
    groups: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    columns = [frame[name].tolist() for name in ("prompt", "case", "status", "answer")]
    for prompt, case, status, answer in zip(*columns, strict=True):
        told = groups.setdefault((prompt, case), [])
        nothing = answer is None or answer is pd.NA or (isinstance(answer, float) and math.isnan(answer))
        if not nothing or status in _ANSWERED:  # an answer may be JSON's null
            told.append((str(status), answer))
    rows = [{"prompt": prompt, "case": case, **_row(told, path)} for (prompt, case), told in groups.items()]
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def _path(field: str | None) -> Path | None:
    try:
        return None if field is None else parse_path(field)
    except UsageError as trouble:
        raise SettingError(f"field={quoted(field)}: {trouble}") from None


def _row(told: list[tuple[str, Any]], path: Path | None) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    for _, answer in told:
        value = _compared(answer, path)
        key = _canonical(value)
        seen.setdefault(key, None if value is MISSING else value)
        counts[key] += 1
    graded = [_GRADED[status] for status, _ in told if status in _GRADED]
    best, most = counts.most_common(1)[0] if counts else ("", 0)
    return {
        "answered": len(told),
        "answers": len(counts),
        "agreement": most / len(told) if len(told) > 1 else None,
        "commonest": seen.get(best),
        "pass_rate": sum(graded) / len(graded) if graded else None,
    }


def _compared(answer: Any, path: Path | None) -> Any:
    """Give what is compared of an answer; `MISSING` where it has no such field."""
    if path is not None:
        return find(answer, path)
    if isinstance(answer, dict):
        return {key: value for key, value in answer.items() if key != "confidence"}
    return answer


def _canonical(value: Any) -> str:
    """Write a value so that equal ones are the same text: white space around texts, 1.0 and 1, the keys' order."""
    return json.dumps(_plain(value), sort_keys=True) if value is not MISSING else "missing"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
