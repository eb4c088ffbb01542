"""A run as a JUnit file: a test case for each row, valid XML whatever the texts of others hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from promptlab._display._escape import REASON_LENGTH, visible
from promptlab._display._lines import label_of
from promptlab._types import Outcome, Run

OUTPUT_LENGTH = 4000

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: Run, rows: Sequence[Outcome], wall_s: float) -> bytes:
    """Write a run as a JUnit file.

    Args:
        run: What was done.
        rows: Its rows, in the suite's order.
        wall_s: Seconds from the start to the last row.
    """
    counts = {status: sum(row.status == status for row in rows) for status in ("fail", "error", "not_run")}
    numbers = {
        "tests": str(len(rows)),
        "failures": str(counts["fail"]),
        "errors": str(counts["error"] + counts["not_run"]),
        "skipped": str(sum(row.status == "ungraded" for row in rows)),
        "time": f"{wall_s:.3f}",
    }
    root = ET.Element("testsuites", {"name": "promptlab", **numbers})
    suite = ET.SubElement(
        root, "testsuite", {"name": _clean(run.suite), **numbers, "timestamp": _clean(run.started_at)[:19]}
    )
    models = sorted({row.completion.model for row in rows if row.completion and row.completion.model})
    properties = ET.SubElement(suite, "properties")
    for name, value in (("run", run.id), ("model", ", ".join(models)), ("simulated", str(run.simulated))):
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for row in rows:
        _add(suite, run, row)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _add(suite: ET.Element, run: Run, row: Outcome) -> None:
    seconds = row.completion.latency_s if row.completion else None
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": _clean(f"{run.suite}.{row.prompt}"),
            "name": _clean(label_of(run, row)),
            "time": f"{seconds or 0.0:.3f}",
        },
    )
    reason = _clean(row.reason or "")
    head = {"message": reason.split("\n", 1)[0][:REASON_LENGTH]}
    if row.status == "fail":
        ET.SubElement(case, "failure", head).text = reason
    elif row.status in ("error", "not_run"):
        ET.SubElement(case, "error", {**head, "type": row.error or row.status}).text = reason
    elif row.status == "ungraded":
        ET.SubElement(case, "skipped", {"message": "nothing is expected of this case"})
    if row.completion is not None and row.status != "pass":
        ET.SubElement(case, "system-out").text = _clean(row.completion.text[:OUTPUT_LENGTH])


def _clean(text: str) -> str:
    """Show control characters and what XML does not know as escapes."""
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text))
