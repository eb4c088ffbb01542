"""Prompts: holes filled with data, values that never change, and what is wrong said before any call."""

from __future__ import annotations

import copy
import pickle
import threading
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlab._errors import PromptError
from promptlab._prompt import Prompt, as_prompt, check_prompt
from promptlab._types import Case

CASE = Case(
    id="mail", input={"request": "send an email", "n": 3, "user": {"name": "Ada", "tags": ["a", "b"]}}
)


def rendered(text: str, **values: object) -> str:
    """Fill one template and give the user message."""
    return Prompt(text).messages_for(Case(id="one", input=values))[-1]["content"]


def trouble(text: str, **values: object) -> str:
    """Fill a template that cannot be filled and give what the error says."""
    with pytest.raises(PromptError) as caught:
        rendered(text, **values)
    return str(caught.value)


def test_request_holds_exactly_what_is_sent():
    """A request's body is the model, the filled messages and the settings as they were given."""
    prompt = Prompt("Do {{ request }}", system="Be {{ n }}", settings={"temperature": 0, "stop": ["x"]})

    request = prompt.request(CASE, 2, model="gpt-5-nano")

    assert request.body == {
        "model": "gpt-5-nano",
        "messages": [{"role": "system", "content": "Be 3"}, {"role": "user", "content": "Do send an email"}],
        "temperature": 0,
        "stop": ["x"],
    }
    assert (request.case, request.repeat) == ("mail", 2)


def test_own_model_goes_first():
    """A prompt that names a model is asked of that model, whatever the lab's is."""
    assert Prompt("x", model="mine").request(CASE, 0, model="labs").body["model"] == "mine"


def test_messages_fill_their_holes():
    """Messages are filled in text and in the parts of a list, and everything else in them stays as it is."""
    url = {"type": "image_url", "image_url": {"url": "https://example.org/{{ n }}.png"}}
    prompt = Prompt(
        messages=[
            {"role": "system", "content": "for {{ user.name }}"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "{{ request }}"}, url],
                "name": "{{ kept }}",
            },
        ]
    )

    messages = prompt.messages_for(CASE)

    assert messages[0] == {"role": "system", "content": "for Ada"}
    assert messages[1]["content"][0] == {"type": "text", "text": "send an email"}
    assert messages[1]["content"][1]["image_url"]["url"] == "https://example.org/3.png"
    assert messages[1]["name"] == "{{ kept }}"
    assert prompt.holes == {"user", "request", "n"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("text", "text"),
        (True, "true"),
        (None, "null"),
        (7, "7"),
        (0.5, "0.5"),
        ({"a": [1, None, "é"]}, '{"a":[1,null,"é"]}'),
        ([], "[]"),
        ("{{ 7*7 }} {% raw %} {# x", "{{ 7*7 }} {% raw %} {# x"),
        ("<b>&\"'", "<b>&\"'"),
        ("\x1b[31m\r\n", "\x1b[31m\r\n"),
    ],
)
def test_values_are_written_as_data(value, written):
    """A case's value comes out literally, and what is no text as JSON; it is never run as a template."""
    assert rendered("[{{ v }}]", v=value) == f"[{written}]"
    assert rendered("{{ '' ~ v }}", v=value) == written
    assert rendered("{{ [v] | join }}", v=value) == written


@pytest.mark.parametrize(
    "text", ["a\r\nb\r", "a\n\n", "  a \t\n", "a\r\n{# c #}{{ '\r\n' }}{% raw %}\r{% endraw %}"]
)
def test_text_is_sent_as_written(text):
    """Line endings, blanks and the last line end of a template are sent as they are."""
    sent = rendered(text)

    assert sent == text.replace("{# c #}", "").replace("{{ '\r\n' }}", "\r\n").replace(
        "{% raw %}\r{% endraw %}", "\r"
    )


def test_same_content_is_equal():
    """Prompts with the same content are equal and hash alike, and pickles and copies are equal to them."""
    one = Prompt("a {{ b }}", settings={"x": 1, "y": [1, {"z": None}]}, name="n")
    other = Prompt("a {{ b }}", settings={"y": [1, {"z": None}], "x": 1}, name="n")
    one.messages_for(Case(id="one", input={"b": 1}))

    assert one == other == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one)
    assert len({one, other, pickle.loads(pickle.dumps(one))}) == 1
    assert one != one.replace(name="m")
    assert one.hash == one.replace(name="m").hash


@pytest.mark.parametrize(
    "change",
    [
        {"text": "a {{ b }} "},
        {"system": "s"},
        {"model": "m"},
        {"settings": {"seed": 0}},
        {"settings": {"seed": 0.0}},
        {"settings": {"seed": False}},
        {"text": None, "messages": [{"role": "user", "content": "a {{ b }}"}]},
    ],
)
def test_every_change_is_a_version(change):
    """Whatever is sent differently has a hash of its own."""
    base = Prompt("a {{ b }}")
    others = [
        base.replace(**other) for other in ({}, {"settings": {"seed": 1}}, {"settings": {"seed": True}})
    ]

    assert base.replace(**change).hash not in {other.hash for other in others}


def test_version_never_moves():
    """The version of a prompt is the same on every machine and in every release: history hangs on it."""
    prompt = Prompt("Hi {{ x }}", system="é", model="m", settings={"temperature": 0})

    assert prompt.version == "5b1e52bf"
    assert prompt.hash.startswith(prompt.version)


def test_prompt_never_changes():
    """Nothing given to a prompt or taken from it can change it."""
    given_settings = {"stop": ["a"]}
    prompt = Prompt("x", settings=given_settings)
    before = prompt.hash

    given_settings["stop"].append("b")
    prompt.settings["stop"].append("c")
    prompt.request(CASE, model="m").body["stop"].append("d")

    assert prompt.settings == {"stop": ["a"]}
    assert prompt.hash == before
    with pytest.raises(FrozenInstanceError):
        prompt.text = "y"
    with pytest.raises(FrozenInstanceError):
        del prompt._hash


def test_repr_names_without_dumping():
    """A prompt shows its name, version and holes, and neither its text nor an error of its template."""
    prompt = Prompt("secret words {{ request }}", name="discovery")

    assert repr(prompt) == f"Prompt(name='discovery', version='{prompt.version}', holes=[request])"
    assert "holes=[?]" in repr(Prompt("{{ broken"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": ""}, "empty"),
        ({"text": None}, "empty"),
        ({"text": " \n"}, "blank"),
        ({"text": "a", "messages": [{"role": "user", "content": "b"}]}, "both"),
        ({"text": 3}, "`text` is text, not a number"),
        ({"text": "\ud800"}, "U+D800"),
        ({"text": "x" * 2_000_001}, "2,000,000"),
        ({"messages": []}, "at least one"),
        ({"messages": ["hi"]}, "message 1 is text"),
        ({"messages": [{"content": "x"}]}, "no `role`"),
        ({"messages": [{"role": "user"}]}, "needs `content`"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "needs `content`"),
        ({"messages": [{"role": "system", "content": "x"}], "system": "y"}, "give one"),
        ({"text": "x", "settings": {"messages": []}}, "messages="),
        ({"text": "x", "settings": {"model": "m"}}, "model="),
        ({"text": "x", "settings": {"stream": True}}, "stream"),
        ({"text": "x", "settings": ["a"]}, "mapping"),
        ({"text": "x", "settings": {"a": float("nan")}}, "nan"),
        ({"text": "x", "settings": {"a": {1}}}, "a set"),
        ({"text": "x", "settings": {3: 1}}, "keys are text"),
        ({"text": "x", "name": "a\nb"}, "one line"),
        ({"text": "x", "name": ""}, "one line"),
        ({"text": "x", "model": "a\x1b[31m"}, "one line"),
    ],
)
def test_wrong_arguments_are_refused(arguments, said):
    """What cannot be a prompt is refused when it is made, in words that say what to do."""
    with pytest.raises(PromptError) as caught:
        Prompt(**arguments)

    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_nesting_settings_are_refused():
    """Settings that hold themselves are an error and no endless descent."""
    loop: dict = {}
    loop["again"] = loop

    with pytest.raises(PromptError, match="deeper"):
        Prompt("x", settings=loop)


@pytest.mark.parametrize(
    ("text", "holes", "needed"),
    [
        ("{{ a }} {{ b.c }} {{ d['e'] }}", {"a", "b", "d"}, {"a", "b", "d"}),
        ("{% for x in xs %}{{ x }}{{ loop.index }}{% endfor %}", {"xs"}, {"xs"}),
        ("{% set y = 1 %}{{ y }}", set(), set()),
        ("{{ a | default('z') }}{% if b is defined %}{{ b }}{% endif %}", {"a", "b"}, set()),
        ("{{ range(3) }}{{ dict(a=1) }}", set(), set()),
        ("{{ range }}", {"range"}, {"range"}),
        ("{% raw %}{{ a }}{% endraw %}{# {{ b }} #}", set(), set()),
        ("no tags at all }} {", set(), set()),
    ],
)
def test_holes_are_found(text, holes, needed):
    """The holes are the names a case fills; one with a default or an `is defined` may stay empty."""
    prompt = Prompt(text)

    assert prompt.holes == holes
    assert prompt.needed == needed


def test_input_named_as_helper():
    """An input called `range` does not take the function's place, and fills a hole of that name."""
    assert rendered("{% for i in range(2) %}{{ i }}{% endfor %}", range="1-2") == "01"
    assert rendered("{{ range }}", range="1-2") == "1-2"


def test_unfilled_hole_is_told():
    """A hole that no case fills is an error that names prompt, hole, cases, their inputs and the likely word."""
    cases = [CASE, Case(id="chat", input={"request": "x"})]

    with pytest.raises(PromptError) as caught:
        check_prompt(Prompt("Do {{ requst }}", name="discovery"), cases)

    said = str(caught.value)
    for part in (
        "'discovery'",
        "{{ requst }}",
        "2 of 2",
        "mail",
        "chat",
        "request",
        "Did you mean 'request'?",
    ):
        assert part in said


def test_hole_some_cases_lack():
    """A hole that only some cases fill is an error that names those and offers a default."""
    cases = [CASE, Case(id="chat", input={"request": "x"})]

    with pytest.raises(PromptError, match=r"1 of 2 cases \(chat\).*default"):
        check_prompt(Prompt("{{ request }} {{ n }}"), cases)

    check_prompt(Prompt("{{ request }} {{ n | default('') }}"), cases)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb {{ x", "line 2"),
        ("a\n{% if x %}", "line 2"),
        ("{{ x | uper }}", "Did you mean 'upper'?"),
        ("\n\n{{ x is smal }}", "line 3"),
        ("{% include 'secrets' %}", "include"),
        ("{% import 'a' as b %}", "import"),
        ("{% extends 'a' %}", "extends"),
        ("{% for a in x recursive %}{% endfor %}", "recursive"),
        ("{% if " + "(" * 300 + "x" + ")" * 300 + " %}{% endif %}", "too deeply"),
        ("{% for a in x %}" * 40 + "{% endfor %}" * 40, "too deeply"),
        ("{{ x" + " | upper" * 3000 + " }}", "too deeply"),
        ("{{ [" + "1," * 30_000 + "] }}", "50,000"),
        ("{{ x }}" * 6000, "5,000 tags"),
        ("{{ 1e999 }}", "too large"),
    ],
)
def test_broken_template_is_told(text, said):
    """A template that does not compile is an error before any call, with the prompt's name and the line."""
    with pytest.raises(PromptError) as caught:
        check_prompt(Prompt(text, name="discovery"), [Case(id="one", input={"x": [1]})])

    assert "'discovery'" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ user.nmae }}", "Did you mean 'name'?"),
        ("{{ missing }}", "'missing'"),
        ("{{ user.tags[9] }}", "no item 9"),
        ("{{ user.keys }}", "is a method"),
        ("{% for x in n %}{% endfor %}", "nothing to loop over"),
        ("{{ 1 / 0 }}", "division"),
        ("{{ user.name + 1 }}", "str"),
    ],
)
def test_failed_rendering_is_told(text, said):
    """What goes wrong while one case is rendered is a PromptError with the template's line."""
    with pytest.raises(PromptError) as caught:
        Prompt(f"first\n{text}", name="discovery").messages_for(CASE)

    assert said in str(caught.value)
    assert "prompt 'discovery', line 2:" in str(caught.value)


def test_threads_share_one_prompt():
    """Many threads can render one prompt that none has compiled yet, each with its own case."""
    prompt = Prompt("{% for i in range(50) %}{{ request }}{% endfor %}")
    barrier = threading.Barrier(8)
    got: dict[int, str] = {}

    def work(number: int) -> None:
        barrier.wait()
        got[number] = prompt.messages_for(Case(id="one", input={"request": str(number)}))[0]["content"]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == {number: str(number) * 50 for number in range(8)}


def test_whole_prompt_is_bounded():
    """The messages of a prompt together are at most two million characters."""
    half = Prompt("{{ x }}", system="{{ x }}")

    assert half.messages_for(Case(id="one", input={"x": "a" * 1_000_000}))
    with pytest.raises(PromptError, match="2,000,000"):
        half.messages_for(Case(id="one", input={"x": "a" * 1_000_001}))


def test_half_characters_are_refused():
    """A value that has no encoding is an error of this case and reaches no network code."""
    assert "U+D800" in trouble("{{ x }}", x="\ud800")


class Spy:
    """A value with something to steal."""

    secret = "sk-secret"

    def __str__(self) -> str:
        return self.secret


@pytest.mark.parametrize("value", [Spy(), Spy, print, [Spy()], {"a": Spy()}, {Spy(): 1}, b"bytes", {1, 2}])
def test_objects_cannot_stand_in(value):
    """A value that is no data is refused with its kind, and its text never reaches the prompt."""
    said = trouble("{{ x }}{{ x.secret }}", x=value)

    assert "sk-secret" not in said


def test_unused_inputs_are_left_alone():
    """An input that no hole asks for is not looked at, whatever it is."""
    assert rendered("{{ a }}", a=1, b=Spy()) == "1"


@pytest.mark.parametrize("source", ["Say {{ x }}", "two\nlines.md", "Read notes.md please", "{{ file }}.md"])
def test_texts_become_prompts(source):
    """A text that is no path is a prompt's text, with the name `prompt`."""
    prompt = as_prompt(source)

    assert (prompt.text, prompt.name) == (source, "prompt")
    assert as_prompt(prompt) is prompt


@pytest.mark.parametrize("source", [None, 3, b"x", ["x"], {"text": "x"}])
def test_other_things_are_refused(source):
    """What is neither text, path nor prompt is refused with its kind."""
    with pytest.raises(PromptError, match="a prompt is"):
        as_prompt(source)


TEMPLATES = st.lists(
    st.sampled_from(
        ["{{ ", " }}", "{% for i in a %}", "{% endfor %}", "{% if b %}", "{% else %}", "{% endif %}", "{% set a = ", " %}",
         "a", "b", "a.b", "a[0]", " | join", " | upper", " | tojson", " | sort", " | map('upper')", " | int", " | round",
         " ~ ", " + ", " * ", " ** ", " % ", "(", ")", "[", "]", "{", "}", ",", ":", "'", '"', " if ", " in ", " is defined",
         " not ", "range(", "9" * 12, "-1", "0.5", "{#", "#}", "{% raw %}", "{% macro m(a) %}", "{% endmacro %}", "m(a)", "\r\n",
         ".format(a)", ".__class__", "loop.index", "namespace(a=a)", "\x1c", "é"]
    ),
    max_size=14,
).map("".join)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(TEMPLATES | st.text(max_size=40), VALUES, VALUES)
@settings(max_examples=400, deadline=None)
def test_rendering_raises_nothing_else(text, a, b):
    """Whatever the template and the values, there are messages with text, or a PromptError."""
    try:
        content = rendered(text, a=a, b=b)
    except PromptError:
        return
    content.encode("utf-8")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_values_come_out_whole(value):
    """Any text that can be encoded comes out of a hole exactly as it went in."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        return
    assert rendered("<{{ v }}>", v=value) == f"<{value}>"
