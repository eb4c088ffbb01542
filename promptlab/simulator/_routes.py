"""Which path leads where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from promptlab.simulator._calls import check_key, serve_chat, serve_embeddings
from promptlab.simulator._chat import read_json
from promptlab.simulator._errors import ApiError
from promptlab.simulator._exchange import Exchange
from promptlab.simulator._files import read_upload
from promptlab.simulator._state import State

__all__ = ["MODELS", "serve"]

MODELS = ("gpt-5-nano", "gpt-5-mini", "gpt-4o-mini", "text-embedding-3-small", "text-embedding-3-large")
"""The models listed where the options name none."""

Handler = Callable[[State, Exchange, str], None]
"""Answers a request; the text is the id in the path, where it has one."""


def serve(state: State, exchange: Exchange) -> None:
    """Answer a request.

    Raises:
        ApiError: There is no such route (404), or not by this method (405).
    """
    request = exchange.request
    methods, name = _find(_within(request.path))
    if methods is None:
        hint = "" if request.path.startswith("/v1/") else " The API is under /v1."
        message = f"Unknown request URL: {request.method} {request.path[:200]}.{hint}"
        raise ApiError(404, message, code="unknown_url")
    handler = methods.get(request.method)
    if handler is None:
        allowed = ", ".join(methods)
        message = f"Not allowed to {request.method} on {request.path[:200]} (allowed: {allowed})."
        raise ApiError(405, message, code="method_not_supported", headers=[("allow", allowed)])
    handler(state, exchange, name)


def _within(path: str) -> str:
    """Leave out the name under which a client addresses this simulator: `/simulated/NAME/v1/…` is `/v1/…`."""
    if not path.startswith("/simulated/"):
        return path
    return "/" + "/".join(path.split("/")[3:])


def _find(path: str) -> tuple[dict[str, Handler] | None, str]:
    """Give the methods of a path and the id in it: the third of its parts."""
    if (methods := ROUTES.get(path)) is not None:
        return methods, ""
    parts = path.split("/")
    if len(parts) < 4 or not parts[3]:
        return None, ""
    name, parts[3] = parts[3], "{id}"
    return ROUTES.get("/".join(parts)), name


def _with_key(handler: Handler) -> Handler:
    def guarded(state: State, exchange: Exchange, name: str) -> None:
        check_key(state, exchange)
        handler(state, exchange, name)

    return guarded


def _listing(items: list[dict[str, Any]]) -> dict[str, Any]:
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {}
    return {"object": "list", "data": items, "has_more": False, **ends}


def _query(exchange: Exchange, name: str) -> str | None:
    return parse_qs(exchange.request.query).get(name, [None])[0]


def _models(state: State, exchange: Exchange, _name: str) -> None:
    names = state.options.known.models or MODELS
    exchange.send_json(200, {"object": "list", "data": [_model_object(name) for name in names]})


def _model(state: State, exchange: Exchange, name: str) -> None:
    known = state.options.known.models
    if known and name not in known:
        raise ApiError(
            404, f"The model '{name[:200]}' does not exist.", param="model", code="model_not_found"
        )
    exchange.send_json(200, _model_object(name))


def _model_object(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "promptlab-simulator"}


def _add_file(state: State, exchange: Exchange, _name: str) -> None:
    request = exchange.request
    filename, purpose, content = read_upload(request.headers.get("content-type", ""), request.body)
    exchange.send_json(200, state.files.add(filename, purpose, content).as_dict())


def _files(state: State, exchange: Exchange, _name: str) -> None:
    exchange.send_json(200, _listing(state.files.all(_query(exchange, "purpose"))))


def _file(state: State, exchange: Exchange, name: str) -> None:
    exchange.send_json(200, state.files.get(name).as_dict())


def _remove_file(state: State, exchange: Exchange, name: str) -> None:
    state.files.remove(name)
    exchange.send_json(200, {"id": name, "object": "file", "deleted": True})


def _file_content(state: State, exchange: Exchange, name: str) -> None:
    exchange.send(200, state.files.get(name).content, "application/octet-stream")


def _add_batch(state: State, exchange: Exchange, _name: str) -> None:
    exchange.send_json(200, state.batches.create(read_json(exchange.request.body)))


def _batches(state: State, exchange: Exchange, _name: str) -> None:
    exchange.send_json(200, _listing(state.batches.all()))


def _batch(state: State, exchange: Exchange, name: str) -> None:
    exchange.send_json(200, state.batches.get(name).as_dict())


def _cancel_batch(state: State, exchange: Exchange, name: str) -> None:
    batch = state.batches.get(name)
    batch.cancel()
    exchange.send_json(200, batch.as_dict())


def _stats(state: State, exchange: Exchange, _name: str) -> None:
    exchange.send_json(200, state.stats())


def _calls(state: State, exchange: Exchange, _name: str) -> None:
    exchange.send_json(200, {"calls": state.counters.calls()})


def _reset(state: State, exchange: Exchange, _name: str) -> None:
    before = state.stats()
    state.reset()
    exchange.send_json(200, before)


def _health(_state: State, exchange: Exchange, _name: str) -> None:
    exchange.send_json(200, {"status": "ok"})


ROUTES: dict[str, dict[str, Handler]] = {
    "/v1/chat/completions": {"POST": lambda state, exchange, _name: serve_chat(state, exchange)},
    "/v1/embeddings": {"POST": lambda state, exchange, _name: serve_embeddings(state, exchange)},
    "/v1/models": {"GET": _with_key(_models)},
    "/v1/models/{id}": {"GET": _with_key(_model)},
    "/v1/files": {"GET": _with_key(_files), "POST": _with_key(_add_file)},
    "/v1/files/{id}": {"GET": _with_key(_file), "DELETE": _with_key(_remove_file)},
    "/v1/files/{id}/content": {"GET": _with_key(_file_content)},
    "/v1/batches": {"GET": _with_key(_batches), "POST": _with_key(_add_batch)},
    "/v1/batches/{id}": {"GET": _with_key(_batch)},
    "/v1/batches/{id}/cancel": {"POST": _with_key(_cancel_batch)},
    "/stats": {"GET": _stats},
    "/calls": {"GET": _calls},
    "/reset": {"POST": _reset},
    "/healthz": {"GET": _health},
}
