"""AsciiDoc by a reader of our own: there is no maintained one in Python, and one in Ruby would need another runtime."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lake.parse.canonical import TextWriter, one_line
from lake.parse.document import Kind, ParsedDocument
from lake.parse.markup.asciidoc_inline import Inline, first_value
from lake.parse.markup.asciidoc_lists import ItemLine, ListWriter, item_of
from lake.parse.markup.asciidoc_source import (
    ATTRIBUTE,
    COMMENT,
    CONDITION,
    DELIMITER,
    INCLUDE,
    MARKS,
    attribute_value,
    reading,
    underlined,
)
from lake.parse.markup.asciidoc_table import AsciidocCell, as_texts, cells_of, in_rows, n_columns, separated
from lake.parse.markup.front_matter import split_front_matter
from lake.parse.text import decode
from lake.parse.web import html

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?[ \t]*$")
_BLOCK_TITLE = re.compile(r"\.(?!\.)(\S.*)$")
_ADMONITION = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):[ \t]+(?=\S)")
_ADMONITIONS = ("note", "tip", "important", "warning", "caution")
_MACRO = re.compile(r"(image|video|audio|toc|plantuml|ditaa|graphviz|icon)::([^\s\[\]]*(?: [^\[\]]*)?)\[(.*)\][ \t]*$")
_RULE = re.compile(r"(?:'{3,}|<{3,}|(?:-[ ]*){3}|(?:\*[ ]*){3})[ \t]*$")
_REVISION = re.compile(r"v?\d[\w.]*(?:,|$)|.*\d{4}")
_AUTHOR = re.compile(r"[^\W\d_][\w.'-]*(?: [\w.'-]+){0,3}(?:\s+<[^<>]+>)?(?:;\s*[^;]+)*\s*$")
_VERBATIM = ("listing", "literal", "fence")
_DIAGRAMS = ("plantuml", "mermaid", "ditaa", "graphviz", "stem", "latexmath", "asciimath")
_MOST_NESTED = 30


@dataclass(slots=True)
class _Marks:
    """What lines before a block state of it: its title, its style and other positional values, its named values."""

    title: str = ""
    values: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)

    @property
    def style(self) -> str:
        return re.split("[.#%]", self.values[0])[0].strip().lower() if self.values else ""

    def add(self, line: str) -> None:
        inner = line.strip()[1:-1]
        if inner.startswith("["):
            return
        for number, (name, quoted, plain) in enumerate(_VALUE.findall(inner)):
            value = (quoted or plain).strip()
            if name:
                self.named[name.lower()] = value
                continue
            self.values += [""] * (number + 1 - len(self.values))
            self.values[number] = value or self.values[number]

    def has(self, option: str) -> bool:
        stated = ",".join((*self.values[:1], self.named.get("options", ""), self.named.get("opts", "")))
        return option in re.split("[.#%, ]", stated)


_VALUE = re.compile(r"(?:^|,)\s*(?:([\w-]+)\s*=\s*)?(?:\"((?:\\.|[^\"])*)\"|([^,]*))")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    stated, body, of_fields = split_front_matter(text)
    writer = TextWriter()
    reader = AsciidocReader(writer)
    lines = body.split("\n")
    at, title, author = reader.header(lines)
    reader.blocks(lines[at:])
    reader.end()
    known = reader.inline.attributes
    described = {name: known[name] for name in ("description", "keywords", "revision") if name in known}
    return writer.finish(
        title=str(stated.pop("title", "")) or title or None,
        author=str(stated.pop("author", "")) or author or None,
        language=reader.inline.attributes.get("lang"),
        metadata={**metadata, **described, **stated},
        omitted=(*omitted, *of_fields),
        source_text=reading(body, reader.inline.attributes),
    )


class AsciidocReader:
    """Writes blocks of AsciiDoc to ``writer``."""

    def __init__(self, writer: TextWriter, inline: Inline | None = None, depth: int = 0) -> None:
        self.writer = writer
        self.inline = inline or Inline({})
        self._depth = depth
        self._offset = 0

    def header(self, lines: Sequence[str]) -> tuple[int, str, str]:
        """The line after the document's title, author, revision and attributes; title and author."""
        at, title, author = 0, "", ""
        while at < len(lines):
            line = lines[at]
            if ATTRIBUTE.match(line):
                at = self._attribute(lines, at)
            elif COMMENT.match(line) and not line.startswith("///"):
                self.writer.omit("hidden", line, "comments")
                at += 1
            elif not line.strip() and not title:
                at += 1
            elif not title and (found := _title_of(lines, at)):
                title, at = found
                if at < len(lines) and _AUTHOR.match(lines[at]) and not item_of(lines[at]):
                    author = re.sub(r"\s*<[^<>]*>", "", lines[at]).strip()
                    self.inline.attributes.setdefault("author", author)
                    self.writer.omit("hidden", lines[at], "author and revision")
                    at += 1
                    if at < len(lines) and lines[at].strip() and _REVISION.match(lines[at]):
                        self.inline.attributes.setdefault("revision", lines[at].strip())
                        self.writer.omit("hidden", lines[at], "author and revision")
                        at += 1
            else:
                break
        title = self.inline.title(title)
        self.writer.heading(title, 1)
        return at, title, author or self.inline.attributes.get("author", "")

    def blocks(self, lines: Sequence[str]) -> None:
        at, marks = 0, _Marks()
        while at < len(lines):
            line = lines[at]
            if not line.strip():
                at += 1
                continue
            after = self._setting(lines, at, marks)
            if after == at:
                after = self._block(lines, at, marks)
                marks = _Marks()
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

    def _setting(self, lines: Sequence[str], at: int, marks: _Marks) -> int:
        """The line after a setting, a comment or a mark; ``at`` if there is none."""
        line = lines[at]
        if ATTRIBUTE.match(line):
            return self._attribute(lines, at)
        if (delimiter := DELIMITER.match(line)) and line.startswith("////"):
            inner, after = _inside(lines, at, delimiter[0].strip())
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
        if (match := _BLOCK_TITLE.match(line)) and not item_of(line):
            if marks.title:
                self.writer.add(self.inline.title(marks.title))
            marks.title = match[1]
            return at + 1
        if line.strip() == "+":
            return at + 1
        return at

    def _attribute(self, lines: Sequence[str], at: int) -> int:
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

    def _block(self, lines: Sequence[str], at: int, marks: _Marks) -> int:
        line = lines[at]
        if match := _HEADING.match(line):
            self._heading(match[2], len(match[1]), marks)
            return at + 1
        if at + 1 < len(lines) and (level := underlined(line, lines[at + 1])):
            self._heading(line, level, marks)
            return at + 2
        if delimiter := DELIMITER.match(line):
            inner, after = _inside(lines, at, delimiter[0].strip())
            self._delimited(delimiter.lastgroup or "", delimiter[0].strip(), inner, marks)
            return after
        if match := _MACRO.match(line):
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

    def _heading(self, text: str, level: int, marks: _Marks) -> None:
        self._notes()
        self._title(marks)
        self.writer.heading(self.inline.title(text), max(1, level + self._offset))

    def _title(self, marks: _Marks) -> None:
        if marks.title:
            self.writer.add(self.inline.title(marks.title))

    def _paragraph(self, lines: Sequence[str], at: int, marks: _Marks) -> int:
        after = at + 1
        while after < len(lines) and lines[after].strip() and not _interrupts(lines[after]):
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

    def _list(self, lines: Sequence[str], at: int, marks: _Marks) -> int:
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
                if following < len(lines) and (item_of(lines[following]) or _is_indented(lines[following])):
                    at = following
                    if not item_of(lines[at]):
                        at = self._attached(lines, at, items)
                elif items.is_open_term and following < len(lines) and not _starts_block(lines[following]):
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
            if item_of(lines[at]) or _interrupts(lines[at]):
                break
            if not self._is_comment(lines[at]):
                words.append(lines[at].strip())
            at += 1
        items.item(item, "\n".join(words))
        return at

    def _attached(self, lines: Sequence[str], at: int, items: ListWriter) -> int:
        """Read a block that belongs to the item before it. Returns the line after it."""
        marks = _Marks()
        while at < len(lines) and lines[at].strip() and (after := self._setting(lines, at, marks)) != at:
            at = after
        if at >= len(lines) or not lines[at].strip():
            return at
        if item_of(lines[at]):
            return at
        if not marks.style and not _is_apart(lines[at]):
            after = at + 1
            while after < len(lines) and lines[after].strip() not in ("", "+") and not _ends_item(lines[after]):
                after += 1
            items.more(self.inline.title(marks.title))
            items.more(self.inline.words("\n".join(line.strip() for line in lines[at:after])))
            return after
        items.pause()
        return self._block(lines, at, marks)

    # Delimited blocks ------------------------------------------------------------------------------------------------

    def _delimited(self, kind: str, delimiter: str, inner: list[str], marks: _Marks) -> None:
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

    def _nested(self, kind: str, inner: list[str], marks: _Marks) -> None:
        style = marks.style
        self._depth += 1
        if kind == "open" and style == "abstract":
            self.text("Abstract")
        if (kind == "quote" or style == "quote") and not any(map(_starts_block, inner)):
            paragraphs = re.split(r"\n\s*\n", "\n".join(inner).strip("\n"))
            self._quote("\n\n".join(self.inline.words(text) for text in paragraphs), marks)
        else:
            self.blocks(inner)
            if kind == "quote" or style == "quote":
                self._quote("", marks)
        self._depth -= 1

    def _quote(self, text: str, marks: _Marks) -> None:
        said_by = ", ".join(filter(None, map(self.inline.title, marks.values[1:3])))
        self.writer.add("\n".join(filter(None, (text, said_by and f"\u2014 {said_by}"))), "quote")

    def _code(self, inner: Sequence[str], marks: _Marks, delimiter: str = "") -> None:
        lines = []
        for line in inner:
            if match := INCLUDE.match(line):
                self.writer.omit("attachment", "", self.inline.substituted(match[1]))
            elif not CONDITION.match(line):
                lines.append(line)
        language = delimiter[3:] if delimiter.startswith("```") else ""
        if marks.style == "source" and len(marks.values) > 1:
            language = marks.values[1]
        subs = marks.named.get("subs", "")
        text = "\n".join(lines)
        if "attributes" in subs or "+" in subs or subs == "normal":
            text = self.inline.substituted(text)
        self.writer.code(text, re.sub(r"[^\w+#-]", "", language))

    def _passed(self, inner: Sequence[str]) -> None:

        text = "\n".join(inner)
        if re.search(r"<\w", text):
            self.writer.document(html.from_text(f"<body>{text}", whole=True))
        else:
            self.writer.add(text)

    def _table(self, delimiter: str, inner: list[str], marks: _Marks) -> None:
        separator = marks.named.get("separator") or {"!": "!", ",": ",", ":": ":"}.get(delimiter[0], "|")
        form = marks.named.get("format", "")
        lines = []
        for line in inner:
            if match := INCLUDE.match(line):
                self.writer.omit("attachment", "", self.inline.substituted(match[1]))
            elif not CONDITION.match(line) and not self._is_comment(line):
                lines.append(line)
        if form in ("csv", "dsv", "tsv") or separator in (",", ":"):
            sign = separator if separator != "|" else {"dsv": ":", "tsv": "\t"}.get(form, ",")
            rows = separated(lines, sign)
        else:
            cells = list(cells_of(lines, separator))
            before = "\n".join(lines).strip()
            if not cells:
                self.text(before)
                return
            rows = in_rows(cells, n_columns(marks.named.get("cols", ""), lines, separator))
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


def _title_of(lines: Sequence[str], at: int) -> tuple[str, int] | None:
    """A document's title and the line after it; None if none begins here."""
    if (match := _HEADING.match(lines[at])) and len(match[1]) == 1:
        return match[2], at + 1
    is_title = at + 1 < len(lines) and underlined(lines[at], lines[at + 1]) == 1
    return (lines[at], at + 2) if is_title else None


def _inside(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str], int]:
    """The lines of a delimited block, and the line after it; one that is never closed ends with the text."""
    end = delimiter if not delimiter.startswith("```") else "```"
    for number in range(at + 1, len(lines)):
        if lines[number].rstrip() == end:
            return list(lines[at + 1 : number]), number + 1
    return list(lines[at + 1 :]), len(lines)


def _interrupts(line: str) -> bool:
    """Whether a line ends the paragraph before it without a blank line."""
    return any(pattern.match(line) for pattern in (DELIMITER, MARKS, INCLUDE, CONDITION, ATTRIBUTE))


def _ends_item(line: str) -> bool:
    return item_of(line) is not None or _interrupts(line)


def _is_apart(line: str) -> bool:
    """Whether a block is no paragraph, which the lines of a list can hold."""
    return bool(DELIMITER.match(line) or _MACRO.match(line)) or _is_indented(line)


def _starts_block(line: str) -> bool:
    patterns = (_HEADING, _MACRO, _BLOCK_TITLE, _ADMONITION)
    return _ends_item(line) or any(pattern.match(line) for pattern in patterns)


def _is_indented(line: str) -> bool:
    return line[:1] in " \t" and bool(line.strip())
