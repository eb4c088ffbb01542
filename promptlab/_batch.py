"""`run_batch`: a suite that can wait, over the Batch API, at half the price."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promptlab._batch_work import Batch
from promptlab._cases import Suite, as_suite
from promptlab._errors import PromptError, SettingError
from promptlab._lab import Lab, default_lab
from promptlab._order import Order, target_label
from promptlab._prompt import Prompt, as_prompt, check_prompt
from promptlab._settings import public_environment, resolve_repeats, resolve_workers
from promptlab._store import request_key
from promptlab._types import Request
from promptlab._verbs import Cases, Checks, run_order, run_parallel
from promptlab.checks import as_checks

if TYPE_CHECKING:
    import pandas as pd


def run_batch(
    cases: Cases,
    prompt: Any,
    *,
    checks: Checks = (),
    repeats: int = 1,
    fresh: bool = False,
    wait: float | None = None,
    lab: Lab | None = None,
) -> pd.DataFrame:
    """Run a prompt over a suite through OpenAI's Batch API: half the price, within 24 hours.

    What the store holds is not sent. A batch outlives this process: the same call finds it again, pays for
    nothing twice, and goes on where it was; so it may be interrupted at any time.

    Args:
        cases: As for `run_parallel`.
        prompt: A template, a `Prompt`, or the path of a prompt file.
        checks: As for `run_parallel`; a check that asks a model does so at once and at the full price.
        repeats: How often each case is asked.
        fresh: Pay anew for what the store holds. A batch that is still under way is waited for all the same.
        wait: Seconds to wait at most, 0 for not at all; rows without an answer by then are `not_run`.
        lab: What stays the same between calls.

    Returns:
        The frame of `run_parallel`; `latency_s` is missing, and `cost_usd` is half the ordinary price.

    Raises:
        UsageError: The cases, the prompt or a setting are wrong; raised before anything is sent.
        StoreError: Batches cannot be remembered beside the store; nothing was sent.
        RunStopped: The run was interrupted; the batch goes on, and the same call takes it up again.
    """
    lab = default_lab(lab)
    _must_fit(prompt, wait)
    if lab.replay:
        return run_parallel(cases, prompt, checks=checks, repeats=repeats, lab=lab)
    suite, target = as_suite(cases, allow_code=lab.allow_code), as_prompt(prompt)
    check_prompt(target, suite)
    times = resolve_repeats(repeats)
    order = _order(lab, suite, target, repeats=times, checks=checks, fresh=fresh)
    batch = Batch(lab, _requests(lab, suite, target, times), fresh=fresh, wait_s=wait)
    try:
        order = replace(order, before=batch.bring, provider=batch.provider)
        return run_order(lab, order).frame
    finally:
        batch.close()


def _must_fit(prompt: Any, wait: Any) -> None:
    if callable(prompt) and not isinstance(prompt, Prompt):
        raise SettingError("run_batch takes a prompt: a callable makes its own calls; use run_parallel")
    if wait is not None and not (isinstance(wait, int | float) and wait >= 0):
        raise SettingError(f"wait={wait!r} is no number of seconds from 0 up")


def _order(lab: Lab, suite: Suite, prompt: Prompt, *, repeats: int, checks: Checks, fresh: bool) -> Order:
    """Order a run; its workers are those that grade, and ask what checks ask."""
    workers, _ = resolve_workers(None, lab.limits, public_environment())
    return Order(
        suite=suite,
        targets={target_label(prompt): prompt},
        workers=workers,
        repeats=repeats,
        checks=as_checks(checks),
        fresh=fresh,
    )


def _requests(lab: Lab, suite: Suite, prompt: Prompt, repeats: int) -> dict[str, Request]:
    """Give the requests by their keys; a case whose prompt cannot be rendered has none, and its row says why."""
    found = {}
    for case in suite:
        for repeat in range(repeats):
            try:
                request = prompt.request(case, repeat, model=prompt.model or lab.model)
            except PromptError:
                continue
            found[request_key(request, lab.endpoint)] = request
    return found
