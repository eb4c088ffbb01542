"""Expectations become checks: `compile_expect` for a suite's, `as_checks` for a user's own functions.

    expect:                        # columns check.found, check.confidence.below, check.max_latency_s
      found: false                 # a field of the JSON answer equals
      confidence: {below: 0.4}     # a field is held to named checks
      max_latency_s: 10            # a named check on the whole answer

A key at the top that is a check's name is that check on the whole answer; `$.type` reaches a field of such a name. A
field that is missing fails whatever is said of it, the `not_…` forms too; only `present: false` wants it missing.
A field of an answer that is not JSON fails. Each check that fails says so in one line.
"""

from promptlab.checks._compile import Factory, compile_expect
from promptlab.checks._like_evals import KINDS as EVALS_KINDS
from promptlab.checks._like_inspect import KINDS as INSPECT_KINDS
from promptlab.checks._names import CHECKS
from promptlab.checks._paths import MISSING, find, parse_path
from promptlab.checks._rules import CannotTellError
from promptlab.checks.custom import PASSING_SCORE, as_checks
from promptlab.checks.foreign import PROMPTFOO_KINDS

__all__ = [
    "CHECKS",
    "EVALS_KINDS",
    "INSPECT_KINDS",
    "MISSING",
    "PASSING_SCORE",
    "PROMPTFOO_KINDS",
    "CannotTellError",
    "Factory",
    "as_checks",
    "compile_expect",
    "find",
    "parse_path",
]
