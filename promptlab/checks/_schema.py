"""JSON schemas: checked before any call, fetched from nowhere, with patterns that cannot hang."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from promptlab._errors import UsageError
from promptlab._show import one_line, show
from promptlab.checks._pattern import BUDGET, Pattern, pattern
from promptlab.checks._rules import CannotTellError
from promptlab.checks._same import plain

_MOST_ERRORS = 50


class Schema:
    """A checked schema, ready for any number of values and threads."""

    def __init__(self, validator: Any, key_patterns: tuple[Pattern, ...]) -> None:
        self._validator = validator
        self._key_patterns = key_patterns

    def trouble(self, value: Any) -> str | None:
        """Say where a value does not fit, by the error that says most; None where it fits.

        Raises:
            CannotTellError: Where a pattern would take too long on the value.
        """
        self._guard_keys(value)
        try:
            errors = list(itertools.islice(self._validator.iter_errors(value), _MOST_ERRORS))
        except (ArithmeticError, ValueError) as trouble:
            return one_line(f"a number that the schema cannot measure: {trouble}")
        if not errors:
            return None
        from jsonschema.exceptions import best_match

        worst: Any = best_match(errors)
        return one_line(f"{worst.json_path}: {worst.message[:2000]}")

    def _guard_keys(self, value: Any) -> None:
        if not self._key_patterns:
            return
        longest = max((len(key) for key in _keys(value)), default=0)
        for known in self._key_patterns:
            if known.steps(longest) > BUDGET:
                raise CannotTellError(
                    f"the pattern {show(known.written, 80)} would take too long on a key of {longest} characters"
                )


def schema(written: Any, name: str) -> Schema:
    """Check and compile a schema, once for however many cases carry it.

    Raises:
        UsageError: Where it is no schema, refers to something outside, or has a pattern that could hang.
    """
    if not isinstance(written, (Mapping, bool)):
        raise UsageError(f"`{name}` needs a schema (a mapping), got {show(written)}")
    return _compiled(json.dumps(plain(written)), name)


@lru_cache(maxsize=64)
def _compiled(text: str, name: str) -> Schema:
    import jsonschema
    from jsonschema.validators import validator_for
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # it ships no types
    from referencing.jsonschema import DRAFT202012, specification_with

    written = json.loads(text)
    base = validator_for(written, default=jsonschema.Draft202012Validator)
    try:
        base.check_schema(written)
    except jsonschema.SchemaError as trouble:
        raise UsageError(
            f"`{name}` is no valid schema: {one_line(f'{trouble.json_path}: {trouble.message}', 300)}"
        ) from trouble
    dialect = written.get("$schema") if isinstance(written, dict) else None
    specification = specification_with(dialect, default=DRAFT202012) if dialect else DRAFT202012
    resource = specification.create_resource(written)
    key_patterns = [
        known
        for part in _parts(resource, REGISTRY.resolver_with_root(resource), name)
        for known in _patterns(part)
    ]
    checked: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # its author left it so
        base, {"pattern": _pattern_keyword}
    )
    return Schema(checked(written, registry=REGISTRY), tuple(key_patterns))


def _parts(resource: Any, resolver: Any, name: str) -> Iterator[dict[str, Any]]:
    """Walk a schema and its parts, making sure that every reference leads somewhere inside."""
    from referencing.exceptions import Unresolvable

    if isinstance(resource.contents, dict):
        yield resource.contents
        for keyword in ("$ref", "$dynamicRef"):
            reference = resource.contents.get(keyword)
            if not isinstance(reference, str):
                continue
            try:
                resolver.lookup(reference)
            except Unresolvable as trouble:
                raise UsageError(
                    f"`{name}` refers to {show(reference)}, which is not in the schema; nothing is fetched"
                ) from trouble
    for part in resource.subresources():
        yield from _parts(part, resolver.in_subresource(part), name)


def _patterns(part: dict[str, Any]) -> list[Pattern]:
    """Compile the patterns of one part of a schema; give those that are for keys."""
    if isinstance(part.get("pattern"), str):
        pattern(part["pattern"])
    keys = part.get("patternProperties")
    return [pattern(key) for key in keys] if isinstance(keys, dict) else []


def _pattern_keyword(validator: Any, written: str, instance: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError

    if validator.is_type(instance, "string") and not pattern(written).search(instance):
        yield ValidationError(f"{show(instance, 120)} does not match {show(written, 80)}")


def _keys(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield from current
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)
