"""Blocks of AsciiDoc: paragraphs, lists with what is attached to their items, and delimited blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lake.parse.canonical import TextWriter, one_line
from lake.parse.document import Kind
from lake.parse.markup.asciidoc_inline import Inline, first_value
from lake.parse.markup.asciidoc_lines import (
    BLOCK_TITLE,
    HEADING,
    MACRO,
    BlockMarks,
    ends_item,
    inside,
    interrupts,
    is_apart,
    is_indented,
    starts_block,
)
from lake.parse.markup.asciidoc_lists import ItemLine, ListWriter, item_of
from lake.parse.markup.asciidoc_source import (
    ATTRIBUTE,
    COMMENT,
    CONDITION,
    DELIMITER,
    INCLUDE,
    MARKS,
    attribute_value,
    underlined,
)
from lake.parse.markup.asciidoc_table import AsciidocCell, as_texts, rows_of, separator_of
from lake.parse.web import html

_ADMONITIONS = ("note", "tip", "important", "warning", "caution")
_RULE = re.compile(r"(?:'{3,}|<{3,}|(?:-[ ]*){3}|(?:\*[ ]*){3})[ \t]*$")
_VERBATIM = ("listing", "literal", "fence")
_DIAGRAMS = ("plantuml", "mermaid", "ditaa", "graphviz", "stem", "latexmath", "asciimath")
_MOST_NESTED = 30


class AsciidocReader:
    """Writes blocks of AsciiDoc to ``writer``."""

    def __init__(self, writer: TextWriter, inline: Inline, depth: int = 0) -> None:
        self.writer = writer
        self.inline = inline
        self._depth = depth
        self._offset = 0

    def blocks(self, lines: Sequence[str]) -> None:
        at, marks = 0, BlockMarks()
        while at < len(lines):
            line = lines[at]
            if not line.strip():
                at += 1
                continue
            after = self._setting(lines, at, marks)
            if after == at:
                after = self._block(lines, at, marks)
                marks = BlockMarks()
            at = after
        if marks.title:
            self.writer.add(self.inline.title(marks.title))

    def end(self) -> None:
        """Write the notes and name what the index holds beside the text."""
        self._notes()
        for term in self.inline.index_terms:
            self.writer.omit("hidden", term, "index terms")

    def text(self, text: str, kind: Kind = "paragraph") -> None:
        self.writer.add(self.inline.words(text), kind)

    # Lines beside blocks ---------------------------------------------------------------------------------------------

    def _setting(self, lines: Sequence[str], at: int, marks: BlockMarks) -> int:
        """The line after a setting, a comment or a mark; ``at`` if there is none."""
        line = lines[at]
        if ATTRIBUTE.match(line):
            return self.attribute(lines, at)
        if (delimiter := DELIMITER.match(line)) and line.startswith("////"):
            inner, after = inside(lines, at, delimiter[0].strip())
            self.writer.omit("hidden", "\n".join(inner), "comments")
            return after
        if COMMENT.match(line):
            self.writer.omit("hidden", line, "comments")
            return at + 1
        if match := CONDITION.match(line):
            if match[3] and match[1] != "ifeval":
                self.text(match[3])
            return at + 1
        if match := INCLUDE.match(line):
            self.writer.omit("attachment", "", self.inline.substituted(match[1]))
            return at + 1
        if MARKS.match(line):
            marks.add(self.inline.substituted(line))
            return at + 1
        if (match := BLOCK_TITLE.match(line)) and not item_of(line):
            if marks.title:
                self.writer.add(self.inline.title(marks.title))
            marks.title = match[1]
            return at + 1
        if line.strip() == "+":
            return at + 1
        return at

    def attribute(self, lines: Sequence[str], at: int) -> int:
        name, value, after = attribute_value(lines, at)
        if name.startswith("!") or name.endswith("!"):
            self.inline.attributes.pop(name.strip("!"), None)
        elif name == "leveloffset":
            shift = int(value) if re.fullmatch(r"[+-]?\d", value) else 0
            self._offset = self._offset + shift if value[:1] in ("+", "-") else shift
        else:
            self.inline.attributes[name] = value
        return after

    # Blocks ----------------------------------------------------------------------------------------------------------

    def _block(self, lines: Sequence[str], at: int, marks: BlockMarks) -> int:
        line = lines[at]
        if match := HEADING.match(line):
            self._heading(match[2], len(match[1]), marks)
            return at + 1
        if at + 1 < len(lines) and (level := underlined(line, lines[at + 1])):
            self._heading(line, level, marks)
            return at + 2
        if delimiter := DELIMITER.match(line):
            inner, after = inside(lines, at, delimiter[0].strip())
            self._delimited(delimiter.lastgroup or "", delimiter[0].strip(), inner, marks)
            return after
        if match := MACRO.match(line):
            self._title(marks)
            if match[1] not in ("toc",):
                self.text(first_value(match[3]))
            return at + 1
        if _RULE.match(line):
            return at + 1
        if item_of(line) and marks.style not in ("source", "listing", "literal"):
            self._title(marks)
            return self._list(lines, at, marks)
        return self._paragraph(lines, at, marks)

    def _heading(self, text: str, level: int, marks: BlockMarks) -> None:
        self._notes()
        self._title(marks)
        self.writer.heading(self.inline.title(text), max(1, level + self._offset))

    def _title(self, marks: BlockMarks) -> None:
        if marks.title:
            self.writer.add(self.inline.title(marks.title))

    def _paragraph(self, lines: Sequence[str], at: int, marks: BlockMarks) -> int:
        after = at + 1
        while after < len(lines) and lines[after].strip() and not interrupts(lines[after]):
            after += 1
        words = [line for line in lines[at:after] if not self._is_comment(line)]
        self._title(marks)
        style = marks.style
        if style in ("source", "listing", "literal", *_DIAGRAMS):
            self._code(words, marks)
        elif lines[at][:1] in " \t" and style not in ("quote", "verse", "normal", *_ADMONITIONS):
            self.writer.code("\n".join(words))
        elif style in ("quote", "verse"):
            self._quote(self.inline.words("\n".join(words)), marks)
        elif style in _ADMONITIONS:
            self.text(f"{style.upper()}: " + "\n".join(words))
        elif style in ("comment", "pass") and style == "comment":
            self.writer.omit("hidden", "\n".join(words), "comments")
        else:
            self.text("\n".join(words).strip(), "quote" if words and words[0].startswith("> ") else "paragraph")
        return after

    def _is_comment(self, line: str) -> bool:
        if not COMMENT.match(line):
            return False
        self.writer.omit("hidden", line, "comments")
        return True

    def _list(self, lines: Sequence[str], at: int, marks: BlockMarks) -> int:
        items = ListWriter(self.writer, self.inline, marks.named.get("start", ""))
        while at < len(lines):
            item = item_of(lines[at])
            if item and not items.takes(item):
                break
            if item:
                at = self._item(lines, at, item, items)
            elif lines[at].strip() == "+":
                at = self._attached(lines, at + 1, items)
            elif not lines[at].strip():
                following = next((number for number in range(at, len(lines)) if lines[number].strip()), len(lines))
                if following < len(lines) and (item_of(lines[following]) or is_indented(lines[following])):
                    at = following
                    if not item_of(lines[at]):
                        at = self._attached(lines, at, items)
                elif items.is_open_term and following < len(lines) and not starts_block(lines[following]):
                    at = self._attached(lines, following, items)
                else:
                    break
            elif COMMENT.match(lines[at]) and not lines[at].startswith("////"):
                self.writer.omit("hidden", lines[at], "comments")
                at += 1
            else:
                break
        items.end()
        return at

    def _item(self, lines: Sequence[str], at: int, item: ItemLine, items: ListWriter) -> int:
        """Read an item's first paragraph. Returns the line after it."""
        words = [item.text] if item.text else []
        at += 1
        while at < len(lines) and lines[at].strip() and lines[at].strip() != "+":
            if item_of(lines[at]) or interrupts(lines[at]):
                break
            if not self._is_comment(lines[at]):
                words.append(lines[at].strip())
            at += 1
        items.item(item, "\n".join(words))
        return at

    def _attached(self, lines: Sequence[str], at: int, items: ListWriter) -> int:
        """Read a block that belongs to the item before it. Returns the line after it."""
        marks = BlockMarks()
        while at < len(lines) and lines[at].strip() and (after := self._setting(lines, at, marks)) != at:
            at = after
        if at >= len(lines) or not lines[at].strip():
            return at
        if item_of(lines[at]):
            return at
        if not marks.style and not is_apart(lines[at]):
            after = at + 1
            while after < len(lines) and lines[after].strip() not in ("", "+") and not ends_item(lines[after]):
                after += 1
            items.more(self.inline.title(marks.title))
            items.more(self.inline.words("\n".join(line.strip() for line in lines[at:after])))
            return after
        items.pause()
        return self._block(lines, at, marks)

    # Delimited blocks ------------------------------------------------------------------------------------------------

    def _delimited(self, kind: str, delimiter: str, inner: list[str], marks: BlockMarks) -> None:
        style = marks.style
        if style in _ADMONITIONS and kind in ("example", "open"):
            self.text(f"{style.upper()}: {marks.title}")
        else:
            self._title(marks)
        if kind == "table":
            self._table(delimiter, inner, marks)
        elif style == "comment":
            self.writer.omit("hidden", "\n".join(inner), "comments")
        elif kind in _VERBATIM or style in ("source", "listing", "literal", *_DIAGRAMS):
            self._code(inner, marks, delimiter)
        elif kind == "passed":
            self._passed(inner)
        elif style == "verse":
            self._quote("\n".join(self.inline.words(line) for line in inner), marks)
        elif self._depth >= _MOST_NESTED:
            self.text("\n".join(inner))
        else:
            self._nested(kind, inner, marks)

    def _nested(self, kind: str, inner: list[str], marks: BlockMarks) -> None:
        style = marks.style
        self._depth += 1
        if kind == "open" and style == "abstract":
            self.text("Abstract")
        if (kind == "quote" or style == "quote") and not any(map(starts_block, inner)):
            paragraphs = re.split(r"\n\s*\n", "\n".join(inner).strip("\n"))
            self._quote("\n\n".join(self.inline.words(text) for text in paragraphs), marks)
        else:
            self.blocks(inner)
            if kind == "quote" or style == "quote":
                self._quote("", marks)
        self._depth -= 1

    def _quote(self, text: str, marks: BlockMarks) -> None:
        said_by = ", ".join(filter(None, map(self.inline.title, marks.values[1:3])))
        self.writer.add("\n".join(filter(None, (text, said_by and f"\u2014 {said_by}"))), "quote")

    def _code(self, inner: Sequence[str], marks: BlockMarks, delimiter: str = "") -> None:
        language = delimiter[3:] if delimiter.startswith("```") else ""
        if marks.style == "source" and len(marks.values) > 1:
            language = marks.values[1]
        subs = marks.named.get("subs", "")
        text = "\n".join(self._own_lines(inner))
        if "attributes" in subs or "+" in subs or subs == "normal":
            text = self.inline.substituted(text)
        self.writer.code(text, re.sub(r"[^\w+#-]", "", language))

    def _own_lines(self, inner: Sequence[str]) -> Iterator[str]:
        """Lines without those that include a file, which is named, or that state a condition."""
        for line in inner:
            if match := INCLUDE.match(line):
                self.writer.omit("attachment", "", self.inline.substituted(match[1]))
            elif not CONDITION.match(line):
                yield line

    def _passed(self, inner: Sequence[str]) -> None:
        text = "\n".join(inner)
        if re.search(r"<\w", text):
            self.writer.document(html.from_text(f"<body>{text}", whole=True))
        else:
            self.writer.add(text)

    def _table(self, delimiter: str, inner: list[str], marks: BlockMarks) -> None:
        lines = [line for line in self._own_lines(inner) if not self._is_comment(line)]
        separator = separator_of(delimiter, marks.named)
        rows = rows_of(lines, separator, marks.named)
        if rows is None:
            self.text("\n".join(lines).strip())
        else:
            self.writer.table(as_texts([[(self._cell(cell, separator), cell) for cell in row] for row in rows]))

    def _cell(self, cell: AsciidocCell, separator: str) -> str:
        if cell.style not in ("a", "l") and not re.search(r"^(?:[*.-]+ |----|!===|\+$)", cell.text, re.MULTILINE):
            return one_line(self.inline.words(cell.text.strip()))
        inner = TextWriter()
        AsciidocReader(inner, self.inline, self._depth + 1).blocks(cell.text.split("\n"))
        self.writer.note(inner.finish().omitted)
        return one_line(re.sub(r"(?m)^```.*$|^\|(?: --- \|)+$|^#+ ", "", inner.text))

    def _notes(self) -> None:
        for number, text in self.inline.notes:
            self.writer.add(f"[{number}] {text}")
        self.inline.notes.clear()
