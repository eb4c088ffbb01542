"""A pydantic model as an answer's type: asked for as `response_format`, and held to by a check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import one_line, show
from promptlab._types import Answer, Case, Verdict


def is_answer_type(value: Any) -> bool:
    """Tell whether a value is a pydantic model: a class that makes a JSON schema of itself."""
    return isinstance(value, type) and callable(getattr(value, "model_json_schema", None))


def response_format(model: Any) -> dict[str, Any]:
    """Make the request's `response_format` of a pydantic model: its schema, strict, every field required."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", model.__name__)[:64]
    schema = _strict(model.model_json_schema())
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


def _strict(schema: Any) -> Any:
    """Close every object of a schema and require all its fields, as strict structured outputs ask."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"} and isinstance(value, dict):
            made[key] = {name: _strict(part) for name, part in value.items()}
        elif key != "default":
            made[key] = _strict(value)
    if made.get("type") == "object" and "properties" in made:
        made["additionalProperties"] = False
        made["required"] = list(made["properties"])
    return made


@dataclass(frozen=True, slots=True)
class FitsCheck:
    """Holds an answer to a pydantic model."""

    model: Any
    """The model."""
    name: str = "fits"
    """Name of its column."""

    def __call__(self, case: Case, answer: Answer) -> Verdict:  # noqa: ARG002 - the shape of every check
        """Validate the answer; what the model finds wrong is the reason."""
        if not answer.is_json:
            got = show(answer.text, 160)
            return self._fail(f"expected JSON that fits {self.model.__name__}, got {got}")
        try:
            self.model.model_validate(answer.value)
        except ValueError as wrong:  # pydantic's ValidationError is one
            return self._fail(f"expected JSON that fits {self.model.__name__}: {_told(wrong)}")
        return Verdict(passed=True, name=self.name)

    def _fail(self, reason: str) -> Verdict:
        return Verdict(passed=False, name=self.name, reason=f"{self.name}: {one_line(reason, 500)}")


def fits(model: Any) -> FitsCheck:
    """Make a check that holds answers to a pydantic model; give it in `checks=`.

    Raises:
        UsageError: It is no pydantic model.
    """
    if not is_answer_type(model):
        raise UsageError(f"`fits` takes a pydantic model (a class), not {show(model, 80)}")
    return FitsCheck(model)


def _told(wrong: Any) -> str:
    """Say what a model found wrong, the first of it."""
    errors = wrong.errors() if callable(getattr(wrong, "errors", None)) else []
    said = [f"{'.'.join(map(str, one.get('loc', ())))}: {one.get('msg', '')}" for one in errors[:3]]
    return "; ".join(said) or str(wrong)
