"""Make `travel_intents.yaml` from the test split of CLINC150: `python make_travel_intents.py test.csv`.

The selection is fixed and stratified, nothing in it is drawn or chosen by eye: of the 30 test
utterances of each of the 15 travel intents, in the file's order, the 1st, 4th, 7th, … 28th; of the
1,000 utterances out of scope the 1st, 21st, 41st, … 981st. Even steps, because neighbours in the file
are often one writer's paraphrases.
"""

# ruff: noqa: INP001 - a script beside what it makes; cases are no package
from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

EACH_INTENT = 10
OUT_OF_SCOPE = 50

HEADER = """\
# 200 real utterances: 10 of each of the 15 travel intents of CLINC150, and 50 that fit no intent (oos).
#
# Source: CLINC150, test split (repository clinc/oos-eval, data/data_full.json). Stefan Larson, Anish
# Mahendran, Joseph J. Peper, Christopher Clarke, Andrew Lee, Parker Hill, Jonathan K. Kummerfeld, Kevin
# Leach, Michael A. Laurenzano, Lingjia Tang and Jason Mars: "An Evaluation Dataset for Intent
# Classification and Out-of-Scope Prediction", EMNLP-IJCNLP 2019.
# Licence: Creative Commons Attribution 3.0, https://creativecommons.org/licenses/by/3.0/ - the utterances
# and intents below are unchanged; the selection, the ids and the tags were added here.
# Made by make_travel_intents.py, which says how they were selected. Do not edit by hand.
suite: travel_intents
defaults:
  tags: [travel_intents]
cases:
"""


def evenly(rows: list[str], count: int) -> list[str]:
    """Take `count` of the rows, in even steps from the first.

    Raises:
        SystemExit: there are fewer rows than are wanted.
    """
    if len(rows) < count:
        sys.exit(f"expected {count} rows or more, found {len(rows)}: is this the whole test split?")
    step = len(rows) // count
    return rows[::step][:count]


def select(source: Path) -> list[tuple[str, str]]:
    """Select (intent, utterance) pairs from the CSV file, the intents in alphabetical order, `oos` last."""
    by_intent: dict[str, list[str]] = {}
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["domain"] == "travel" or row["intent"] == "oos":
                by_intent.setdefault(row["intent"], []).append(row["text"])
    names = [*sorted(name for name in by_intent if name != "oos"), "oos"]
    return [
        (name, text)
        for name in names
        for text in evenly(by_intent.get(name, []), OUT_OF_SCOPE if name == "oos" else EACH_INTENT)
    ]


def suite(pairs: list[tuple[str, str]]) -> str:
    """Write the pairs as a suite file; every string is quoted as JSON, which YAML reads as it is."""
    lines = [HEADER]
    seen: dict[str, int] = {}
    for intent, text in pairs:
        seen[intent] = seen.get(intent, 0) + 1
        scope = "out_of_scope" if intent == "oos" else "in_scope"
        lines.append(
            f"  - id: {intent}_{seen[intent]:02d}\n"
            f"    input: {{request: {json.dumps(text, ensure_ascii=False)}}}\n"
            f"    expect: {{intent: {intent}}}\n"
            f"    tags: [{scope}]\n"
        )
    return "".join(lines)


def main() -> None:
    """Read the CSV file named on the command line and write the suite beside this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("csv", type=Path, help="test.csv: columns text, intent, domain")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("travel_intents.yaml"))
    arguments = parser.parse_args()
    arguments.out.write_text(suite(select(arguments.csv)), encoding="utf-8")


if __name__ == "__main__":
    main()
