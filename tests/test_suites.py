"""The suites that come with the project: whole, countable, and about what their prompts know."""

from __future__ import annotations

import json
import re
import runpy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = Path(__file__).resolve().parent.parent / "cases"
COUNTS = {
    "discovery": 25,
    "component_browsing": 12,
    "parameter_discovery": 10,
    "workflow_generator": 10,
    "travel_intents": 200,
}

CHECKS = {"one_of", "ignore_case", "json_schema"}


def read(name: str) -> dict[str, Any]:
    """Read a suite file as plain YAML."""
    return yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))


def prompt(name: str) -> str:
    """Read a prompt file as it is."""
    return (CASES / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def named(value: Any) -> Iterator[str]:
    """Give the names that an expectation holds, in its paths too: words with an underscore."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from named(re.split(r"[.\[\]]", key)[-1])
            yield from named(part)
    elif isinstance(value, list):
        for part in value:
            yield from named(part)
    elif isinstance(value, str) and "_" in value and value.replace("_", "").isalpha():
        yield value


@pytest.mark.parametrize("name", COUNTS)
def test_suite_has_its_cases(name: str) -> None:
    """Each suite names itself, has its number of cases, unique ids and one request in each case."""
    suite = read(name)
    ids = [case["id"] for case in suite["cases"]]

    assert suite["suite"] == name
    assert len(ids) == len(set(ids)) == COUNTS[name]
    assert all(list(case["input"]) == ["request"] and case["input"]["request"] for case in suite["cases"])
    assert all(case["expect"] for case in suite["cases"])


def test_discovery_tags_part_it() -> None:
    """Discovery has 5 smoke cases and 20 others for the parallel run, with all kinds of rejection."""
    tags = [set(case["tags"]) for case in read("discovery")["cases"]]
    counted = Counter(tag for found in tags for tag in found)

    assert (counted["smoke"], counted["parallel"]) == (5, 20)
    assert not any({"smoke", "parallel"} <= found for found in tags)
    assert {"match", "reject", "wrong_source", "wrong_format", "vague", "synonym", "single_word"} <= set(
        counted
    )


def test_travel_intents_are_stratified() -> None:
    """The travel suite has 10 utterances of each of 15 intents and 50 out of scope, and says whose they are."""
    counted = Counter(case["expect"]["intent"] for case in read("travel_intents")["cases"])

    assert counted.pop("oos") == 50
    assert set(counted.values()) == {10}
    assert len(counted) == 15
    for text in (
        (CASES / "travel_intents.yaml").read_text(encoding="utf-8"),
        (CASES / "README.md").read_text(),
    ):
        assert "CLINC150" in text
        assert "Creative Commons Attribution 3.0" in text


@pytest.mark.parametrize("name", COUNTS)
def test_expected_names_stand_in_prompts(name: str) -> None:
    """What a case expects by name is known to the suite's prompts, so that a slip in either shows."""
    prompts = (
        [path.stem for path in (CASES / "prompts").glob("travel_*.md")]
        if name == "travel_intents"
        else [name]
    )
    expected = {found for case in read(name)["cases"] for found in named(case["expect"])} - CHECKS

    assert expected
    for text in map(prompt, prompts):
        assert {found for found in expected if found not in text} == set()


@pytest.mark.parametrize("path", sorted((CASES / "prompts").glob("*.md")), ids=lambda path: path.stem)
def test_prompts_have_one_hole(path: Path) -> None:
    """Each prompt is named as its file, and has one hole, for the request."""
    front, text = path.read_text(encoding="utf-8").split("---\n", 2)[1:]

    assert yaml.safe_load(front)["name"] == path.stem
    assert text.count("{{ request }}") == 1
    assert text.count("{{") == 1


def test_descriptions_quote_no_case() -> None:
    """No utterance of the suite stands in a travel prompt, except in the one that is fitted on purpose."""
    utterances = [case["input"]["request"] for case in read("travel_intents")["cases"]]

    for path in (CASES / "prompts").glob("travel_*.md"):
        quoted = sum(f'"{utterance}"' in path.read_text(encoding="utf-8") for utterance in utterances)
        assert (quoted > 20) is (path.stem == "travel_fitted"), path.stem


def test_travel_script_selects_evenly(tmp_path: Path) -> None:
    """The script takes every third utterance of each travel intent and every twentieth out of scope."""
    rows = [f'"a ""b"" {number}",book_{intent},travel' for intent in "xy" for number in range(30)]
    rows += [f"o {number},oos,out_of_scope" for number in range(1000)] + ["c,balance,banking"]
    source = tmp_path / "test.csv"
    source.write_text("text,intent,domain\n" + "\n".join(rows) + "\n", encoding="utf-8")
    script = runpy.run_path(str(CASES / "make_travel_intents.py"))

    pairs = script["select"](source)

    assert pairs[:2] == [("book_x", 'a "b" 0'), ("book_x", 'a "b" 3')]
    assert pairs[20:22] == [("oos", "o 0"), ("oos", "o 20")]
    assert len(pairs) == 70
    assert yaml.safe_load(script["suite"](pairs))["cases"][0]["input"] == {"request": 'a "b" 0'}
    assert json.dumps(pairs).count("balance") == 0


def test_travel_script_refuses_a_part(tmp_path: Path) -> None:
    """A file with too few utterances is refused in words, not quietly made into a smaller suite."""
    source = tmp_path / "test.csv"
    source.write_text("text,intent,domain\na,book_x,travel\n", encoding="utf-8")
    script = runpy.run_path(str(CASES / "make_travel_intents.py"))

    with pytest.raises(SystemExit, match="10 rows or more"):
        script["select"](source)
