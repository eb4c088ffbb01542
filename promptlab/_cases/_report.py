"""What an import understood, and what not: so that nothing is dropped in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from promptlab._prompt import Prompt
from promptlab._show import one_line
from promptlab._wording import listed

SHOWN_PLACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood:
    """One kind of thing in a foreign suite that has no meaning here."""

    kind: str
    """What it is: a check's kind as written, or what else it is."""
    why: str
    """Why it is not understood, in one line."""
    count: int
    """How often it came."""
    where: tuple[str, ...]
    """Where: cases or places in the file, the first few of them."""

    def __str__(self) -> str:
        """Say it in a line."""
        more = f", … ({self.count} times)" if self.count > len(self.where) else ""
        return f"{self.kind} ({self.why}): {', '.join(self.where)}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What came of reading another tool's suite."""

    format: str
    """The tool: promptfoo, openai/evals, Inspect."""
    cases: int
    """Cases that were read."""
    understood: Mapping[str, int]
    """Checks that have their meaning here, by kind, with how often each came."""
    not_understood: tuple[NotUnderstood, ...]
    """Everything else; a case with such a check is never a pass."""
    withheld: int
    """Cases that cannot pass, because of a check that was not understood."""
    notes: tuple[str, ...] = ()
    """What there is to know beside."""
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    """The prompts that the suite brings along, by name."""
    models: tuple[str, ...] = ()
    """The models that it names."""

    @property
    def line(self) -> str:
        """The report in one plain line."""
        checks = sum(self.understood.values())
        said = (
            f"imported from {self.format}: {_many(self.cases, 'case')}, {_many(checks, 'check')} understood"
        )
        missed = sum(one.count for one in self.not_understood)
        if not missed:
            return said
        kinds = listed(dict.fromkeys(one_line(one.kind, 40) for one in self.not_understood))
        never = f"; {_many(self.withheld, 'case')} cannot pass for it" if self.withheld else ""
        return one_line(f"{said}, {missed} not understood ({kinds}){never}", 400)

    def __str__(self) -> str:
        """Say all of it, a line each."""
        lines = [self.line]
        if self.understood:
            lines.append(
                "understood: "
                + ", ".join(f"{kind} {count}" for kind, count in sorted(self.understood.items()))
            )
        lines += [f"not understood: {one}" for one in self.not_understood]
        lines += [f"note: {note}" for note in self.notes]
        if self.prompts:
            lines.append(f"prompts: {listed(self.prompts, 20)}")
        if self.models:
            lines.append(f"models: {listed(self.models, 20)}")
        return "\n".join(one_line(line, 1000) for line in lines)


class Tally:
    """Collects the report while a suite is read."""

    def __init__(self, name: str) -> None:
        self.format = name
        """The tool."""
        self.understood: Counter[str] = Counter()
        """Checks understood, by kind."""
        self.prompts: dict[str, Prompt] = {}
        """Prompts, by name."""
        self.models: list[str] = []
        """Models named."""
        self._missed: dict[tuple[str, str], list[str]] = {}
        self._notes: dict[str, None] = {}
        self._withheld: set[str] = set()

    def miss(self, kind: str, why: str, where: str) -> None:
        """Note what is not understood."""
        self._missed.setdefault((one_line(kind, 80), one_line(why, 200)), []).append(one_line(where, 120))

    def withhold(self, case: str) -> None:
        """Note a case that cannot pass."""
        self._withheld.add(case)

    def note(self, text: str) -> None:
        """Note what there is to know, once."""
        self._notes.setdefault(one_line(text, 400))

    @property
    def misses(self) -> bool:
        """Whether anything was not understood."""
        return bool(self._missed)

    def report(self, cases: Sequence[object]) -> ImportReport:
        """Close the tally."""
        missed = tuple(
            NotUnderstood(kind=kind, why=why, count=len(where), where=tuple(where[:SHOWN_PLACES]))
            for (kind, why), where in self._missed.items()
        )
        return ImportReport(
            format=self.format,
            cases=len(cases),
            understood=dict(self.understood),
            not_understood=missed,
            withheld=len(self._withheld),
            notes=tuple(self._notes),
            prompts=dict(self.prompts),
            models=tuple(dict.fromkeys(self.models)),
        )


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
