"""A key holds what was asked and of whom, to the byte, and nothing else."""

from __future__ import annotations

import math
from types import MappingProxyType

import pytest

from promptlab._store import endpoint_name, request_key
from tests.store.parts import ENDPOINT, request, said, start

BODY = {"temperature": 0.5, "seed": 1, "stop": ["a"], "messages": [{"role": "user", "content": "Hi é"}]}


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.6},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"temperature": "NaN"},
        {"model": "other"},
        {"seed": 2},
        {"seed": True},
        {"seed": None},
        {"stop": ["b"]},
        {"max_tokens": 5},
        {"tools": []},
        {"response_format": {"type": "json_object"}},
        {"messages": [{"role": "user", "content": "Hi é "}]},
        {"messages": [{"role": "user", "content": "Hi e\u0301"}]},
        {"messages": [{"role": "system", "content": "Hi é"}]},
        {"messages": [{"role": "user", "content": "Hi \ud800"}]},
    ],
    ids=str,
)
def test_every_change_of_body_counts(change):
    """Whatever changes in the body by as much as a byte is another entry."""
    assert request_key(request(**(BODY | change)), ENDPOINT) != request_key(request(**BODY), ENDPOINT)


@pytest.mark.parametrize(
    "other", [request("case 2", **BODY), request(repeat=1, **BODY)], ids=["another case", "another repeat"]
)
def test_every_row_has_its_key(other):
    """Two cases of equal text, and two repeats, are two entries."""
    assert request_key(other, ENDPOINT) != request_key(request(**BODY), ENDPOINT)


def test_order_of_settings_is_nothing():
    """The order in which settings are written, and the kind of mapping, make no other entry."""
    turned = MappingProxyType(dict(reversed(request(**BODY).body.items())))
    other = request(**BODY)
    assert request_key(type(other)(body=turned, case=other.case), ENDPOINT) == request_key(other, ENDPOINT)


@pytest.mark.parametrize(
    "setting",
    [math.nan, -math.inf, {1: "a", "b": 2}, {"x", "y", "z"}, 10**30, (1, 2), b"raw"],
    ids=lambda value: repr(value) if not isinstance(value, set) else "a set",
)
def test_odd_values_have_stable_keys(setting):
    """What JSON has no word for has one key all the same, in this process and the next."""
    code = (
        "import sys; from math import nan, inf; from promptlab._store import request_key\n"
        "from tests.store.parts import ENDPOINT, request\n"
        "print(request_key(request(odd=eval(sys.argv[1])), ENDPOINT))"
    )
    assert said(start(code, repr(setting))).strip() == request_key(request(odd=setting), ENDPOINT)


def test_key_stays_as_it_was():
    """The way keys are made is the promise that yesterday's answers are found tomorrow."""
    key = request_key(request(**BODY), ENDPOINT)
    assert key == "e30e46756cba34cbd61388c714cd0981ade915dc8a8e368b33e07f9e4ca041d0"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("https://API.Example.com:443/v1/", "https://api.example.com/v1"),
        ("HTTP://localhost:80", "http://localhost"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
        ("http://[::1]:80/v1", "http://[::1]/v1"),
        ("https://user:sk-secret@host/v1#part", "https://host/v1"),
        (
            "https://host/v1?api-version=2&api-key=sk-1&subscription_key=2&sig=x",
            "https://host/v1?api-version=2",
        ),
        ("https://host/v1?b=2&a=1", "https://host/v1?a=1&b=2"),
        ("https://host/Deploy/V1", "https://host/Deploy/V1"),
        ("http://host:99999/v1", "http://host:99999/v1"),
        ("http://127.0.0.1:43123/simulated/abc123/v1", "simulator:abc123"),
        ("simulator:default latency=0.5", "simulator:default latency=0.5"),
    ],
)
def test_endpoint_is_written_one_way(written: str, name: str):
    """An endpoint has one name however it is written, and no secret is in it."""
    assert endpoint_name(written) == name


def test_other_endpoint_is_other_key():
    """What one endpoint answered is never served for another."""
    assert request_key(request(), ENDPOINT) != request_key(request(), "https://other.example.com/v1")
