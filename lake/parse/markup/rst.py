"""reStructuredText by docutils; directives and roles that docutils doesn't know keep their content."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

from lake.parse.canonical import TextWriter, one_line
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.markup.rst_extensions import everything_known
from lake.parse.markup.rst_source import (
    LABELS,
    SHOWN_OPTIONS,
    check_substitutions,
    reading,
    with_first_cells,
    with_plain_marks,
)
from lake.parse.markup.rst_words import RstNode, flat_text, inline_text
from lake.parse.numerals import letters, roman
from lake.parse.text import decode
from lake.parse.web import html
from lake.parse.web.html_table import PageCell, grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lake.parse.document import ParsedDocument

_DIRECTIVE = re.compile(r"\s*\.\.\s+([\w:.+-]+)::[ \t]*(.*)")
_OPTION = re.compile(r"^\s*:([\w-]+):[ \t]*(.*)$")
_ADORNMENT = re.compile(r"^([^\w\s])\1{2,}[ \t]*$", re.MULTILINE)
_QUIET = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,
    "raw_enabled": True,
    "doctitle_xform": False,
    "docinfo_xform": False,
    "smart_quotes": False,
    "_disable_config": True,
    "warning_stream": False,
    "line_length_limit": 1_000_000,
}
_META = ("name", "http-equiv", "lang", "content")
_MAX_NESTED = 5
_ERROR = 3
_FILES = frozenset(("include", "literalinclude", "csv-table", "raw"))


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    check_substitutions(text)
    rights = misplaced_rights(text)
    metadata, omitted = {**metadata, **rights.fields}, (*omitted, *rights.omitted)
    writer = TextWriter()
    _Walk(writer, text).source(text, 0)
    return writer.finish(metadata=metadata, omitted=omitted, source_text=reading(text))


class _Walk:
    """Writes a document tree; ``nested`` counts the broken directives around it."""

    def __init__(self, writer: TextWriter, source: str, nested: int = 0) -> None:
        self._writer = writer
        self._source = source
        self._nested = nested

    def source(self, text: str, level: int) -> None:
        from docutils.core import publish_doctree

        with everything_known(text):
            tree = publish_doctree(with_plain_marks(with_first_cells(text)), settings_overrides=_QUIET)
        self.children(tree, level)

    def children(self, node: RstNode, level: int) -> None:
        for child in node.children:
            self.node(child, level)

    def node(self, node: RstNode, level: int) -> None:
        from docutils import nodes

        write: Callable[[RstNode, int], None] | None = getattr(self, f"_{node.tagname}", None)
        if node.tagname in LABELS:
            self._labelled(node, level)
        elif write:
            write(node, level)
        elif isinstance(node, (nodes.TextElement, nodes.Text)):
            self._writer.add(inline_text(node))
        else:
            self.children(node, level)

    def _labelled(self, node: RstNode, level: int) -> None:
        """Write a note, a warning and the like after its label."""
        label, first = LABELS[node.tagname], node.children[0] if node.children else None
        is_line = first is not None and first.tagname == "paragraph"
        self._writer.add(f"{label}: {inline_text(first)}" if is_line else label)
        for child in node.children[is_line:]:
            self.node(child, level)

    def _section(self, node: RstNode, level: int) -> None:
        if "system-messages" not in node["classes"]:
            self.children(node, level + 1)

    def _title(self, node: RstNode, level: int) -> None:
        if node.parent.tagname in ("section", "document"):
            self._writer.heading(inline_text(node), max(level, 1))
        else:
            self._writer.add(one_line(inline_text(node)))

    def _literal_block(self, node: RstNode, level: int) -> None:
        languages = [name for name in node["classes"] if name not in ("code", "highlight")]
        self._writer.code(inline_text(node), languages[0] if languages else "")

    def _doctest_block(self, node: RstNode, level: int) -> None:
        self._writer.code(inline_text(node), "pycon")

    def _line_block(self, node: RstNode, level: int) -> None:
        self._writer.add("\n".join(_lines(node)))

    def _block_quote(self, node: RstNode, level: int) -> None:
        if all(child.tagname in ("paragraph", "attribution") for child in node.children):
            self._writer.add("\n\n".join(map(inline_text, node.children)), "quote")
        else:
            self.children(node, level)

    def _footnote(self, node: RstNode, level: int) -> None:
        self._writer.add(f"[{inline_text(node.children[0])}] {flat_text(node, 1)}")

    _citation = _footnote

    def _bullet_list(self, node: RstNode, level: int) -> None:
        lines: list[str] = []
        self._items(node, 0, lines, level)
        self._write_list(lines)

    _enumerated_list = _definition_list = _field_list = _option_list = _docinfo = _bullet_list

    def _items(self, node: RstNode, depth: int, lines: list[str], level: int) -> None:
        """Gather the lines of a list; blocks that no line can hold are written between them."""
        for number, item in enumerate(node.children):
            bullet = _bullet(node, number)
            text = ""
            for child in item.children:
                if child.tagname in _LISTS:
                    lines += _started(depth, bullet, text)
                    text, bullet = "", ""
                    self._items(child, depth + 1, lines, level)
                elif child.tagname in _HEADS:
                    text = _headed(text, child)
                elif child.tagname in ("definition", "field_body", "description"):
                    bullet, text = self._body(child.children, depth, lines, level, bullet, f"{text}: ")
                else:
                    bullet, text = self._body([child], depth, lines, level, bullet, text)
            lines += _started(depth, bullet, text)

    def _body(
        self, body: Iterable[RstNode], depth: int, lines: list[str], level: int, bullet: str, text: str
    ) -> tuple[str, str]:
        """Gather what an item holds. Returns its bullet and its text that are not among the lines yet."""
        for child in body:
            if child.tagname in _LISTS:
                lines += _started(depth, bullet, text)
                self._items(child, depth + 1, lines, level)
            elif child.tagname in ("paragraph", "line_block", "math_block"):
                text = text + one_line(flat_text(child))
                lines += _started(depth, bullet, text)
            else:
                lines += _started(depth, bullet, text)
                self._write_list(lines)
                self.node(child, level)
            bullet = text = ""
        return bullet, text

    def _write_list(self, lines: list[str]) -> None:
        if lines:
            margin = min(len(line) - len(line.lstrip()) for line in lines)
            self._writer.add("\n".join(line[margin:] for line in lines), "list")
            lines.clear()

    def _table(self, node: RstNode, level: int) -> None:
        for title in node.children:
            if title.tagname == "title":
                self._writer.add(one_line(inline_text(title)))
        rows: list[list[str]] = []
        for part in node.findall(lambda found: found.tagname in ("thead", "tbody")):
            rows += grid(
                [
                    PageCell(flat_text(entry), entry.get("morecols", 0) + 1, entry.get("morerows", 0) + 1)
                    for entry in row.children
                ]
                for row in part.children
            )
        self._writer.table(rows)

    def _image(self, node: RstNode, level: int) -> None:
        self._writer.add(node.get("alt", ""))

    def _raw(self, node: RstNode, level: int) -> None:
        if "html" in node.get("format", ""):
            # A script at the beginning would otherwise be a part of the head, which is not counted.
            self._writer.document(html.from_text(f"<body>{node.astext()}", whole=True))
        else:
            self._writer.omit("hidden", node.astext(), f"raw {node.get('format', '')}")

    def _comment(self, node: RstNode, level: int) -> None:
        self._writer.omit(node.get("omitted", "hidden"), node.astext(), node.get("place", "comments"))

    def _substitution_definition(self, node: RstNode, level: int) -> None:
        if not any(self._source.count(f"|{name}|") > 1 for name in node["names"]):
            self._writer.omit("hidden", inline_text(node), "substitutions without a reference")

    def _skipped(self, node: RstNode, level: int) -> None:
        """Leave out what holds no text of its own."""

    _pending = _transition = _skipped

    def _meta(self, node: RstNode, level: int) -> None:
        stated = [f"{name} {node[name]}" if name == "http-equiv" else node[name] for name in _META if name in node]
        self._writer.omit("hidden", " ".join(stated), "meta")

    def _target(self, node: RstNode, level: int) -> None:
        self._writer.add(inline_text(node))

    def _system_message(self, node: RstNode, level: int) -> None:
        """Write the source that docutils returns with a message, because no other node holds it."""
        source = next((child.astext() for child in node.children if child.tagname == "literal_block"), "")
        match = _DIRECTIVE.match(source)
        if match is None and node["level"] < _ERROR:
            return  # The text is also in the tree, as with a title whose line is too short.
        if match is None:
            self._writer.add(_ADORNMENT.sub("", source))
            return
        content = dedent(source.partition("\n")[2]).strip("\n").split("\n")
        options = {}
        while content and (found := _OPTION.match(content[0])):
            options[found[1]] = found[2]
            content.pop(0)
        if match[1] in _FILES and (match[1].endswith("include") or "file" in options or "url" in options):
            self._writer.omit("attachment", "", options.get("file") or options.get("url") or match[2])
            self._writer.add(match[2] if match[1] == "csv-table" else "")
            return
        body = "\n".join(content).strip("\n")
        if match[1] not in ("image", "figure"):
            self._writer.add(f"{LABELS.get(match[1].lower(), '')} {match[2]}".strip())
        for name in SHOWN_OPTIONS:
            self._writer.add(options.get(name, ""))
        if self._nested >= _MAX_NESTED:
            self._writer.add(body)
        elif body:
            _Walk(self._writer, self._source, self._nested + 1).source(body, level)


_LISTS = ("bullet_list", "enumerated_list", "definition_list", "field_list", "option_list")
_HEADS = ("term", "classifier", "field_name", "option_group")


def _headed(text: str, node: RstNode) -> str:
    words = one_line(inline_text(node))
    if node.tagname == "classifier":
        return f"{text} ({words})"
    return f"{text}; {words}" if text else words


def _started(depth: int, bullet: str, text: str) -> list[str]:
    """A line of a list: after its bullet, or below the item's first line."""
    return [f"{'  ' * depth}{bullet or ' '} {text.removesuffix(': ')}"] if text.strip(": ") else []


def _bullet(node: RstNode, number: int) -> str:
    if node.tagname != "enumerated_list":
        return "-"
    ordinal = node.get("start", 1) + number
    kind = node.get("enumtype", "arabic")
    if "alpha" in kind and ordinal <= 26:
        written = letters(ordinal)
    elif "roman" in kind:
        written = roman(ordinal)
    else:
        written = str(ordinal)
    written = written.upper() if kind.startswith("upper") else written
    return f"{node.get('prefix', '')}{written}{node.get('suffix', '.')}"


def _lines(block: RstNode, depth: int = 0) -> list[str]:
    lines: list[str] = []
    for child in block.children:
        lines += _lines(child, depth + 1) if child.tagname == "line_block" else [f"{'  ' * depth}{inline_text(child)}"]
    return lines
