"""XML of documents (DocBook, JATS, TEI, DITA and the like): headings, paragraphs, lists, tables and code."""

from __future__ import annotations

from typing import Any

from lake.parse.canonical import TextWriter, clean
from lake.parse.data.outline import MAX_DEPTH
from lake.parse.data.xml_lists import LISTS, list_lines
from lake.parse.data.xml_words import (
    GAP,
    PARAGRAPHS,
    is_inline,
    is_raised,
    local_name,
    names,
    own_text,
    raised,
    stated,
    tail,
    with_spaces,
    words,
)
from lake.parse.web.html_table import PageCell, grid, span_of

_TITLES = frozenset(("title", "article-title", "head", "heading", "bridgehead"))
_SECTIONS = names(
    "appendix article back body book chapter concept div div1 div2 div3 div4 glossary part preface reference"
    " refsect1 refsect2 refsection sec sect1 sect2 sect3 sect4 section simplesect subsection task text topic TEI TEI.2"
)
_TOPICS = frozenset(("concept", "glossentry", "reference", "task", "topic", "troubleshooting"))
#: Blocks whose titles head no part of the document.
_TITLED = names(
    "blockquote caution danger equation example fig figure formalpara important informalexample note notice procedure"
    " sidebar step table tip verse-group warning boxed-text disp-quote table-wrap caption legend"
)
_TABLES = frozenset(("table", "informaltable", "tgroup", "simpletable"))
_ROWS, _CELLS = frozenset(("tr", "row", "strow", "sthead")), frozenset(("td", "th", "entry", "cell", "stentry"))
_MOST_SPANNED = 100
#: Elements in which the title of a section stands.
_TITLE_HOLDERS = names("info sectioninfo sect1info sect2info sect3info chapterinfo articleinfo bookinfo titleInfo")
#: Pieces of a line among which the last word is sought.
_RECENT = 8
_LABELS = frozenset(("label", "num"))
#: Notes inside a paragraph.
_NOTES = ("footnote", "fn")
_NOTE_PLACES = frozenset(("foot", "bottom", "end", "footnote", "endnote"))
CODE = frozenset(("programlisting", "screen", "pre", "codeblock", "literallayout", "verbatim", "eg"))
_BLOCKS = PARAGRAPHS | _TITLES | _SECTIONS | _TABLES | LISTS | CODE


def is_prose(root: Any) -> bool:
    """Whether the tree has paragraphs, or is a topic of DITA, which may have none."""
    if local_name(root) in _TOPICS and any(local_name(child) == "title" for child in root):
        return True
    return any(local_name(node) in PARAGRAPHS for node in root.iter())


def write_prose(root: Any, writer: TextWriter) -> None:
    """Append the blocks of a document, with the attributes that hold words; what is nested deeply is one block."""
    _Prose(writer).write(root, 0, 0)


class _Prose:
    """Writes the blocks of a document; footnotes stand after their paragraph, with their mark in both places."""

    def __init__(self, writer: TextWriter) -> None:
        self._writer = writer
        self._n_notes = 0

    def write(self, node: Any, level: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._writer.add(_words(node))
            return
        name = local_name(node)
        if name in _TITLES and local_name(node.getparent()) in _TITLED:
            self._writer.add(_words(node))
            return
        if name in _TITLES and local_name(node.getparent()) not in ("", *PARAGRAPHS):
            label = _label_before(node)
            self._writer.heading(" ".join([*stated(node), *([label] if label else []), words(node)]), max(1, level))
            return
        if name in _LABELS and _is_titled(node):
            return
        for value in stated(node):
            self._writer.add(value)
        if name in CODE:
            self._writer.code(clean("".join(node.itertext())))
        elif name in _TABLES:
            self._table(node, level, depth)
        elif name in LISTS:
            self._writer.add("\n".join(list_lines(node)), "list")
        else:
            self._children(node, level + _opens_level(node, depth), depth)

    def _children(self, node: Any, level: int, depth: int) -> None:
        """Append paragraphs of the text and inline children between blocks, and the blocks."""
        holds_text = bool(own_text(node)) or local_name(node) in PARAGRAPHS
        line: list[str] = [node.text or ""]
        notes: list[str] = []
        for child in node:
            is_element = isinstance(child.tag, str)
            if is_element and holds_text and _is_note(child):
                self._n_notes += 1
                line.append(f"[{self._n_notes}]")
                notes.append(f"[{self._n_notes}] {_words(child)}")
            elif is_element and (not holds_text or _is_block(child)) and not is_inline(child):
                self._paragraph(line, notes)
                self.write(child, level, depth + 1)
            elif is_element:
                gap = "" if is_inline(child) else GAP
                caret = _caret(child, line) if is_raised(child) else ""
                line += [*(f"{value} " for value in stated(child)), gap, caret, _inner(child), gap]
            line.append(tail(child))
        self._paragraph(line, notes)

    def _paragraph(self, line: list[str], notes: list[str]) -> None:
        self._writer.add(_line(line))
        line.clear()
        for note in notes:
            self._writer.add(note)
        notes.clear()

    def _table(self, node: Any, level: int, depth: int) -> None:
        rows: list[list[PageCell]] = []
        beside: list[Any] = []
        _gather(node, rows, beside, {}, 0)
        before = [one for one in beside if local_name(one) in (*_TITLES, "caption", "label")]
        for one in before:
            self._writer.add(_words(one))
        self._writer.table(grid(rows))
        for one in beside:
            if one not in before:
                self.write(one, level, depth + 1)


def _opens_level(node: Any, depth: int) -> bool:
    """Whether headings below a node stand one level deeper: in a section with a title, and in the document itself."""
    if local_name(node) not in _SECTIONS:
        return False
    if depth == 0 or local_name(node.getparent()) == "FictionBook":
        return True
    return any(local_name(child) in _TITLES or local_name(child) in _TITLE_HOLDERS for child in node)


def _label_before(title: Any) -> str:
    """The number of a section, which JATS and laws (Akoma Ntoso) keep in an element before the title."""
    before = title.getprevious()
    return words(before) if before is not None and local_name(before) in _LABELS else ""


def _is_titled(label: Any) -> bool:
    after = label.getnext()
    if after is None or local_name(after) not in _TITLES:
        return False
    return local_name(label.getparent()) not in _TITLED


def _caret(node: Any, before: list[str]) -> str:
    """The sign before a power; the brackets of references are among the words of their element."""
    last = next(filter(None, before[: -_RECENT - 1 : -1]), "")
    return "^" if raised(node, last)[0] == "^" else ""


def _is_note(node: Any) -> bool:
    """Whether a node inside a paragraph is a note to it; those of TEI state where they are printed."""
    name = local_name(node)
    return name in _NOTES or (name == "note" and (node.get("place") or node.get("type")) in _NOTE_PLACES)


def _words(node: Any) -> str:
    return " ".join([*stated(node), words(node)])


def _is_block(node: Any) -> bool:
    return any(local_name(inner) in _BLOCKS for inner in node.iter()) and not is_inline(node)


def _inner(node: Any) -> str:
    """Words of an inline child, with the spaces at its ends."""
    text = words(node)
    whole = "".join(node.itertext())
    return f"{' ' if whole[:1].isspace() else ''}{text}{' ' if whole[-1:].isspace() else ''}"


def _line(pieces: list[str]) -> str:
    return " ".join(clean(with_spaces("".join(pieces))).split())


def _gather(node: Any, rows: list[list[PageCell]], beside: list[Any], columns: dict[str, int], depth: int) -> None:
    """Rows of a table, and what stands beside them."""
    if depth > MAX_DEPTH:
        rows.append([PageCell(words(node))])
        return
    for child in node:
        name = local_name(child)
        if name == "colspec":
            columns[child.get("colname") or ""] = len(columns)
        if name in _ROWS:
            rows.append([_cell(cell, columns) for cell in child if local_name(cell) in _CELLS])
            others = (other for other in child if local_name(other) and local_name(other) not in _CELLS)
            rows += [[PageCell(words(other))] for other in others]
        elif name in ("thead", "tbody", "tfoot", "tgroup"):
            inner: list[list[PageCell]] = []
            _gather(child, inner, beside, columns, depth + 1)
            # A cell ends with its section at the latest.
            rows += [list(map(PageCell, row)) for row in grid(inner)]
        elif name:
            beside.append(child)


def _cell(node: Any, columns: dict[str, int]) -> PageCell:
    """A cell with its spans, as CALS, HTML and TEI state them; ``columns`` are numbers of named columns."""
    first, last = (columns.get(node.get(name) or "") for name in ("namest", "nameend"))
    n_columns = span_of(node.get("colspan") or node.get("cols"))
    if first is not None and last is not None:
        n_columns = last - first + 1
    more = node.get("morerows")
    n_rows = span_of(more) + 1 if more else span_of(node.get("rowspan") or node.get("rows"))
    return PageCell(" ".join([*stated(node), words(node)]), max(1, min(n_columns, _MOST_SPANNED)), n_rows)
