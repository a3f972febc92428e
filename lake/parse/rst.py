"""reStructuredText by docutils; directives that docutils doesn't know keep their content."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from lake.parse.canonical import TextWriter, one_line
from lake.parse.text import decode

if TYPE_CHECKING:
    from docutils.nodes import Element, Node

    from lake.parse.document import ParsedDocument

_DIRECTIVE = re.compile(r"\s*\.\.\s+([\w:.+-]+)::[ \t]*(.*)")
_OPTION = re.compile(r"^\s*:[\w-]+:.*$")
#: Directives that name files or switch settings; their content isn't prose.
_NOT_PROSE = frozenset({"toctree", "index", "highlight", "currentmodule", "tabularcolumns", "bibliography"})
_QUIET = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "smart_quotes": False,
    "_disable_config": True,
    "warning_stream": False,
    "line_length_limit": 1_000_000,
}
_MAX_NESTED = 5
_SILENT = ("comment", "target", "substitution_definition", "image", "pending", "meta", "footnote_reference")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    writer = TextWriter()
    _Walk(writer).source(text, 0)
    return writer.finish(metadata=metadata, omitted=omitted)


class _Walk:
    """Writes a document tree; ``nested`` counts the unknown directives around it."""

    def __init__(self, writer: TextWriter, nested: int = 0) -> None:
        self._writer = writer
        self._nested = nested

    def source(self, text: str, level: int) -> None:
        from docutils.core import publish_doctree

        self.children(publish_doctree(text, settings_overrides=_QUIET), level)

    def children(self, node: Any, level: int) -> None:
        for child in node.children:
            self.node(child, level)

    def node(self, node: Node, level: int) -> None:
        name = node.tagname
        write = getattr(self, f"_{name}", None)
        if write:
            write(node, level)
        elif name in _SILENT:
            return
        elif _holds_blocks(node):
            self.children(node, level)
        else:
            self._writer.add(node.astext())

    def _section(self, node: Element, level: int) -> None:
        self.children(node, level + 1)

    def _title(self, node: Element, level: int) -> None:
        self._writer.heading(node.astext(), max(level, 1))

    def _rubric(self, node: Element, level: int) -> None:
        self._writer.add(node.astext())

    def _literal_block(self, node: Element, level: int) -> None:
        languages = [name for name in node["classes"] if name != "code"]
        self._writer.code(node.astext(), languages[0] if languages else "")

    def _doctest_block(self, node: Element, level: int) -> None:
        self._writer.code(node.astext(), "pycon")

    def _block_quote(self, node: Element, level: int) -> None:
        if any(child.tagname != "paragraph" for child in node.children):
            self.children(node, level)
        else:
            self._writer.add(node.astext(), "quote")

    def _bullet_list(self, node: Element, level: int) -> None:
        self._writer.add("\n".join(_list_lines(node, 0)), "list")

    _enumerated_list = _definition_list = _field_list = _option_list = _bullet_list

    def _table(self, node: Any, level: int) -> None:
        for title in node.findall(lambda found: found.tagname == "title"):
            self._writer.add(title.astext())
        rows = node.findall(lambda found: found.tagname == "row")
        self._writer.table([one_line(entry.astext()) for entry in row.children] for row in rows)

    def _system_message(self, node: Any, level: int) -> None:
        """Write the argument of an unknown directive, which docutils returns as source, and parse its content."""
        source = next((child.astext() for child in node.children if child.tagname == "literal_block"), "")
        match = _DIRECTIVE.match(source)
        if match is None or match[1] in _NOT_PROSE or self._nested >= _MAX_NESTED:
            return
        self._writer.add(match[2])
        content = dedent(source.partition("\n")[2]).strip("\n").split("\n")
        while content and _OPTION.match(content[0]):
            content.pop(0)
        body = "\n".join(content)
        if "code" in match[1]:
            self._writer.code(body, match[2])
        else:
            _Walk(self._writer, self._nested + 1).source(body, level)


def _holds_blocks(node: Node) -> bool:
    from docutils import nodes

    return any(isinstance(child, (nodes.Body, nodes.Part, nodes.Structural)) for child in node.children)


def _list_lines(node: Any, depth: int) -> list[str]:
    """One line per item, indented by two more spaces for each nested list."""
    lines: list[str] = []
    for item in node.children:
        texts, inner = [], []
        for child in item.children:
            if child.tagname in ("bullet_list", "enumerated_list", "definition_list"):
                inner += _list_lines(child, depth + 1)
            elif child.tagname == "definition":
                texts.append(": " + one_line(child.astext()))
            else:
                texts.append(one_line(child.astext()))
        lines += [f"{'  ' * depth}- {' '.join(texts).replace(' : ', ': ')}", *inner]
    return lines
