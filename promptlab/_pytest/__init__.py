"""The rooms behind the pytest plugin, loaded when the first prompt test is collected."""

from promptlab._pytest._result import PromptResult

__all__ = ["PromptResult"]
