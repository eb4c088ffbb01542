"""What the quick ways keep: nothing is loaded, told or copied that is not needed, and nothing else changes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from promptlab import Case, Prompt
from promptlab._providers import OpenAIProvider
from promptlab._providers._prices import Prices
from promptlab._redact import Secret
from promptlab._scope import Scope, Stop
from promptlab._store._values import plain, real
from promptlab._types import Completion, Request
from tests.servers import ScriptedServer

ROOT = Path(__file__).resolve().parents[2]


def loaded(code: str) -> set[str]:
    """Run code in a fresh interpreter; gives the modules that it loaded."""
    told = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_machine_is_not_told(server: ScriptedServer):
    """Requests carry none of the SDK's headers about the operating system, the processor or Python."""
    provider = OpenAIProvider(base_url=server.base_url, api_key=Secret("sk-test-0123456789"), timeout=20)
    body = {"model": "gpt-5-nano", "messages": [{"role": "user", "content": "hello"}]}

    said = provider(Request(body=body, case="c"), Scope(stop=Stop(), deadline=time.monotonic() + 20))
    provider.close()

    assert isinstance(said, Completion)
    about = ("lang", "package-version", "os", "arch", "runtime", "runtime-version", "async")
    assert not {f"x-stainless-{name}" for name in about} & set(server.calls[0].headers)


def test_lists_need_no_foreign_readers():
    """Cases that are no file load none of the modules that read the suites of other tools."""
    modules = loaded("import promptlab\npromptlab.load_cases([{'id': 'a', 'input': {'x': 1}}])")

    assert "promptlab._cases._load" in modules
    assert not [
        name
        for name in modules
        if name.startswith(("promptlab._cases._promptfoo", "promptlab._cases._foreign"))
    ]


def test_simulators_need_no_prices():
    """What a simulator answered has no price, and the price table is not loaded to find that out."""
    code = (
        "from promptlab._providers._prices import Prices\n"
        "from promptlab._types import Completion\n"
        "prices = Prices('http://127.0.0.1:1/simulated/0123456789ab/v1')\n"
        "prices.warm()\n"
        "assert prices.of(Completion(text='', model='simulated-x', input_tokens=1, output_tokens=1)) is None\n"
    )

    assert "genai_prices" not in loaded(code)
    assert Prices("https://api.openai.com/v1").of(
        Completion(text="", model="gpt-5-nano", input_tokens=1_000_000, output_tokens=0)
    )


def test_requests_share_no_settings():
    """Each request has settings of its own: a change to one reaches no other, nor the prompt."""
    prompt = Prompt("{{ x }}", settings={"response_format": {"type": "json_object"}})
    case = Case(id="a", input={"x": 1})

    first = prompt.request(case, model="m")
    first.body["response_format"]["type"] = "spoilt"

    assert prompt.request(case, model="m").body["response_format"] == {"type": "json_object"}
    assert Prompt("{{ x }}").request(case, model="m").body.keys() == {"model", "messages"}


def test_plain_values_stay_exact():
    """Numbers and truth values are kept with their types; what JSON cannot read back is made readable."""
    values = [True, False, None, 0, -7, 2**60, 1.5, "text", [1, {"a": (2.0, "b")}]]

    kept = plain(values, str)

    assert kept == [True, False, None, 0, -7, 2**60, 1.5, "text", [1, {"a": [2.0, "b"]}]]
    assert [type(value) for value in kept[:8]] == [type(value) for value in values[:8]]
    assert plain(10**5000, str) == float("inf")
    assert (real(1.5), real(float("nan")), real(True), real(2)) == (1.5, None, None, 2.0)
