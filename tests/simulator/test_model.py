"""The answering model: it learns from the prompt that it is given, and from nothing else."""

from __future__ import annotations

import ast
import json
import math
import re
import sys
from pathlib import Path

import pytest

from promptlab.simulator._model import reply
from promptlab.simulator._request import WINDOW, find
from tests.simulator.model_help import answer, body, prompt_text, share, utterances

NONSENSE = [
    "blicket",
    "dax",
    "fep",
    "gorp",
    "kiki",
    "lorp",
    "mefa",
    "nolu",
    "pimwit",
    "quilp",
    "rafto",
    "sibu",
    "toma",
    "vundle",
    "wug",
    "zorp",
]
DESCRIBED = """\
Which label fits the text?

Labels:

- apples: orchard fruit, cider, pie
- boats: sails, harbour, anchor
- clocks: hands, hour, alarm

{rule}

Text: {{{{ request }}}}

Answer with JSON: {{"label": "<label>", "confidence": <0 to 1>}}
"""
CATALOGUES = {
    "bullets": "- apples: orchard fruit, cider\n- boats: sails, harbour\n- clocks: hands, alarm",
    "numbers": "1. **apples** – orchard fruit, cider\n2. **boats** – sails, harbour\n3. **clocks** – hands, alarm",
    "table": "| label | meaning |\n|---|---|\n| apples | orchard fruit, cider |\n| boats | sails, harbour |\n"
    "| clocks | hands, alarm |",
    "yaml list": "- name: apples\n  about: orchard fruit, cider\n- name: boats\n  about: sails, harbour\n"
    "- name: clocks\n  about: hands, alarm",
    "yaml mapping": "apples:\n  about: orchard fruit, cider\nboats:\n  about: sails, harbour\nclocks:\n"
    "  about: hands, alarm",
    "json": '[{"name": "apples", "about": "orchard fruit, cider"}, {"name": "boats", "about": "sails, harbour"},'
    ' {"name": "clocks", "about": "hands, alarm"}]',
    "json mapping": '{"apples": "orchard fruit, cider", "boats": "sails, harbour", "clocks": "hands, alarm"}',
    "plain lines": "apples: orchard fruit, cider\nboats: sails, harbour\nclocks: hands, alarm",
    "headings": "### apples\norchard fruit, cider\n\n### boats\nsails, harbour\n\n### clocks\nhands, alarm",
    "elements": '<label name="apples">orchard fruit, cider</label>\n<label name="boats">sails, harbour</label>\n'
    '<label name="clocks">hands, alarm</label>',
}
LABELS = "Labels: apples, boats, clocks\n\n"
JSON = 'Answer with JSON: {"label": "<label>", "confidence": <0 to 1>}'


def test_reply_repeats_itself() -> None:
    """The same body and seed get the same answer, also where a temperature is set."""
    for temperature in (0, 1.5):
        asked = body(
            prompt_text("travel_described"), "i lost my bags", temperature=temperature, logprobs=True
        )

        assert reply(asked, seed=3) == reply(asked, seed=3)


@pytest.mark.parametrize("more", [{}, {"temperature": 0}, {"temperature": None}, {"temperature": math.nan}])
def test_seed_changes_nothing_cold(more: dict[str, float]) -> None:
    """Without a temperature over 0 the seed has no effect."""
    prompt = prompt_text("travel_better")

    for text, _ in utterances()[::20]:
        assert len({reply(body(prompt, text, **more), seed=seed).text for seed in range(5)}) == 1


def test_hotter_answers_vary_more() -> None:
    """A temperature makes answers vary with the seed, a higher one more of them."""
    prompt = prompt_text("travel_described")
    asked = [text for text, _ in utterances()[::4]]

    def changed(temperature: float) -> int:
        cold = [answer(prompt, text)["intent"] for text in asked]
        hot = [answer(prompt, text, seed=7, temperature=temperature)["intent"] for text in asked]
        return sum(one != other for one, other in zip(cold, hot, strict=True))

    assert 0 < changed(0.7) < changed(2.0) < len(asked) / 2


def test_better_prompts_score_better() -> None:
    """Bare labels get about half right, descriptions more, and a rule for none the most."""
    labels, better, described = (
        share(prompt_text(f"travel_{name}")) for name in ("labels", "better", "described")
    )

    assert 0.4 <= labels <= 0.6
    assert labels + 0.05 < better < described - 0.05
    assert described >= 0.75


def test_equal_totals_hide_change() -> None:
    """The pair A and B differs by at most two cases in total and by forty and more in what passes."""
    a, b = (
        [answer(prompt_text(f"travel_{name}"), text)["intent"] == intent for text, intent in utterances()]
        for name in "ab"
    )

    assert abs(sum(a) - sum(b)) <= 2
    assert sum(one and not other for one, other in zip(a, b, strict=True)) >= 20
    assert sum(other and not one for one, other in zip(a, b, strict=True)) >= 20


def test_nonsense_labels_fall_to_chance() -> None:
    """With the bare names replaced by nonsense nothing is left to go by: no table of intents helps."""
    names = sorted({intent for _, intent in utterances()})
    renamed = dict(zip(names, NONSENSE, strict=True))
    prompt = re.sub("|".join(names), lambda match: renamed[match[0]], prompt_text("travel_labels"))

    assert share(prompt, renamed=renamed, scope=True) < 0.15


def test_descriptions_carry_nonsense_labels() -> None:
    """With nonsense names and the true descriptions the answers are the nonsense names, and mostly right."""
    names = sorted({intent for _, intent in utterances()})
    renamed = dict(zip(names, NONSENSE, strict=True))
    prompt = prompt_text("travel_described").replace("answer oos", f"answer {renamed['oos']}")
    for name, instead in renamed.items():
        prompt = prompt.replace(f"- {name}:", f"- {instead}:")

    assert share(prompt, renamed=renamed) > 0.6


def test_swapped_descriptions_swap_answers() -> None:
    """What a label is said to mean decides, not what it is called elsewhere."""
    prompt = DESCRIBED.format(rule="").replace("{{ request }}", "drop the anchor in the harbour")
    swapped = prompt.replace("- boats:", "- #:").replace("- clocks:", "- boats:").replace("- #:", "- clocks:")

    assert answer(prompt, "")["label"] == "boats"
    assert answer(swapped, "")["label"] == "clocks"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", {"apples", "boats", "clocks"}),
        ("When no label fits, answer nope.", {"nope"}),
        ('If none of the labels applies, say "other".', {"other"}),
        ("Otherwise use `misc` if nothing matches.", {"misc"}),
        ("If the text fits none of them, the label is null: return null.", {None}),
    ],
)
def test_rule_for_none_is_read(rule: str, expected: set[str | None]) -> None:
    """A text that fits nothing gets what the prompt's rule says, and a label where there is no rule."""
    assert answer(DESCRIBED.format(rule=rule), "who won the chess match")["label"] in expected


@pytest.mark.parametrize(("threshold", "expected"), [("0.01", "boats"), ("0.3", "boats"), ("99.9%", "nope")])
def test_threshold_is_read(threshold: str, expected: str) -> None:
    """The number in the prompt decides from which confidence on a label counts."""
    rule = f"If your confidence is below {threshold}, answer nope."

    assert answer(DESCRIBED.format(rule=rule), "a big white sail")["label"] == expected


def test_examples_teach() -> None:
    """An example of the prompt decides what is like it, and examples that fit nothing count as well."""
    prompt = DESCRIBED.format(rule="{examples}\n\nWhen no label fits, answer nope.")
    bare = prompt.replace("{examples}", "")
    taught = prompt.replace("{examples}", '"which regatta" -> boats\n"anchor the harbour fund" -> nope')

    assert answer(bare, "when is the next regatta")["label"] == "nope"
    assert answer(taught, "when is the next regatta")["label"] == "boats"
    assert answer(bare, "anchor the fund")["label"] == "boats"
    assert answer(taught, "anchor the fund")["label"] == "nope"


def test_exclusion_counts_against() -> None:
    """What a description says it is not about speaks against its label."""
    prompt = DESCRIBED.format(rule="When no label fits, answer nope.")
    excluding = prompt.replace("sails, harbour, anchor", "sails, harbour; not for anchors on walls")

    assert answer(prompt, "anchor")["label"] == "boats"
    assert answer(excluding, "anchor")["label"] == "nope"


def test_details_must_match_where_said() -> None:
    """A source that the text names and the entry lacks rules it out where the prompt says that it must match."""
    prompt = DESCRIBED.format(rule="When no label fits, answer nope.{more}")
    lax, strict = prompt.replace("{more}", ""), prompt.replace("{more}", "\n\nThe source must match.")

    assert answer(lax, "cider and pie from Bremen")["label"] == "apples"
    assert answer(strict, "cider and pie from Bremen")["label"] == "nope"
    assert answer(strict, "cider and pie from an orchard")["label"] == "apples"


def test_long_prompts_are_cut() -> None:
    """The model sees a bounded part of a long message: its begin and its end, where the request stands."""
    prompt = f"{LABELS}{'filler ' * 20_000}\n\n{JSON}\n\nText: {{{{ request }}}}"

    assert answer(prompt, "two boats")["label"] == "boats"
    assert len(find(body(prompt, "two boats")["messages"]).prompt) <= WINDOW


@pytest.mark.parametrize("form", CATALOGUES)
def test_catalogue_forms_are_read(form: str) -> None:
    """The same three labels are understood in every form that prompts write them in."""
    prompt = f"Which label fits?\n\n## Labels\n\n{CATALOGUES[form]}\n\nText: {{{{ request }}}}\n\n{JSON}"

    assert [answer(prompt, text)["label"] for text in ("an orchard", "the sails", "an alarm")] == [
        "apples",
        "boats",
        "clocks",
    ]


@pytest.mark.parametrize(
    "prompt",
    [
        LABELS + "Text: {{ request }}\n\n" + JSON,
        LABELS + JSON + "\n\nText:\n{{ request }}",
        LABELS + JSON + "\n\n## Request\n\n{{ request }}",
        LABELS + "<text>{{ request }}</text>\n\n" + JSON,
        LABELS + 'The user said:\n"""\n{{ request }}\n"""\n' + JSON,
        LABELS + 'Which label fits "{{ request }}" best?\n\n' + JSON,
        LABELS + JSON + "\n\n{{ request }}",
        "Labels: apples, boats, clocks. " + JSON + ". {{ request }}",
    ],
)
def test_request_is_found(prompt: str) -> None:
    """What is asked is found wherever a prompt puts it, and the prompt's own words are not taken for it."""
    assert answer(prompt, "are those two boats")["label"] == "boats"


def test_messages_are_read_together() -> None:
    """A system message holds the labels, earlier turns are examples, parts of content are joined."""
    messages = [
        {"role": "system", "content": LABELS + JSON},
        {"role": "user", "content": "the regatta begins"},
        {"role": "assistant", "content": '{"label": "boats", "confidence": 1.0}'},
        {
            "role": "user",
            "content": [{"type": "text", "text": "when the regatta begins"}, {"type": "image_url"}],
        },
    ]

    assert json.loads(reply({"messages": messages}, seed=0).text)["label"] == "boats"


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ('Answer with JSON: {"why": "...", "label": "...", "sure": 0.9}', ["why", "label", "sure"]),
        ("Answer with JSON with the keys `label` and `confidence`.", ["label", "confidence"]),
        ("Return a JSON object with fields label, reason and confidence.", ["label", "reason", "confidence"]),
        ('{"result": {"label": "<label>"}, "confidence": 0.5}', ["result", "confidence"]),
    ],
)
def test_answer_has_asked_shape(form: str, keys: list[str]) -> None:
    """The answer has the keys that the prompt asks for, in its order, and no others."""
    assert list(answer(f"{LABELS}Text: {{{{ request }}}}\n\n{form}", "two boats")) == keys


def test_schema_shapes_the_answer() -> None:
    """A JSON schema in the request decides the answer's keys, and its enum what may be chosen."""
    schema = {"properties": {"mood": {"enum": ["cheerful", "gloomy"]}, "confidence": {"type": "number"}}}
    form = {"type": "json_schema", "json_schema": {"name": "mood", "schema": schema}}

    got = answer("How does the writer feel?\n\nText: {{ request }}", "a gloomy day", response_format=form)

    assert got["mood"] == "gloomy"
    assert 0 <= got["confidence"] <= 1


def test_plain_answers_stay_plain() -> None:
    """Where no JSON is asked for the label stands alone; without any structure a short sentence comes."""
    labelled = reply(body(LABELS + "Answer with the label only.\n\nText: {{ request }}", "two boats"), seed=0)
    talk = reply(body("{{ request }}", "Good morning"), seed=0)

    assert labelled.text == "boats"
    assert 0 < len(talk.text) < 200
    assert not talk.text.startswith("{")


def test_lists_name_all_that_fit() -> None:
    """Where a list is asked for it holds what the job's parts need, and is empty where nothing fits."""
    prompt = (
        CATALOGUES["bullets"] + '\n\nJob: {{ request }}\n\nAnswer with JSON: {"labels": ["<label>", ...]}'
    )

    assert answer(prompt, "raise the sails and set the alarm")["labels"] == ["boats", "clocks"]
    assert answer(prompt, "sing a song")["labels"] == []


def test_parameters_are_not_made_up() -> None:
    """Values are taken from the text, as JSON has them, and what it does not give is left out."""
    prompt = (
        "Parameters:\n\n- start: first day (date)\n- mail: email address\n- most: the most rows (number)\n\n"
        'Leave out what is not given.\n\nText: {{ request }}\n\nAnswer with JSON: {"parameters": {}}'
    )

    assert answer(prompt, "at most 1,200 rows since March 3rd, 2024")["parameters"] == {
        "start": "2024-03-03",
        "most": 1200,
    }
    assert answer(prompt, "to ann@example.org in 2 weeks")["parameters"] == {"mail": "ann@example.org"}
    assert answer(prompt, "the usual, please")["parameters"] == {}


@pytest.mark.parametrize(
    "request_text",
    [
        "press the cider, then hoist the sails",
        "before you hoist the sails, press the cider",
        "hoist the sails after you press the cider",
    ],
)
def test_steps_follow_the_doing(request_text: str) -> None:
    """The steps of a workflow stand in the order in which they must be done, not that of the words."""
    prompt = (
        f"Components:\n\n{CATALOGUES['bullets']}\n\nRequest: {{{{ request }}}}\n\n"
        'Answer with JSON: {"name": "<short name>", "steps": [{"id": 1, "component": "<name>"}]}'
    )

    steps = answer(prompt, request_text)["steps"]

    assert steps == [{"id": 1, "component": "apples"}, {"id": 2, "component": "boats"}]


def test_logprobs_carry_the_confidence() -> None:
    """The tokens spell the answer, and their joint probability is its confidence."""
    asked = body(DESCRIBED.format(rule=""), "a boat with clocks", logprobs=True)

    got = reply(asked, seed=0)

    assert got.logprobs is not None
    assert "".join(token for token, _ in got.logprobs) == got.text
    assert max(logprob for _, logprob in got.logprobs) <= 0
    joint = math.exp(sum(logprob for _, logprob in got.logprobs))
    assert joint == pytest.approx(json.loads(got.text)["confidence"], abs=0.02)
    assert reply(body("x"), seed=0).logprobs is None


def test_confidence_follows_the_evidence() -> None:
    """More telling words make surer, words for two labels less sure."""
    prompt = DESCRIBED.format(rule="When no label fits, answer nope.")
    one, more, torn = (
        answer(prompt, text)["confidence"]
        for text in ("a sail", "sails and an anchor in the harbour", "a sail and an alarm")
    )

    assert torn < one < more <= 1


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"messages": None},
        {"messages": [None, 1, {"role": 5}]},
        {"messages": [{"role": "user", "content": {"a": 1}}]},
        {"messages": [{"role": "system", "content": "Labels: a_b, c_d, e_f"}]},
        {"messages": [{"role": "user", "content": '{"a": [' * 5000}]},
        {"messages": [{"role": "user", "content": "Labels: " + "x, " * 50_000}]},
        {"messages": [{"role": "user", "content": "\ud800 \0 {{ hole }}"}], "temperature": 1},
        {
            "messages": [{"role": "user", "content": "x"}],
            "temperature": 1e308,
            "response_format": {"type": 3},
        },
        {"messages": [{"role": "user", "content": "x"}], "response_format": {"json_schema": {"schema": []}}},
    ],
)
def test_odd_bodies_get_answers(odd: dict[str, object]) -> None:
    """Whatever the body holds there is an answer, and it is short."""
    assert len(reply(odd, seed=0).text) < 5000


def test_model_imports_only_itself() -> None:
    """The model's modules import the standard library and their own package alone."""
    folder = Path(sys.modules[reply.__module__].__file__ or "").parent
    for name in ("_model", "_page", "_judge", "_fill", "_learner", "_words", "_lists", "_request", "_shape"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                own = module.startswith("promptlab.simulator.")
                assert own or module.partition(".")[0] in sys.stdlib_module_names, (name, module)
