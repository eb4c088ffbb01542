"""What a template may be written with, and the counting that is woven into it before it is compiled."""

from __future__ import annotations

import math
from typing import Any, cast

from jinja2 import Environment, meta, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

from promptlab._template._environment import HELPERS
from promptlab._template._filters import CONCAT, EACH, MADE, SEEN
from promptlab._wording import did_you_mean, listed, quoted

MAX_CODE = 50_000
MAX_TAGS = 5_000

_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.CallBlock: "call",
    nodes.ScopedEvalContextModifier: "autoescape",
}
_CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}"}


class Syntax(Exception):  # noqa: N818 - it carries what is wrong; the caller turns it into a PromptError
    """What is wrong with a template as written, with the line (from 1)."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def check_size(source: str) -> None:
    """Refuse a template with so much code that compiling it would take long."""
    at = tags = code = 0
    while (at := source.find("{", at)) >= 0:
        closer = _CLOSERS.get(source[at : at + 2])
        if closer is None:
            at += 1
            continue
        end = source.find(closer, at + 2)
        end = len(source) if end < 0 else end + 2
        tags += 1
        code += end - at if closer != "#}" else 0
        if tags > MAX_TAGS or code > MAX_CODE:
            line = source.count("\n", 0, at) + 1
            raise Syntax(f"it holds more than {MAX_TAGS:,} tags or {MAX_CODE:,} characters of code", line)
        at = end


def parse(environment: Environment, source: str, line_end: str | None) -> nodes.Template:
    """Parse a template and check that it is written with what a prompt may use.

    Args:
        environment: The sandbox.
        source: The template's text.
        line_end: The character that stands for a carriage return in `source`, where there is one.
    """
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        raise Syntax(_explained(error.message or "it is no template"), error.lineno) from error
    for node in tree.find_all(nodes.Node):
        _check(environment, node)
        if line_end is not None and isinstance(node, nodes.TemplateData):
            node.data = node.data.replace(line_end, "\r")
        elif line_end is not None and isinstance(node, nodes.Const) and isinstance(node.value, str):
            node.value = node.value.replace(line_end, "\r")
    return tree


def _check(environment: Environment, node: nodes.Node) -> None:
    refused = _REFUSED.get(type(node))
    if refused is not None:
        raise Syntax(f"{{% {refused} %}} has no place in a prompt: a prompt is one text", node.lineno)
    if isinstance(node, nodes.Const) and isinstance(node.value, float) and not math.isfinite(node.value):
        raise Syntax("a number is too large", node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise Syntax("a loop cannot be recursive in a prompt", node.lineno)
    for kind, known, word in (
        (nodes.Filter, environment.filters, "filter"),
        (nodes.Test, environment.tests, "test"),
    ):
        if isinstance(node, kind) and node.name not in known:
            names = sorted(name for name in known if name[0].isalpha())
            hint = did_you_mean(node.name, names) or f" There are {listed(names, 60)}."
            raise Syntax(f"there is no {word} {quoted(node.name)} in a prompt.{hint}", node.lineno)


def _explained(message: str) -> str:
    literal = " (to send {{ or {% themselves, put {% raw %} … {% endraw %} around them)"
    return f"{message}{literal}"


def holes(tree: nodes.Template) -> tuple[frozenset[str], frozenset[str]]:
    """Give the names that a case fills, and those of them that it must.

    A name need not be filled where the template asks for it with `is defined` or gives a `default`.
    """
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    every = list(tree.find_all(nodes.Name))
    written = {name.name for name in every if name.ctx != "load"}
    # jinja2 leaves its helpers out, also where a template means an input of that name
    meant = {name.name for name in every if name.ctx == "load" and id(name) not in called}
    found = frozenset(meta.find_undeclared_variables(tree)) | (meant & set(HELPERS) - written)
    asked = {
        node.node.name
        for node in tree.find_all((nodes.Filter, nodes.Test))
        if node.name in {"default", "d", "defined", "undefined"} and isinstance(node.node, nodes.Name)
    }
    return found, found - asked


def weave(environment: Environment, tree: nodes.Template) -> nodes.Template:
    """Put the meter wherever a template loops, compares, or makes something out of something."""
    woven = _Weaver().visit(tree)
    woven.set_environment(environment)
    return cast("nodes.Template", woven)


class _Weaver(NodeTransformer):
    # jinja2's visitor finds methods by the names of nodes
    def visit_For(self, node: nodes.For) -> Any:  # noqa: N802 - as above
        written = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        node.iter = _through(EACH, node.iter, nodes.Const(written + 1))
        return node

    def visit_Concat(self, node: nodes.Concat) -> Any:  # noqa: N802 - as above
        self.generic_visit(node)
        return _through(CONCAT, nodes.List(node.nodes, lineno=node.lineno))

    def visit_Getitem(self, node: nodes.Getitem) -> Any:  # noqa: N802 - as above
        self.generic_visit(node)
        return _through(MADE, node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Tuple(self, node: nodes.Tuple) -> Any:  # noqa: N802 - as above
        self.generic_visit(node)
        return _through(MADE, node) if node.ctx == "load" else node

    def _made(self, node: nodes.Expr) -> Any:
        self.generic_visit(node)
        return _through(MADE, node)

    def _seen(self, node: nodes.Expr) -> Any:
        self.generic_visit(node)
        return _through(SEEN, node)

    visit_List = visit_Dict = _made  # noqa: N815 - as above
    visit_Compare = visit_Test = _seen  # noqa: N815 - as above


def _through(name: str, node: Any, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)
