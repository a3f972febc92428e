"""XML of documents (DocBook, JATS, TEI, DITA and the like): headings, paragraphs, lists, tables and code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lake.parse.canonical import TextWriter, clean
from lake.parse.data.outline import MAX_DEPTH
from lake.parse.data.xml_words import PARAGRAPHS, attributes, has_words, is_inline, local_name, names, own_text, words
from lake.parse.web.html_table import PageCell, grid, span_of

_TITLES = frozenset(("title", "article-title", "head", "heading", "bridgehead"))
_SECTIONS = names(
    "appendix article back body book chapter concept div div1 div2 div3 div4 glossary part preface reference"
    " refsect1 refsect2 refsection sec sect1 sect2 sect3 sect4 section simplesect subsection task text topic"
)
_TOPICS = frozenset(("concept", "glossentry", "reference", "task", "topic", "troubleshooting"))
#: Blocks whose titles head no part of the document.
_TITLED = names(
    "blockquote caution danger equation example fig figure formalpara important informalexample note notice procedure"
    " sidebar step table tip verse-group warning boxed-text disp-quote table-wrap"
)
_TABLES = frozenset(("table", "informaltable", "tgroup", "simpletable"))
_ROWS, _CELLS = frozenset(("tr", "row", "strow", "sthead")), frozenset(("td", "th", "entry", "cell", "stentry"))
_MOST_SPANNED = 100
_LISTS = names("list itemizedlist orderedlist simplelist procedure ul ol sl steps")
CODE = frozenset(("programlisting", "screen", "pre", "codeblock", "literallayout", "verbatim", "eg"))
_BLOCKS = PARAGRAPHS | _TITLES | _SECTIONS | _TABLES | _LISTS | CODE


def is_prose(root: Any) -> bool:
    """Whether the tree has paragraphs, or is a topic of DITA, which may have none."""
    if local_name(root) in _TOPICS and any(local_name(child) == "title" for child in root):
        return True
    return any(local_name(node) in PARAGRAPHS for node in root.iter())


def write_prose(root: Any, writer: TextWriter) -> None:
    """Append the blocks of a document, with the attributes that hold words; what is nested deeply is one block."""
    _write(root, writer, 0, 0)


def _write(node: Any, writer: TextWriter, level: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        writer.add(" ".join([*_stated(node), words(node)]))
        return
    name = local_name(node)
    if name in _TITLES and local_name(node.getparent()) in _TITLED:
        writer.add(" ".join([*_stated(node), words(node)]))
        return
    if name in _TITLES and local_name(node.getparent()) not in ("", *PARAGRAPHS):
        writer.heading(" ".join([*_stated(node), words(node)]), max(1, level))
        return
    for value in _stated(node):
        writer.add(value)
    if name in CODE:
        writer.code(clean("".join(node.itertext())))
    elif name in _TABLES:
        _write_table(node, writer, level, depth)
    elif name in _LISTS:
        writer.add("\n".join(_list_lines(node, 0)), "list")
    else:
        _write_children(node, writer, level + (name in _SECTIONS), depth)


def _stated(node: Any) -> list[str]:
    return [value for _, value in attributes(node) if has_words(value)]


def _write_children(node: Any, writer: TextWriter, level: int, depth: int) -> None:
    """Append paragraphs of the text and inline children between blocks, and the blocks."""
    holds_text = bool(own_text(node)) or local_name(node) in PARAGRAPHS
    line: list[str] = [node.text or ""]
    for child in node:
        is_element = isinstance(child.tag, str)
        if is_element and (not holds_text or _is_block(child)) and not is_inline(child):
            writer.add(_line(line))
            line = []
            _write(child, writer, level, depth + 1)
        elif is_element:
            gap = "" if is_inline(child) else " "
            line += [*(f"{value} " for value in _stated(child)), gap, _inner(child), gap]
        line.append(child.tail or "")
    writer.add(_line(line))


def _is_block(node: Any) -> bool:
    return any(local_name(inner) in _BLOCKS for inner in node.iter()) and not is_inline(node)


def _inner(node: Any) -> str:
    """Words of an inline child, with the spaces at its ends."""
    text = words(node)
    whole = "".join(node.itertext())
    return f"{' ' if whole[:1].isspace() else ''}{text}{' ' if whole[-1:].isspace() else ''}"


def _line(pieces: list[str]) -> str:
    return " ".join(clean("".join(pieces)).split())


def _write_table(node: Any, writer: TextWriter, level: int, depth: int) -> None:
    rows: list[list[PageCell]] = []
    beside: list[Any] = []
    _gather(node, rows, beside, {}, 0)
    before = [one for one in beside if local_name(one) in (*_TITLES, "caption", "label")]
    for one in before:
        writer.add(" ".join([*_stated(one), words(one)]))
    writer.table(grid(rows))
    for one in beside:
        if one not in before:
            _write(one, writer, level, depth + 1)


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
    return PageCell(" ".join([*_stated(node), words(node)]), max(1, min(n_columns, _MOST_SPANNED)), n_rows)


def _list_lines(node: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        yield f"{'  ' * depth}- {words(node)}"
        return
    indent = "  " * depth
    for item in node:
        if not isinstance(item.tag, str):
            continue
        inner = [child for child in item.iter() if local_name(child) in _LISTS and child is not item]
        if not inner:
            if text := " ".join([*_stated(item), words(item)]).strip():
                yield f"{indent}- {text}"
            continue
        yield from _item_lines(item, depth, indent)


def _item_lines(item: Any, depth: int, indent: str) -> Iterator[str]:
    """Lines of an item that holds further lists."""
    if head := " ".join([*_stated(item), " ".join((item.text or "").split())]).strip():
        yield f"{indent}- {head}"
    for child in item:
        if local_name(child) in _LISTS:
            yield from (f"{indent}  {value}" for value in _stated(child))
            yield from _list_lines(child, depth + 1)
        elif any(local_name(inner) in _LISTS for inner in child.iter()):
            yield from _item_lines(child, depth, indent)
        elif isinstance(child.tag, str) and (text := " ".join([*_stated(child), words(child)]).strip()):
            yield f"{indent}- {text}"
        if tail := " ".join((child.tail or "").split()):
            yield f"{indent}  {tail}"
