"""The simulator's options: the one place where they are defined, for every command that takes them."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from promptlab.simulator._chat import Known
from promptlab.simulator._fault_rule import FaultRule
from promptlab.simulator._faults import CONDITIONS, KINDS, parse_fault
from promptlab.simulator._latency import FORMS, FOUNDING, Latency, parse_latency

__all__ = ["REVISION", "Options", "build_parser", "parse_options"]

REVISION = 1
"""Grows when the same request gets another answer, latency or token count than before."""

ANSWERS = ("learner", "echo", "first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a simulator behaves."""

    port: int = 0
    """The port on 127.0.0.1; 0 for a free one."""
    answer: str = "learner"
    """Who answers: `learner` reads the prompt, `echo` repeats the last message, `first` judges for what came first."""
    latency: Latency
    """How long an answer takes."""
    scale: float = 1.0
    """What drawn latencies are multiplied by."""
    seed: int = 0
    """Shapes answers, latencies and faults."""
    rpm: float | None = None
    """Requests a minute allowed; None for no limit."""
    tpm: float | None = None
    """Tokens a minute allowed; None for no limit."""
    concurrent: int | None = None
    """Calls at once allowed; None for no limit."""
    burst_s: float = 1.0
    """How many seconds' worth of the limits a minute may be taken at once."""
    limit_headers: bool = True
    """Whether answers tell of the limits."""
    faults: tuple[FaultRule, ...] = ()
    """What goes wrong."""
    known: Known = field(default_factory=Known)
    """Models there are and parameters that none of them takes."""
    api_key: str | None = None
    """The key that a client must send; None for any or none."""
    batch_s: float = 2.0
    """Seconds that a batch takes, at least."""
    die_with_parent: bool = False
    """Whether the end of the standard input ends the simulator."""

    @property
    def settings(self) -> str:
        """What shapes answers and latencies, in canonical form: equal texts behave alike."""
        parts = {
            "revision": str(REVISION),
            "answer": self.answer,
            "seed": str(self.seed),
            "latency": self.latency.spec,
            "scale": f"{self.scale:g}",
            "refused": ",".join(f"{name}={instead}" for name, instead in self.known.refused),
        }
        given = [f"{name}={value}" for name, value in parts.items() if value]
        return "; ".join([*given, *(f"fault={rule.spec}" for rule in self.faults)])

    @property
    def limits(self) -> str:
        """The limits, in canonical form."""
        parts = {"rpm": self.rpm, "tpm": self.tpm, "concurrent": self.concurrent}
        given = [f"{name}={value:g}" for name, value in parts.items() if value is not None]
        if not given:
            return "none"
        return "; ".join(
            [*given, f"burst={self.burst_s:g}", f"headers={'on' if self.limit_headers else 'off'}"]
        )


def parse_options(argv: Sequence[str] | None = None, prog: str | None = None) -> Options:
    """Read the command line; a wrong one ends the program with status 2 and says why.

    Args:
        argv: The arguments; the process's own where it is None.
        prog: The command's name in the help.
    """
    parser = build_parser(prog)
    found = vars(parser.parse_args(argv))
    try:
        faults = tuple(parse_fault(spec, place) for place, spec in enumerate(found.pop("faults")))
    except ValueError as error:
        parser.error(str(error))
    refused = tuple((name, instead) for name, _, instead in (r.partition("=") for r in found.pop("refused")))
    known = Known(models=tuple(found.pop("models")), refused=refused)
    return Options(faults=faults, known=known, **found)


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Define the options."""
    parser = argparse.ArgumentParser(
        prog=prog or "promptlab simulate",
        description="Serve an OpenAI-compatible API on this machine: answers, latencies, limits and faults "
        "are simulated. Prints its address once it listens.\n\n"
        "Examples:\n  promptlab simulate --port 8080 --latency fixed:0.2 --rpm 600\n"
        "  promptlab simulate --fault status=503,rate=0.03",
        epilog=_fault_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    version = f"promptlab simulator, revision {REVISION}"
    add("--version", action="version", version=version)
    add("--port", type=_ranged(int, 0, 65535), default=0, help="the port; 0, the default, for a free one")
    add("--die-with-parent", action="store_true", help="end when the standard input ends")
    _add_answers(parser.add_argument_group("answers"))
    _add_limits(parser.add_argument_group("limits (429)"))
    return parser


def _add_answers(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--answer", choices=ANSWERS, default="learner", help="who answers: a small learner that reads the prompt, an echo, or a judge who is content with everything and prefers what came first")  # fmt: skip
    add("--latency", type=_latency, default=parse_latency(FOUNDING), metavar="SPEC", help=f"{FORMS}; default {FOUNDING}")  # fmt: skip
    add("--scale", type=_ranged(float, 0, 1e6), default=1.0, metavar="X", help="multiply drawn latencies")
    add("--seed", type=int, default=0, metavar="N", help="shapes answers, latencies and faults")
    add("--batch-seconds", dest="batch_s", type=_ranged(float, 0, 1e6), default=2.0, metavar="S", help="how long a batch takes, at least; default 2")  # fmt: skip
    add("--model", dest="models", action="append", default=[], metavar="NAME", help="a model there is, others being unknown; may be repeated; without it every name is a model")  # fmt: skip
    add("--refuse", dest="refused", action="append", default=[], metavar="NAME[=INSTEAD]", help="a parameter that no model takes; may be repeated")  # fmt: skip
    add("--api-key", metavar="KEY", help="refuse requests with another key")
    add("--fault", dest="faults", action="append", default=[], metavar="RULE", help="something that goes wrong; may be repeated, the first rule that hits counts")  # fmt: skip


def _add_limits(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--rpm", type=_ranged(float, 0.001, 1e9), metavar="N", help="requests a minute")
    add("--tpm", type=_ranged(float, 0.001, 1e12), metavar="N", help="tokens a minute")
    add("--concurrent", type=_ranged(int, 1, 10**6), metavar="N", help="calls at once")
    add("--burst", dest="burst_s", type=_ranged(float, 0, 1e6), default=1.0, metavar="S", help="how many seconds' worth may come at once; default 1")  # fmt: skip
    add("--no-limit-headers", dest="limit_headers", action="store_false", help="tell nothing of limits, not even when to come back")  # fmt: skip


def _latency(text: str) -> Latency:
    try:
        return parse_latency(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _ranged(kind: Callable[[str], Any], low: float, high: float) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low:g} to {high:g}")
        return number

    return read


def _fault_help() -> str:
    lines = ["a rule: KIND[=VALUE][,CONDITION=VALUE]…, such as status=503,rate=0.03", "", "kinds of faults:"]
    for kind in KINDS.values():
        name = f"{kind.name}={kind.default}" if kind.default and len(kind.default) < 12 else kind.name
        lines.append(f"  {name:<22}{kind.says}")
    lines += ["", "conditions and details:"]
    return "\n".join([*lines, *(f"  {name + '=':<22}{says}" for name, says in CONDITIONS.items())])
