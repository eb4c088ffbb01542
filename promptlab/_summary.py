"""What a run comes to: outcomes in, one summary out, and the lines that say it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from promptlab._schedule import bound
from promptlab._stats import wilson
from promptlab._types import Outcome, Run

CONFIDENT = 0.8
"""A wrong answer with at least this confidence is a confident mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run in numbers. Scores are fractions in [0, 1], times seconds, money US dollars."""

    run: str
    """Id of the run."""
    suite: str
    """The suite's name."""
    cases: int
    """Cases asked."""
    rows: int
    """Rows: cases times repeats times variants."""
    workers: int
    """The ceiling on calls under way at once."""
    passed: int
    """Rows with status `pass`."""
    failed: int
    """Rows with status `fail`."""
    errors: int
    """Rows without a verdict because a call or a check broke."""
    ungraded: int
    """Rows for which nothing was expected."""
    not_run: int
    """Rows stopped before their turn."""
    cached: int
    """Rows served from the store."""
    score: float | None
    """passes / (passes + fails); None where nothing was graded."""
    low: float | None
    """Lower end of the score's 95 % Wilson interval."""
    high: float | None
    """Upper end of the score's 95 % Wilson interval."""
    floor: float | None
    """The score, had every error been a fail."""
    ceiling: float | None
    """The score, had every error been a pass."""
    confident_mistakes: int
    """Fails given with a confidence of 0.8 or more."""
    wall_s: float
    """From the start to the last outcome."""
    calls_s: float
    """The time of the rows that were called in this run, one after another."""
    longest_s: float
    """The longest of them."""
    speedup: float | None
    """calls_s / wall_s; None where no call was made."""
    bound_s: float | None
    """max(longest_s, calls_s / workers): no schedule ends sooner; None where no call was made."""
    calls: int
    """Calls made, retries included."""
    input_tokens: int | None
    """Tokens sent in this run; None where no row tells."""
    output_tokens: int | None
    """Tokens received in this run; None where no row tells."""
    cost_usd: float | None
    """What this run cost; None where no paid row's price is known."""
    unpriced: int
    """Answered rows of this run whose price is unknown."""
    models: tuple[str, ...]
    """The models that answered, sorted."""
    simulated: bool
    """Whether a simulator answered."""
    stopped: str | None
    """Why the run ended early; None where it ran to its end."""

    def plain(self) -> dict[str, Any]:
        """Give the summary as plain JSON types."""
        return {**asdict(self), "models": list(self.models)}


def summarise(run: Run, outcomes: Iterable[Outcome], wall_s: float, stopped: str | None = None) -> Summary:
    """Count what became of a run's rows; `wall_s` is the seconds from its start to its last outcome."""
    rows = list(outcomes)
    count = dict.fromkeys(("pass", "fail", "error", "ungraded", "not_run"), 0)
    for row in rows:
        count[row.status] += 1
    made = [row for row in rows if row.attempts > 0]
    spent = [max(0.0, _row_seconds(row)) for row in made]
    paid = [row.completion for row in made if row.completion is not None]
    paid += [row.checking for row in rows if row.checking is not None and row.checking.attempts]
    prices = [c.cost_usd for c in paid if c.cost_usd is not None]
    graded, errors = count["pass"] + count["fail"], count["error"]
    interval = wilson(count["pass"], graded) if graded else None
    models = tuple(sorted({c.model for row in rows if (c := row.completion) and c.model}))
    calls_s = math.fsum(spent)
    return Summary(
        run=run.id,
        suite=run.suite,
        cases=len(run.cases),
        rows=len(rows),
        workers=run.workers,
        passed=count["pass"],
        failed=count["fail"],
        errors=errors,
        ungraded=count["ungraded"],
        not_run=count["not_run"],
        cached=sum(1 for row in rows if row.completion is not None and row.completion.cached),
        score=count["pass"] / graded if graded else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        floor=count["pass"] / (graded + errors) if graded + errors else None,
        ceiling=(count["pass"] + errors) / (graded + errors) if graded + errors else None,
        confident_mistakes=sum(1 for row in rows if confident_mistake(row)),
        wall_s=wall_s,
        calls_s=calls_s,
        longest_s=max(spent, default=0.0),
        speedup=calls_s / wall_s if made and wall_s > 0 else None,
        bound_s=bound(spent, run.workers) if made else None,
        calls=sum(row.attempts + (row.checking.attempts if row.checking else 0) for row in rows),
        input_tokens=_total(c.input_tokens for c in paid),
        output_tokens=_total(c.output_tokens for c in paid),
        cost_usd=math.fsum(prices) if prices else None,
        unpriced=len(paid) - len(prices),
        models=models,
        simulated=run.simulated or any(simulated_model(m) for m in models),
        stopped=stopped,
    )


def simulated_model(model: str | None) -> bool:
    """Tell whether a model's name says that a simulator answered."""
    return model is not None and model.startswith("simulated")


def confident_mistake(row: Outcome) -> bool:
    """Tell whether a row failed with a confidence of 0.8 or more."""
    confidence = row.answer.confidence if row.answer else None
    return row.status == "fail" and confidence is not None and confidence >= CONFIDENT


def _row_seconds(row: Outcome) -> float:
    """Give the seconds of a row's call: the answered attempt's, else the whole of the row's work."""
    if row.completion is not None and row.completion.latency_s is not None:
        return row.completion.latency_s
    return (row.finished_s or 0.0) - (row.started_s or 0.0)


def _total(counts: Iterable[int | None]) -> int | None:
    known = [n for n in counts if n is not None]
    return sum(known) if known else None


def score_text(summary: Summary) -> str:
    """Say the score with its interval, and the errors beside it."""
    graded = summary.passed + summary.failed
    if summary.score is None or summary.low is None or summary.high is None:
        text = "no row was graded"
    else:
        text = (
            f"{summary.passed} of {graded} passed: {100 * summary.score:.0f} % "
            f"[{100 * summary.low:.0f}, {100 * summary.high:.0f}]"
        )
    if summary.errors:
        text += f", {summary.errors} without a verdict"
        if graded and summary.floor is not None and summary.ceiling is not None:
            text += f" (they leave {100 * summary.floor:.0f} to {100 * summary.ceiling:.0f} %)"
    if summary.ungraded:
        text += f", {summary.ungraded} ungraded"
    if summary.not_run:
        text += f", {summary.not_run} not run"
    return text


def speed_text(summary: Summary) -> str:
    """Say how long it took, against one after another and against the bound."""
    if summary.speedup is None or summary.bound_s is None:
        return f"{summary.wall_s:.1f} s, no call made"
    workers = f"{summary.workers} worker" + ("s" if summary.workers != 1 else "")
    answered = summary.passed + summary.failed + summary.ungraded
    # So few or so quick calls that the run's own cost is what counts, or calls that came to nothing.
    if summary.speedup < 1 or 2 * answered <= summary.rows:
        return f"{summary.wall_s:.1f} s with {workers}"
    return (
        f"{summary.wall_s:.1f} s with {workers}; one after another {summary.calls_s:.1f} s: "
        f"{summary.speedup:.1f} times faster (no schedule ends before {summary.bound_s:.1f} s)"
    )


def dollars(amount: float) -> str:
    """Write an amount of money with four decimals, or with as many as its first two digits take."""
    if not amount:
        return "$0"
    decimals = 4 if amount >= 0.001 else 1 - math.floor(math.log10(amount))
    return f"${amount:.{decimals}f}"


def spent_text(summary: Summary) -> str:
    """Say what was paid: tokens, money, rows from the store."""
    parts = []
    if summary.input_tokens is not None or summary.output_tokens is not None:
        parts.append(f"{summary.input_tokens or 0:,} tokens in, {summary.output_tokens or 0:,} out")
    if summary.simulated and (summary.models or summary.calls):
        parts.append("nothing paid: a simulator answered")
    elif summary.cost_usd is not None:
        more = f" and {summary.unpriced} rows of unknown price" if summary.unpriced else ""
        parts.append(f"{dollars(summary.cost_usd)}{more}")
    elif summary.unpriced and summary.models:  # an application that names no model may cost nothing at all
        parts.append("cost unknown (the model is in no price table)")
    if summary.cached:
        parts.append(f"{summary.cached} of {summary.rows} rows from the store")
    return ", ".join(parts)


def summary_text(summary: Summary) -> str:
    """Say the whole run in a few plain lines."""
    label = " (simulated)" if summary.simulated else ""
    lines = [f"{summary.suite}{label}: {score_text(summary)}", speed_text(summary)]
    if spent := spent_text(summary):
        lines.append(spent)
    if summary.confident_mistakes:
        noun = "mistake" if summary.confident_mistakes == 1 else "mistakes"
        lines.append(
            f"{summary.confident_mistakes} confident {noun}: wrong with a confidence of {CONFIDENT} or more"
        )
    if summary.stopped:
        lines.append(f"stopped: {summary.stopped}")
    return "\n".join(lines)
