"""The keys of promptfoo's configurations and tests: those that are read, or change nothing of what is tested."""

from __future__ import annotations

TOP_KEYS = frozenset((
    "description", "tags", "prompts", "providers", "targets", "tests", "defaultTest", "scenarios",
    "outputPath", "evaluateOptions", "commandLineOptions", "env", "sharing", "writeLatestResults",
    "metadata", "assertionTemplates", "$schema", "envPath",
))  # fmt: skip
"""Keys of a configuration that are read, or that change nothing of what is tested."""
CHANGING = {
    "nunjucksFilters": "code, which is not run here", "extensions": "code, which is not run here",
    "derivedMetrics": "figures over several checks", "redteam": "tests that promptfoo makes itself",
    "tracing": "traces", "scoring": "scores of its own",
}  # fmt: skip
TEST_KEYS = frozenset((
    "description", "vars", "assert", "options", "metadata", "threshold", "provider", "providers",
    "prompts", "id", "tags",
))  # fmt: skip
OPTIONS = frozenset((
    "transform", "prefix", "suffix", "provider", "disableVarExpansion", "disableDefaultAsserts",
    "disableConversationVar", "runSerially", "storeOutputAs",
))  # fmt: skip
