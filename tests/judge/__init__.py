"""Tests of the checks that ask a model: judges and similarity."""
