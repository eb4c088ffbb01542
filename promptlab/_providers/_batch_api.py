"""The Batch API over the openai SDK: a file of requests goes up, files of answers come down."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from promptlab._errors import PromptlabError
from promptlab._providers._prices import Prices
from promptlab._providers._reading import bad_response, read_response
from promptlab._redact import Secret, redactor
from promptlab._types import Completion, Failure, Kind

MOST_LINES = 50_000
"""Requests that one batch may hold."""
MOST_BYTES = 200_000_000
"""Bytes that one batch's file may have."""
PATH: Final = "/v1/chat/completions"
DISCOUNT = 0.5
"""What a call in a batch costs, of the ordinary price."""
MARK = "promptlab"
"""The name in a batch's metadata under which its token stands."""
RUNNING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})

_KINDS: Mapping[str, Kind] = {
    "batch_expired": "timeout", "batch_cancelled": "cancelled", "token_limit_exceeded": "rate_limited",
    "rate_limit_exceeded": "rate_limited", "billing_hard_limit_reached": "quota", "insufficient_quota": "quota",
}  # fmt: skip


class BatchTroubleError(PromptlabError):
    """A call about a batch that brought nothing.

    Args:
        failure: What it came to.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How far a batch is."""

    id: str
    """Its id."""
    status: str
    """The provider's word."""
    done: int
    """Requests answered or failed so far."""
    total: int
    """Its requests; 0 while they are not counted yet."""
    files: tuple[str, ...]
    """The files with its answers and errors, so far."""
    trouble: Failure | None
    """Why it failed as a whole, where it did."""

    @property
    def running(self) -> bool:
        """Whether it is to be waited for."""
        return self.status in RUNNING


class BatchApi:
    """Submits batches to one endpoint and brings their answers.

    Args:
        base_url: The endpoint, up to and with `/v1`.
        api_key: The key.
        timeout: Seconds that one step of a call may take.
    """

    def __init__(self, *, base_url: str, api_key: Secret, timeout: float) -> None:
        import openai

        self._openai = openai
        self._client = openai.OpenAI(
            base_url=base_url, api_key=api_key.reveal(), max_retries=2, timeout=timeout
        )
        self._prices = Prices(base_url)
        self._redact: Callable[[str], str] = redactor([api_key])

    def submit(self, lines: Iterable[bytes], token: str) -> str:
        """Upload requests and begin a batch of them; gives its id.

        Raises:
            BatchTroubleError: There is no such batch.
        """
        file = self._do(
            lambda: self._client.files.create(
                file=(f"promptlab-{token[:8]}.jsonl", b"".join(lines)), purpose="batch"
            )
        )
        # Were this repeated after an answer that got lost, there would be two batches, and both would be paid for.
        once = self._client.with_options(max_retries=0)
        try:
            batch = self._do(
                lambda: once.batches.create(
                    input_file_id=file.id,
                    endpoint=PATH,
                    completion_window="24h",
                    metadata={MARK: token},
                )
            )
        except BatchTroubleError as trouble:
            if not trouble.failure.retryable or (found := self.find(token)) is None:
                raise
            return found
        return str(batch.id)

    def least_cost(self, body: Mapping[str, Any]) -> float:
        """Give the least that a request costs in US dollars; 0 where its price is unknown."""
        return self._prices.least(body) * DISCOUNT

    def find(self, token: str) -> str | None:
        """Find the batch that carries a token among those of the last days; None where there is none."""
        for batch in self._do(lambda: list(_recent(self._client.batches.list(limit=100)))):
            if (batch.metadata or {}).get(MARK) == token:
                return str(batch.id)
        return None

    def look(self, batch_id: str) -> BatchState:
        """Ask how far a batch is."""
        batch = self._do(lambda: self._client.batches.retrieve(batch_id))
        counts, errors = batch.request_counts, (batch.errors.data if batch.errors else None) or []
        trouble: Failure | None = None
        if batch.status == "failed":
            said = "; ".join(
                f"{error.message}{f' (line {error.line})' if error.line else ''}" for error in errors
            )
            kind: Kind = next((_KINDS[error.code] for error in errors if error.code in _KINDS), "bad_request")
            message = self._redact(f"the batch {batch.id} was refused: {said or 'no reason given'}")
            trouble = Failure(kind=kind, message=message[:4000], attempts=0)
        return BatchState(
            id=batch.id,
            status=batch.status,
            done=(counts.completed + counts.failed) if counts else 0,
            total=counts.total if counts else 0,
            files=tuple(name for name in (batch.output_file_id, batch.error_file_id) if name),
            trouble=trouble,
        )

    def answers(
        self, file: str, asked: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[tuple[str, Completion | Failure]]:
        """Read a file of answers.

        Args:
            file: The file's id.
            asked: The bodies of the requests by the ids they were sent under; what else is in the file is left out.
        """
        content: bytes = self._do(lambda: self._client.files.content(file).read())
        # Not `splitlines` of a text: some of what it takes for the end of a line may stand inside an answer.
        for line in content.split(b"\n"):
            record = _record(line)
            name = record.get("custom_id")
            if isinstance(name, str) and name in asked:
                yield name, self._priced(self._read(record, asked[name]))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read(self, record: Mapping[str, Any], asked: Mapping[str, Any]) -> Completion | Failure:
        response, error = record.get("response"), record.get("error")
        if isinstance(response, Mapping) and isinstance(response.get("status_code"), int):
            body = json.dumps(response.get("body")).encode()
            return read_response(response["status_code"], {}, body, self._redact, asked=asked)
        if isinstance(error, Mapping):
            code, said = str(error.get("code")), str(error.get("message") or error.get("code"))
            attempts = 0 if code in ("batch_expired", "batch_cancelled") else 1
            message = self._redact(f"the batch did not answer it: {said}")[:4000]
            return Failure(kind=_KINDS.get(code, "server"), message=message, attempts=attempts)
        return bad_response("the batch's line has neither an answer nor an error")

    def _priced(self, result: Completion | Failure) -> Completion | Failure:
        if isinstance(result, Failure):
            paid = result.completion and self._half(result.completion)
            return dataclasses.replace(result, completion=paid)
        return self._half(result)

    def _half(self, completion: Completion) -> Completion:
        """Put the batch's price on a completion."""
        cost = self._prices.of(completion)
        return dataclasses.replace(completion, cost_usd=None if cost is None else cost * DISCOUNT)

    def _do(self, call: Callable[[], Any]) -> Any:
        """Make a call of the SDK.

        Raises:
            BatchTroubleError: It brought nothing.
        """
        try:
            return call()
        except self._openai.APIStatusError as refused:
            answer = refused.response
            failure = read_response(answer.status_code, answer.headers, answer.content, self._redact)
            if isinstance(failure, Completion):
                failure = bad_response("a refusal that reads as an answer")
        except self._openai.OpenAIError as raised:
            text = f"the endpoint was not reached ({type(raised).__name__}: {raised.__cause__ or raised})"
            failure = Failure(kind="connection", message=self._redact(text)[:4000], retryable=True)
        raise BatchTroubleError(failure)


def line(name: str, body: Mapping[str, Any]) -> bytes:
    """Write one request of a batch's file."""
    record = {"custom_id": name, "method": "POST", "url": PATH, "body": body}
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def packs(
    lines: Iterable[tuple[str, bytes]], *, most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES
) -> Iterator[dict[str, bytes]]:
    """Put requests into files, each within the API's bounds.

    Args:
        lines: Ids and lines.
        most_lines: Lines that a file may have.
        most_bytes: Bytes that a file may have; a longer line has a file of its own, which the API refuses.
    """
    pack: dict[str, bytes] = {}
    size = 0
    for name, text in lines:
        if pack and (len(pack) >= most_lines or size + len(text) > most_bytes):
            yield pack
            pack, size = {}, 0
        pack[name] = text
        size += len(text)
    if pack:
        yield pack


def _record(line: bytes) -> dict[str, Any]:
    """Read a line of a file of answers; nothing where it is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _recent(batches: Iterable[Any]) -> Iterator[Any]:
    """Give the newest batches, as many as a search may look at."""
    for _, batch in zip(range(1000), batches, strict=False):
        yield batch
