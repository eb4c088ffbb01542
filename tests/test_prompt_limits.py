"""Templates are bounded: what would take long or much is an error, and nothing reaches beyond the data."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NoReturn

import pytest

from promptlab._errors import PromptError
from promptlab._prompt import Prompt
from promptlab._template import Template, new_meter
from promptlab._types import Case

CASE = Case(id="one", input={"x": "hello", "l": [1, 2, 3], "d": {"apple": 1}})

BOMBS = [
    "{{ 'a' * 10**8 }}",
    "{{ 10**8 * 'a' }}",
    "{{ [1] * 10**7 }}",
    "{{ (9**64)**64**64 }}",
    "{{ 9**(9**(9**9)) }}",
    "{{ ('9' * 4000) | int }}",
    "{{ range(10**9) }}",
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% for a in range(100000) if a < 0 %}{% for b in range(9) %}{% endfor %}{% else %}{{ 'a' * 10**7 }}{% endfor %}",
    "{% for i in range(3000) %}{{ 'x' * 1000 }}{% endfor %}",
    "{% macro m() %}{% for i in range(100000) %}"
    + "y" * 1000
    + "{% endfor %}{% endmacro %}{{ m() | length }}",
    "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x={}) %}{% for i in range(99) %}{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
    "{% set b = 'a' * 1900000 %}{{ [b, b, b] | join }}",
    "{% set b = 'a' * 1000000 %}{{ b.replace('a', 'bbb') }}",
    "{% set b = 'a' * 1000000 %}{{ b | replace('', 'bbb') }}",
    "{% set b = 'a' * 1000000 %}{{ b.rsplit('ab' + 'a' * 400000) }}",
    "{% set b = 'a' * 1000000 %}{{ b.strip('b' * 500000) }}",
    "{% set b = 'a ' * 900000 %}{{ b.split() }}",
    "{% set b = 'a' * 1000000 %}{{ b | list }}",
    "{% set b = 'a\\n' * 900000 %}{{ b | indent(100) }}",
    "{% set b = 'a' * 1000000 %}{% for i in range(1000) %}{% set c = b.upper() %}{% endfor %}",
    "{% set b = 'a' * 1000000 %}{% for i in range(1000) %}{% set c = b[1:] %}{% endfor %}",
    "{% set b = range(100000) | list %}{% for i in b %}{{ b == b + [1] }}{% endfor %}",
    "{% set b = range(100000) | list %}{{ b | select('in', b) | list | length }}",
    "{{ x | center(10**9) }}",
    "{{ x | indent(10**9) }}",
    "{{ x.zfill(10**9) }}",
    "{{ x.ljust(10**9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '%(a)1000000000d' % d }}",
    "{{ '%.1000000000f' | format(1.5) }}",
    "{{ l | batch(10**9, 'x') }}",
    "{{ l | slice(10**9) | list }}",
    "{{ 1.5 | round(10**9, 'ceil') }}",
    "{{ l | tojson(10**9) }}",
    "{{ [[1], [2]] | sum(start=[]) }}",
    "{% set b = 'a' * 1900000 %}{{ [b, b, b] | length }}",
    "{{ ([1] * 200000) | join('a' * 100000) }}",
    "{% set b = 'a' * 100000 %}{{ b.join(range(100000)) }}",
]


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_bombs_are_defused(text):
    """A template that asks for endless time or space ends, as an error of the prompt."""
    with pytest.raises(PromptError) as caught:
        Prompt(text).messages_for(CASE)

    assert len(str(caught.value)) < 600


SMALL_PROCESS = """
import json, resource, sys
from promptlab import Case, Prompt, PromptError
bombs = json.load(sys.stdin)
resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))
for text in bombs:
    try:
        Prompt(text).messages_for(Case(id="one", input={"x": "hello", "l": [1, 2, 3], "d": {"apple": 1}}))
    except PromptError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold a process to RLIMIT_AS")
def test_bombs_stay_small():
    """No bomb needs more memory than a small process has: each ends at a limit of ours before that."""
    bombs = [text for text in BOMBS if not any(slow in text for slow in ("for b in", "f(n", "select("))]

    said = subprocess.run(
        [sys.executable, "-c", SMALL_PROCESS],
        input=json.dumps(bombs),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert len(said) == len(bombs)
    assert not [line for line in said if "memory" in line]


def test_steps_are_counted():
    """The limit on steps does not depend on how fast the machine is."""
    with pytest.raises(PromptError, match="more than 1,000,000 steps"):
        Prompt(
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"
        ).messages_for(CASE)


@pytest.mark.parametrize(
    "step", ["x == 'a'", "x is string", "x[0]", "x.upper()", "[x]", "x ~ x", "x[1:]", "1 + 1"]
)
def test_every_operation_is_counted(step):
    """Nothing that a template does to data goes uncounted, so that no line of it can run for long."""
    meter = new_meter()

    Template(f"{{% set _ = ({', '.join([step] * 40)}) %}}").render({"x": "abc"}, meter, _fail)

    assert meter._steps >= 40


def _fail(message: str, line: int | None) -> NoReturn:
    raise AssertionError(message, line)


@pytest.mark.parametrize(
    "text",
    [
        "{{ x.__class__ }}",
        "{{ x['__class__'] }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ x.format }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ x.encode() }}",
        "{{ l.append(4) }}",
        "{{ d.update(a=1) }}",
        "{{ x | attr('__class__') }}",
        "{{ [x] | map(attribute='__class__') | list }}",
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ range.__init__ }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ lipsum.__globals__ }}",
        "{{ joiner }}",
        "{% macro m() %}{% endmacro %}{{ m.__call__ }}",
        "{% for i in l %}{{ loop.__class__ }}{% endfor %}",
        "{% for i in l %}{{ loop._iterator }}{% endfor %}",
        "{{ x.upper.__self__ }}",
        "{{ x.upper._of }}",
        "{{ x | random }}",
        "{{ x | pprint }}",
        "{% autoescape true %}{{ x }}{% endautoescape %}",
    ],
)
def test_data_is_all_there_is(text):
    """A template reaches the case's data and nothing of Python behind it."""
    with pytest.raises(PromptError):
        Prompt(text).messages_for(CASE)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("{{ x.upper() }} {{ x | title }} {{ x | replace('l', 'L') }}", "HELLO Hello heLLo"),
        ("{{ l | join(', ') }} {{ l | sum }} {{ l | max }} {{ l | length }}", "1, 2, 3 6 3 3"),
        ("{{ d | tojson }} {{ d | tojson(1) }}", '{"apple": 1} {\n "apple": 1\n}'),
        ("{% for k, v in d.items() %}{{ loop.index }}{{ k }}{{ v }}{% endfor %}", "1apple1"),
        ("{% for i in l %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}", "1,2,3"),
        ("{{ l[0] }}{{ l[-1] }}{{ x[1:3] }}{{ l[::-1] }}", "13el[3,2,1]"),
        ("{{ d.get('pear', 'none') }}{{ d['apple'] }}", "none1"),
        ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x) }}", "<hello>"),
        ("{% set y %}{{ x }}!{% endset %}{{ y }}", "hello!"),
        ("{% filter upper %}a{{ x }}{% endfilter %}", "AHELLO"),
        ("{% with y = 2 %}{{ y * 3 }}{{ 'ab' * y }}{% endwith %}", "6abab"),
        ("{{ '%s: %5.2f %d%%' % (l, 1.5, 3) }}", "[1,2,3]:  1.50 3%"),
        ("{% for g in [{'a': 1, 'b': 2}] | groupby('a') %}{{ g.grouper }}{{ g.list }}{% endfor %}", '1[{"a":1,"b":2}]'),
        ("{{ l | map('string') | select('in', ['1', '3']) | list }}", '["1","3"]'),
        ("{{ '<b>' | e }} {{ '<b>' }} {{ '<b>' | safe }}", "&lt;b&gt; <b> <b>"),
        ("{{ 2 ** 10 }} {{ 7 // 2 }} {{ 7 % 2 }}", "1024 3 1"),
        ("{{ 'yes' if x is string and 'ell' in x else 'no' }}", "yes"),
        ("{{ x | indent(2, true) }}{{ x | truncate(4, true, '', 0) }}{{ x | center(9) }}", "  hellohell  hello  "),
        ("{{ l | batch(2) | list }}{{ l | sort(reverse=true) }}{{ [3, 3] | unique | list }}", "[[1,2],[3]][3,2,1][3]"),
        ("{{ x.split('l') }}{{ x.rsplit('l', 1) }}{{ x.strip('ho') }}", '["he","","o"]["hel","o"]ell'),
        ("{{ 1.256 | round(1) }}{{ '7' | int + 1 }}{{ 'x' | int(5) }}", "1.385"),
    ],
)  # fmt: skip
def test_everyday_templates_work(text, sent):
    """What prompt authors write every day works as jinja2 documents it, with values written as JSON."""
    assert Prompt(text).messages_for(CASE)[0]["content"] == sent


def test_large_honest_prompts_pass():
    """A long document with a loop over a thousand passages is well within the limits."""
    case = Case(id="one", input={"docs": [{"id": i, "text": "lorem ipsum " * 80} for i in range(1000)]})
    prompt = Prompt("{% for doc in docs %}[{{ doc.id }}] {{ doc.text | trim }}\n{% endfor %}")

    assert len(prompt.messages_for(case)[0]["content"]) > 900_000
