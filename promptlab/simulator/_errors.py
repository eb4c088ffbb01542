"""What the simulator refuses, in the form in which OpenAI says it."""

from __future__ import annotations

import json
from collections.abc import Sequence

__all__ = ["ApiError", "Gone"]

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "requests"}


class ApiError(Exception):
    """A request that gets an error object for an answer.

    Args:
        status: The HTTP status.
        message: What is wrong and what to do about it.
        kind: The error's `type`; the usual one of the status where it is left out.
        param: The parameter that is to blame.
        code: The error's `code`.
        headers: Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str | None = None,
        param: str | None = None,
        code: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind or usual_type(status)
        self.param = param
        self.code = code
        self.headers = tuple(headers)

    def body(self) -> dict[str, dict[str, str | None]]:
        """Give the error object."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}

    def encoded(self) -> bytes:
        """Give the error object as JSON."""
        return json.dumps(self.body()).encode()


class Gone(Exception):  # noqa: N818  (no error: the client left, as clients may)
    """The client closed its connection before it had its answer."""


def usual_type(status: int) -> str:
    """Give the `type` that error objects of a status usually carry."""
    return _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
