"""Redirects: where they lead, and that no key travels along."""

from __future__ import annotations

import pytest

from promptlab import Lab, Limits, run_parallel
from tests.servers import Reply, ScriptedServer

KEY = "sk-redirect-0123456789"
CASES = [{"id": "c", "input": {"q": "hello"}, "expect": {"contains": "ok"}}]


@pytest.fixture
def elsewhere():
    """A second server: another origin on the same machine."""
    with ScriptedServer() as running:
        yield running


def ask(server: ScriptedServer):
    """Ask one case; gives its row."""
    with Lab(
        base_url=server.base_url, api_key=KEY, store="off", display="none", limits=Limits(deadline=10)
    ) as lab:
        return run_parallel(CASES, "{{ q }}", lab=lab).iloc[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "form", ["http://{host}/v1/chat/completions", "//{host}/v1/chat/completions", "http://key@{host}/"]
)
def test_no_key_travels_elsewhere(server, elsewhere, status, form):
    """A redirect to another origin, however it is written, is not followed: nothing reaches that server at all."""
    host = elsewhere.base_url.removeprefix("http://").removesuffix("/v1")
    server.says(lambda _call: Reply(b"", status, {"location": form.format(host=host)}))

    row = ask(server)

    assert (row.error, row.attempts) == ("redirect", 1)
    assert "another origin" in row.reason
    assert len(server.calls) == 1
    assert elsewhere.calls == []


@pytest.mark.parametrize("scheme", ["https", "ftp", "file", "javascript"])
def test_other_schemes_are_other_origins(server, scheme):
    """Another scheme on the same host is another origin."""
    host = server.base_url.removeprefix("http://")
    server.says(lambda _call: Reply(b"", 307, {"location": f"{scheme}://{host}/chat/completions"}))

    assert ask(server).error == "redirect"
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [300, 301, 304, 307])
@pytest.mark.parametrize("headers", [{}, {"location": ""}, {"location": "http://["}])
def test_redirect_to_nowhere_says_so(server, status, headers):
    """A redirect without a place to go to is a redirect all the same, after one call, and the row says what is missing."""
    server.says(lambda _call: Reply(b"", status, headers))

    row = ask(server)

    assert (row.error, row.attempts) == ("redirect", 1)
    assert str(status) in row.reason
    assert "nowhere" in row.reason
    assert len(server.calls) == 1


def test_key_stays_within_a_chain(server, elsewhere):
    """A redirect within the origin is followed with the key; one that then leads away is not followed any more."""
    away = f"{elsewhere.base_url}/chat/completions"
    server.says(
        lambda call: Reply(b"", 307, {"location": away if "moved" in call.path else "/v1/moved"})
    )  # fmt: skip

    row = ask(server)

    assert (row.error, row.attempts) == ("redirect", 2)
    assert [call.headers["authorization"] for call in server.calls] == [f"Bearer {KEY}"] * 2
    assert elsewhere.calls == []


def test_location_that_holds_the_key_is_masked(server):
    """A place that repeats the key does not get it into the row."""
    server.says(lambda _call: Reply(b"", 302, {"location": f"http://elsewhere.example/?key={KEY}"}))

    assert KEY not in ask(server).reason
