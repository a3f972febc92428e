"""Texts that stand beside the cells of an Excel sheet: comments, drawings, headers and footers, prompts."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lake.errors import InputError
from lake.parse.canonical import one_line
from lake.parse.tables.workbook import Sheet, plain_lines
from lake.parse.tables.workbook_cells import rich_text
from lake.parse.tables.workbook_package import WorkbookPackage
from lake.parse.tables.workbook_parts import drawing_texts, parted, unseen_columns, vml_texts, without_codes

_THREAD = "[Threaded comment]"
#: Parts whose texts stand on a sheet, by the last word of their relationship's type.
_DRAWN = (
    *("drawing", "chart", "chartEx", "chartUserShapes", "diagramData", "vmlDrawing", "ctrlProp", "slicer"),
    *("timeline",),
)
_MAX_PARTS = 2000


class TextsBeside:
    """Reads the parts that belong to one sheet; what it leaves out is noted with the sheet."""

    def __init__(self, package: WorkbookPackage, sheet: Sheet, path: str, persons: Mapping[str, str]) -> None:
        """``path`` is the sheet's own part; ``persons`` are the authors of threaded comments, by id."""
        self._package, self._sheet, self._persons = package, sheet, persons
        #: Kind and target of each part.
        self.relations = list(package.related(path))

    def lines(self, tail: Any) -> list[str]:
        """All texts beside the cells. ``tail`` is the sheet's element without its cells, or None."""
        sheet = self._sheet
        threads = self.threads()
        threaded = {cell for cell, _ in threads}
        lines = [text for _, text in threads]
        lines += (text for cell, text in self._each("comments", _notes) if cell not in threaded)
        lines += self.drawn(self.relations)
        self.omit_embedded()
        for node in tail.iter("{*}headerFooter") if tail is not None else ():
            lines += printed_lines(part.text or "" for part in node)
        sheet.source += lines
        if tail is not None:
            self._omit_prompts(tail)
        unseen = "\n".join(name for _, name in self._each("table", unseen_columns))
        if unseen:
            sheet.source.append(unseen)
            sheet.omit("decoration", unseen, "names of columns that a table does not show")
        return list(plain_lines(lines))

    def threads(self) -> list[tuple[str, str]]:
        """Cell and line of each threaded comment and reply."""
        return self._each("threadedComment", self._thread)

    def _thread(self, root: Any) -> Iterator[tuple[str, str]]:
        for node in root.iter("{*}threadedComment"):
            text = one_line(" ".join(part.text or "" for part in node.iter("{*}text")))
            cell, author = node.get("ref", ""), self._persons.get(node.get("personId", ""), "")
            if text:
                yield cell, f"Comment on {cell}{f' by {author}' if author else ''}: {text}"

    def drawn(self, relations: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Texts of drawings, and of the charts and diagrams in them."""
        waiting = [relation for relation in relations if relation[0] in _DRAWN]
        seen: set[str] = set()
        while waiting and len(seen) < _MAX_PARTS:
            kind, target = waiting.pop(0)
            if target in seen:
                continue
            seen.add(target)
            try:
                root = self._package.root(target)
            except InputError as error:
                self._sheet.omit("unreadable", cause=f"part {target!r}: {error}")
                continue
            if root is None:
                self._sheet.omit("unreadable", cause=f"part {target!r} is no XML")
                continue
            if repeated := parted(root, kind):
                self._sheet.source += repeated
                self._sheet.omit("repeated", "\n".join(repeated), "copies of shapes for other programs")
            yield from vml_texts(root) if kind == "vmlDrawing" else drawing_texts(root, kind)
            waiting += [relation for relation in self._package.related(target) if relation[0] in _DRAWN]

    def omit_embedded(self) -> None:
        for kind, target in self.relations:
            if kind in ("oleObject", "package"):
                self._sheet.omit("attachment", cause=f"embedded file {posixpath.basename(target)}")

    def _omit_prompts(self, tail: Any) -> None:
        names = ("promptTitle", "prompt", "errorTitle", "error", "tooltip")
        nodes = [node for tag in ("dataValidation", "hyperlink") for node in tail.iter(f"{{*}}{tag}")]
        texts = [node.get(name, "") for node in nodes for name in names]
        for node in nodes:
            texts += (one.text or "" for one in node.iter("{*}formula1") if (one.text or "").startswith('"'))
        prompts = "\n".join(texts)
        if prompts.strip():
            self._sheet.source.append(prompts)
            self._sheet.omit("decoration", prompts, "prompts, tooltips and choices of cells")

    def _each(self, wanted: str, reads: Callable[[Any], Iterable[tuple[str, str]]]) -> list[tuple[str, str]]:
        """What ``reads`` finds in each related part of a kind; damaged parts are named."""
        found: list[tuple[str, str]] = []
        for kind, target in self.relations:
            if kind != wanted:
                continue
            try:
                root = self._package.root(target)
            except InputError as error:
                self._sheet.omit("unreadable", cause=f"part {target!r}: {error}")
                continue
            if root is not None:
                found += reads(root)
        return found


def _notes(root: Any) -> Iterator[tuple[str, str]]:
    authors = [one_line(node.text or "") for node in root.iter("{*}author")]
    for node in root.iter("{*}comment"):
        text = one_line(" ".join(rich_text(part) for part in node.iter("{*}text")))
        number = node.get("authorId", "")
        author = authors[int(number)] if number.isdecimal() and int(number) < len(authors) else ""
        cell = node.get("ref", "")
        if line := note_line(cell, author, text):
            yield cell, line


def note_line(cell: str, author: str, text: str) -> str:
    """How a note is shown after the tables; empty if it has no text.

    >>> note_line("B2", "Ida", "Check it."), note_line("B2", "Ida", "Ida: Check it.")
    ('Comment on B2 by Ida: Check it.', 'Comment on B2: Ida: Check it.')
    """
    if text.startswith(_THREAD):  # what older versions show for a thread, after a notice of their own
        text = text.partition("Comment:")[2].strip()
    by = f" by {author}" if author and not text.startswith(author) and not author.startswith("tc=") else ""
    return f"Comment on {cell}{by}: {text}" if text else ""


def printed_lines(parts: Iterable[str]) -> list[str]:
    """Headers and footers of printed pages without their codes, each once."""
    return list(dict.fromkeys(line for part in parts if (line := one_line(without_codes(part)))))
