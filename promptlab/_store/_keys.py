"""The key under which a completion is remembered: what was asked, of whom, for which row, and nothing else."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from promptlab._types import Request

SCHEME = 1
"""Version of the way keys are made; a new one starts from nothing."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SIMULATED = re.compile(r"/simulated/([0-9a-f]+)/v1")
_SECRET = re.compile(r"key|token|secret|passw|sig|auth|credential|^(code|sv|se|pwd)$", re.IGNORECASE)


def request_key(request: Request, endpoint: str) -> str:
    """Make the key of a request: the SHA-256 of its canonical JSON.

    In it are the exact body, the endpoint, the case's id and the repeat's index. The API key, timeouts,
    workers and displays are not, so changing them asks for nothing anew.

    Args:
        request: What is to be sent.
        endpoint: A base URL, or a simulator's name and settings.
    """
    parts = {
        "scheme": SCHEME,
        "endpoint": endpoint_name(endpoint),
        "body": request.body,
        "case": request.case,
        "repeat": request.repeat,
    }
    return hashlib.sha256(_canonical(parts).encode("ascii")).hexdigest()


@functools.lru_cache(maxsize=16)
def endpoint_name(endpoint: str) -> str:
    """Write a base URL in one way, without anything secret; other texts stay as they are.

    An address that says `/simulated/NAME` is that simulator, at whatever port it is today.
    User name and password, the fragment, and parameters of the query that carry secrets are left out.
    """
    if "://" not in endpoint:
        return endpoint
    url = urlsplit(endpoint.strip())
    host = url.netloc.rpartition("@")[2].lower()
    port = _DEFAULT_PORTS.get(url.scheme.lower())
    host = host.removesuffix(f":{port}")
    pairs = sorted(
        pair for pair in parse_qsl(url.query, keep_blank_values=True) if not _SECRET.search(pair[0])
    )
    if simulated := _SIMULATED.fullmatch(url.path.rstrip("/")):
        return f"simulator:{simulated[1]}"
    query = f"?{urlencode(pairs, errors='backslashreplace')}" if pairs else ""
    return f"{url.scheme.lower()}://{host}{url.path.rstrip('/')}{query}"


def _canonical(value: Any) -> str:
    """Write JSON in one way: keys sorted, no spaces, ASCII; NaN and infinities by name, as no text can be."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)
    except TypeError:
        # Keys of several types cannot be sorted; as texts, which they become on the wire, they can.
        return json.dumps(_text_keys(value), sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    """Give something JSON can write for what it cannot: stable from process to process where that is possible."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return {"set": sorted(map(repr, value))}
    return {"type": f"{type(value).__module__}.{type(value).__qualname__}", "value": repr(value)}


def _text_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_key(key): _text_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_text_keys(item) for item in value]
    return value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key, default=repr)
