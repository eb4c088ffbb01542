"""Tests of suites that other tools write: promptfoo, openai/evals, Inspect."""
