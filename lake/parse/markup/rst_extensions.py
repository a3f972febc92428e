"""Lets docutils read directives and roles of Sphinx and others, which it would answer with a message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.languages import en
from docutils.utils import Reporter, unescape

from lake.parse.markup.rst_source import CODE, DIRECTIVE, FILES, LABELS, LAYOUTS, SETTINGS, SHOWN_OPTIONS, SIGNATURE

_ROLE = re.compile(r":([A-Za-z][\w:.+-]*):(?=`)|(?<=`):([A-Za-z][\w:.+-]*):")
_TITLED = re.compile(r"^(.+?)\s*<[^<>]*>$", re.DOTALL)
#: Sphinx gives these other options or another meaning, so that ours stand in for docutils' own.
_REPLACED = ("code", "code-block", "sourcecode", "class")


class _AnyOption(dict[str, Callable[[str], str]]):
    """The options of a directive: any name, with its value as written."""

    def __missing__(self, name: str) -> Callable[[str], str]:
        return str


class _AnyDirective(Directive):  # type: ignore[misc]
    """A directive that docutils doesn't know: its argument, then its content."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = _AnyOption(any=str)

    def run(self) -> list[nodes.Node]:
        name, argument = self.name.lower(), self.arguments[0] if self.arguments else ""
        shown = [self.options[option] for option in SHOWN_OPTIONS if self.options.get(option) not in (None, "", "None")]
        if name in SETTINGS:
            return [_left_out(SETTINGS[name], "\n".join([argument, *shown, *self.content]), name)]
        if name in LAYOUTS or (name == "class" and not SIGNATURE.search(argument)):
            argument = ""
        found: list[nodes.Node] = [nodes.paragraph(text, "", *self._words(text)) for text in shown]
        if name in FILES:
            return [_left_out("attachment", "", argument), *found]
        if CODE.search(name):
            code = "\n".join(self.content)
            if not code and "\n" in argument:
                argument, _, code = argument.partition("\n")
            language = argument.split()[0] if argument and " " not in argument else ""
            if argument and not language:
                found.insert(0, nodes.paragraph(argument, argument))
            return [*found, nodes.literal_block(code, code, classes=["code", *([language] if language else [])])]
        lines = argument.split("\n")
        signature = "\n".join([f"{LABELS.get(name, '')} {lines[0]}".strip(), *map(str.strip, lines[1:])])
        if signature:
            found.insert(0, nodes.paragraph(signature, "", *self._words(signature)))
        inner = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, inner, match_titles=True)
        return [*found, inner]

    def _words(self, text: str) -> list[nodes.Node]:
        if "(" in text:
            return [nodes.Text(text)]
        found, _ = self.state.inline_text(text, self.lineno)
        return list(found)


def _left_out(kind: str, text: str, place: str) -> nodes.comment:
    return nodes.comment(text, text, omitted=kind, place=place)


def _any_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = None
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """A role that docutils doesn't know: its text, or its title if it names a target too."""
    plain = unescape(text)
    titled = _TITLED.match(plain)
    return [nodes.inline(rawtext, titled[1] if titled else plain.lstrip("~!"))], []


@contextmanager
def everything_known(source: str) -> Iterator[None]:
    """Register every directive and role that ``source`` names and docutils doesn't know."""
    of_directives, of_roles = dict(directives._directives), dict(roles._roles)
    reporter = Reporter("", 5, 5)
    try:
        for match in DIRECTIVE.finditer(source):
            name = match[1].lower()
            if name in _REPLACED or not _is_directive(name):
                directives.register_directive(name, _AnyDirective)
        for match in _ROLE.finditer(source):
            name = (match[1] or match[2]).lower()
            if not roles.role(name, en, 0, reporter)[0]:
                roles.register_local_role(name, _any_role)
        yield
    finally:
        for registry, before in ((directives._directives, of_directives), (roles._roles, of_roles)):
            registry.clear()
            registry.update(before)


def _is_directive(name: str) -> bool:
    return name in directives._directives or name in en.directives
