"""What the command line, the ini file and the environment ask of the prompt tests."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from promptlab._errors import SettingError
from promptlab.report import check_place

GATE = "RUN_LLM_TESTS"
"""Set to 1 it lets a pytest run make calls that may cost money."""

REASON = f"{GATE}=1 is not set, and the calls may cost money (OPENAI_API_KEY or OPENAI_BASE_URL is set)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a session."""

    prompt: Path | None
    """`--prompt`."""
    spare_prompt: Path | None
    """`promptlab_prompt`, for suites that name none."""
    workers: int | None
    """`--prompt-workers`."""
    repeats: int | None
    """`--prompt-repeats`."""
    least: float | None
    """`--prompt-min-pass-rate`."""
    fresh: bool
    """`--prompt-fresh`."""
    replay: bool
    """`--prompt-replay`."""
    allow_code: bool
    """`--prompt-allow-code`."""
    summary: Path | None
    """`--prompt-summary`."""
    max_fail: int
    """After how many failures the session ends; 0 for never."""
    gated: bool
    """Whether calls are not made since they may cost money."""


def read_options(config: pytest.Config) -> Options:
    """Read the options of a session; paths of the command line are taken from where it was called."""
    here, root = config.invocation_params.dir, config.rootpath
    get = config.getoption
    prompt, spare, summary = get("prompt"), config.getini("promptlab_prompt"), get("prompt_summary")
    replay = bool(get("prompt_replay"))
    stepwise = bool(get("stepwise", default=False)) and not get("stepwise_skip", default=False)
    return Options(
        prompt=here / Path(prompt).expanduser() if prompt else None,
        spare_prompt=root / spare if spare else None,
        workers=get("prompt_workers"),
        repeats=get("prompt_repeats"),
        least=get("prompt_min_pass_rate"),
        fresh=bool(get("prompt_fresh")),
        replay=replay,
        allow_code=bool(get("prompt_allow_code")),
        summary=here / Path(summary).expanduser() if summary else None,
        max_fail=1 if stepwise else int(get("maxfail", default=0) or 0),
        gated=not replay and may_cost() and os.environ.get(GATE) != "1",
    )


def check_summary(options: Options) -> None:
    """Check, before any call, that the summary can be written where it is to go.

    Raises:
        UsageError: It cannot.
    """
    try:
        check_place(options.summary)
    except SettingError as wrong:
        raise pytest.UsageError(f"--prompt-summary: {wrong}") from None


def may_cost() -> bool:
    """Tell whether calls may cost money: with neither key nor base URL the embedded simulator answers."""
    return bool(os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"))
