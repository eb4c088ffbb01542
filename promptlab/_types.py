"""The nouns: what travels the corridor, from a case to an outcome.

Every value here is frozen. A value knows nothing of threads, files, displays or the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Status = Literal["pass", "fail", "error", "ungraded", "not_run"]
"""What became of a row. `error` is no verdict: the call or a check broke."""

Kind = Literal[
    "auth", "permission", "quota", "rate_limited", "timeout", "connection", "server",
    "bad_request", "not_found", "too_large", "too_big", "redirect", "conflict",
    "content_filter", "refusal", "truncated", "tool_calls", "empty", "bad_response",
    "bad_answer", "template", "check", "target", "budget", "cancelled",
]  # fmt: skip
"""The kind of trouble that kept a row from a verdict: a closed list."""

STATUSES: tuple[str, ...] = get_args(Status)
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input with what is expected of the answer."""

    id: str
    """Unique in its suite."""
    input: Mapping[str, Any]
    """The values that fill a prompt's holes, by name. Data, never templates."""
    expect: Any = None
    """The expectations as written: field paths and named checks, or None for nothing expected."""
    tags: tuple[str, ...] = ()
    """Words to select cases by."""
    why: str | None = None
    """Why the case is in the suite, in the author's words."""
    where: str | None = None
    """`file:line` where the case was read, where it came from a file."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else the author wants to carry along; the library does not read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call to be made: exactly what is sent, and for which row."""

    body: Mapping[str, Any]
    """The JSON body of the chat completion request, sent unmodified."""
    case: str
    """The id of the case it is made for."""
    repeat: int = 0
    """The index of the repeat, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What came back from a call that was answered."""

    text: str
    """The answer's text as it came."""
    model: str | None = None
    """The model that answered, by its own account."""
    finish_reason: str | None = None
    """Why the model stopped, in the provider's word."""
    input_tokens: int | None = None
    """Tokens of the request as the provider counted them, or None."""
    output_tokens: int | None = None
    """Tokens of the answer as the provider counted them (reasoning included), or None."""
    cached_input_tokens: int | None = None
    """The part of `input_tokens` that the provider served from its own prompt cache, or None."""
    reasoning_tokens: int | None = None
    """The part of `output_tokens` spent on reasoning, or None."""
    cost_usd: float | None = None
    """What the call cost in US dollars from the price table, or None where it is unknown."""
    latency_s: float | None = None
    """Seconds from sending to the last byte, of the attempt that was answered."""
    refusal: str | None = None
    """The text of a refusal, where the model refused."""
    logprobs: tuple[tuple[str, float], ...] | None = None
    """Each token of the answer with its natural log probability, where asked for and given."""
    cached: bool = False
    """Whether it was served from the store."""
    attempts: int = 1
    """Calls made to get it in this run; 0 where it was served from the store."""
    notes: tuple[str, ...] = ()
    """What had to be changed to get an answer (a refused parameter dropped, …)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that brought no usable completion. A value, not an exception."""

    kind: Kind
    """The kind of trouble."""
    message: str
    """What happened and what to do about it; at most 4 kB."""
    attempts: int = 1
    """Calls made, 0 where none was."""
    retryable: bool = False
    """Whether the same call may succeed when made again."""
    retry_after_s: float | None = None
    """Seconds the server asked to wait, where it said so."""
    status_code: int | None = None
    """The HTTP status, where there was a response."""
    completion: Completion | None = None
    """What came and was paid for all the same (a truncated answer, say)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A completion's text, parsed."""

    value: Any
    """The JSON value where the text is (or holds) JSON, else the text itself."""
    text: str
    """The text it was read from."""
    is_json: bool = False
    """Whether `value` was read as JSON."""
    confidence: float | None = None
    """In [0, 1], or None where there was none or it could not be read."""
    confidence_source: str | None = None
    """Where the confidence came from: `answer`, `logprobs`, `function`; None where missing."""
    notes: tuple[str, ...] = ()
    """What was recovered or could not be read, in words."""
    completion: Completion | None = None
    """The completion it came in, for checks on latency, cost or refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check says of one answer."""

    passed: bool
    """Whether the expectation was met."""
    name: str = ""
    """The check's name: a field path, or `path.check`; becomes the column `check.<name>`."""
    reason: str | None = None
    """One line: what was expected and what came. None where it passed."""
    score: float | None = None
    """A graded check's number, which then stands in the check's column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one row: a case, a variant and a repeat. All that crosses the thread border."""

    index: int
    """The row's place in the run, from 0, in the suite's order."""
    prompt: str
    """Name of the prompt or variant."""
    version: str
    """First 8 characters of the prompt's hash."""
    case: Case
    """The case."""
    repeat: int
    """The index of the repeat, from 0."""
    status: Status
    """The row's status."""
    reason: str | None = None
    """Why it failed or broke; every failing check."""
    error: Kind | None = None
    """The kind of trouble where there was one."""
    completion: Completion | None = None
    """What came back, where something did."""
    answer: Answer | None = None
    """The parsed answer, where there is one."""
    verdicts: tuple[Verdict, ...] = ()
    """What each check said, in the order written."""
    attempts: int = 0
    """Calls made for the row in this run, those of its checks left out."""
    checking: Completion | None = None
    """What the calls of the row's checks (a judge, say) came to, added up; None where they made none."""
    started_s: float | None = None
    """Seconds since the run began when the row's work began; None where it never did."""
    finished_s: float | None = None
    """Seconds since the run began when the row's work ended; None where it never began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a run knows of one target: its name and version."""

    name: str
    """The name of the prompt or variant."""
    version: str
    """First 8 characters of the hash of the prompt's text, model and settings."""
    model: str | None = None
    """The model asked for, where the target is a prompt."""
    text: str | None = None
    """The prompt's whole text with front matter, where the target is a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One or more targets over one suite: what is known before the first call."""

    id: str
    """Unique; sorts by time."""
    suite: str
    """The suite's name."""
    cases: tuple[str, ...]
    """The ids of the cases, in the suite's order."""
    repeats: int
    """How often each case is asked."""
    workers: int
    """The ceiling on calls under way at once."""
    variants: tuple[Variant, ...]
    """The targets; one, or several in a comparison."""
    started_at: str
    """When it began: ISO 8601, UTC, to the millisecond."""
    simulated: bool = False
    """Whether the embedded simulator answers."""
    notes: tuple[str, ...] = ()
    """What the user should know: a cut worker count, …"""

    @property
    def rows(self) -> int:
        """How many rows the run will have."""
        return len(self.cases) * self.repeats * len(self.variants)
