"""Canonical text: cleaning of characters, and the writer that joins blocks and records their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from unicodedata import is_normalized, normalize

from lake.parse.account import INVISIBLE, count_words, omission
from lake.parse.document import Block, Kind, Omission, OmissionKind, ParsedDocument, with_heading_paths

#: Scripts in which a zero-width joiner or non-joiner is part of the spelling, and emoji, which it binds together.
_JOINING = (
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1b00-\u1bff\ua840-\ua87f\ufb50-\ufdff\ufe70-\ufefe"
    "\u2190-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff"
)
#: One class of characters is searched much faster than the choice below, and most texts have none of them.
_SUSPECT = re.compile(f"[{INVISIBLE}\ud800-\udfff\u200c\u200d\U000e0000-\U000e007f]")
_REMOVED_BYTES = bytes((*range(0x09), *range(0x0E, 0x1C), 0x7F))
_REMOVED = re.compile(
    f"[{INVISIBLE}\ud800-\udfff]|(?<![{_JOINING}])[\u200c\u200d]"
    "|(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0000-\U000e007f]+"
)
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_POWER = re.compile(r"\s*[-\u2212]?\d")
_BACKTICKS = re.compile(r"^\s*(`{3,})", re.MULTILINE)


def runs_into(number: str, raised: str) -> bool:
    """Whether a superscript would become a part of the number before it; a caret keeps them apart.

    >>> runs_into("over 10", "10"), runs_into("m", "2"), runs_into("in 2031", "st")
    (True, False, False)
    """
    return number[-1:].isdecimal() and _POWER.match(raised) is not None


def clean(text: str) -> str:
    r"""``text`` in NFC with ``\n`` newlines and without control and invisible characters.

    Joiners stay where they are spelling: in Arabic, Indic and related scripts, and in emoji.

    >>> clean("a\r\nb\x00 Zu\u0308rich sea\u2060farer")
    'a\nb Zürich seafarer'
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        # Several times as fast as an expression.
        encoded = text.encode()
        kept = encoded.translate(None, _REMOVED_BYTES)
        return text if len(kept) == len(encoded) else kept.decode()
    text = normalize("NFC", text)
    if _SUSPECT.search(text):
        # Marks that follow one another change places, which may bring a joiner behind another letter.
        while _REMOVED.search(text):
            text = normalize("NFC", _REMOVED.sub("", text))
    return text


def is_clean(text: str) -> bool:
    """Whether ``clean`` would leave ``text`` as it is."""
    if "\r" in text:
        return False
    if text.isascii():
        encoded = text.encode()
        return len(encoded.translate(None, _REMOVED_BYTES)) == len(encoded)
    return not (_SUSPECT.search(text) and _REMOVED.search(text)) and is_normalized("NFC", text)


def cleaned(parsed: ParsedDocument) -> ParsedDocument:
    """A document whose text and stated words are clean, its blocks moved accordingly."""
    title, author = (clean(words) if words else words for words in (parsed.title, parsed.author))
    if is_clean(parsed.text):
        return (
            parsed if (title, author) == (parsed.title, parsed.author) else replace(parsed, title=title, author=author)
        )
    pieces: list[str] = []
    blocks: list[Block] = []
    length = end = 0
    for block in parsed.blocks:
        between, inside = clean(parsed.text[end : block.start]), clean(parsed.text[block.start : block.end])
        start, end = length + len(between), block.end
        length = start + len(inside)
        pieces += between, inside
        if not inside.strip():
            continue
        heading = tuple(map(clean, block.heading))
        blocks.append(replace(block, start=start, end=length, label=clean(block.label), heading=heading))
    pieces.append(clean(parsed.text[end:]))
    return replace(parsed, text="".join(pieces), blocks=tuple(blocks), title=title, author=author)


def one_line(text: str) -> str:
    """``text`` with every run of white space replaced by one space."""
    return " ".join(text.split())


def span(text: str, start: int, end: int) -> tuple[int, int] | None:
    r"""The lines of ``text[start:end]`` without blank ones at either end; None if all are blank.

    >>> span("\n\n  a\n\n", 0, 7)
    (2, 5)
    """
    inner = text[start:end]
    left = len(inner) - len(inner.lstrip())
    if left == len(inner):
        return None
    first_line = text.rfind("\n", start, start + left) + 1
    return max(start, first_line), start + len(inner.rstrip())


def paragraphs(text: str, start: int = 0, end: int | None = None, kind: Kind = "paragraph") -> list[Block]:
    """Blocks of ``text[start:end]``, split at blank lines."""
    end = len(text) if end is None else end
    edges = [start]
    for match in _BLANK_LINES.finditer(text, start, end):
        edges.append(match.end() if kind != "code" else text.rfind("\n", start, match.end()) + 1)
    spans = (span(text, a, b) for a, b in zip(edges, [*edges[1:], end], strict=True))
    return [Block(*found, kind) for found in spans if found]


def covered(text: str, blocks: Iterable[Block]) -> list[Block]:
    """``blocks`` plus paragraphs for the text between them."""
    filled: list[Block] = []
    position = 0
    for block in blocks:
        between = text[position : block.start]
        if between and not between.isspace():
            filled += paragraphs(text, position, block.start)
        filled.append(block)
        position = block.end
    return filled + paragraphs(text, position) if text[position:].strip() else filled


def source_document(text: str, blocks: Iterable[Block], **stated: Any) -> ParsedDocument:
    """A document whose canonical text is its own source; ``stated`` are fields of ParsedDocument."""
    return ParsedDocument(text, with_heading_paths(covered(text, blocks)), **stated)


def first_heading(blocks: Iterable[Block]) -> str | None:
    """Label of the first heading of the highest level, which names a document that has no title."""
    headings = [block for block in blocks if block.kind == "heading" and block.label]
    return min(headings, key=lambda block: block.level).label if headings else None


def fenced(code: str, language: str = "") -> str:
    """``code`` in a Markdown fence that nothing inside it can close."""
    longest = max((len(ticks) for ticks in _BACKTICKS.findall(code)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def table_text(rows: Iterable[Sequence[str]]) -> str:
    """A GFM table with the first row as header, without empty rows and columns."""
    cells = [[" ".join(cell.replace("|", "\\|").split()) for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    width = max((len(row) for row in cells), default=0)
    padded = [row if len(row) == width else row + [""] * (width - len(row)) for row in cells]
    used = [i for i in range(width) if any(row[i] for row in padded)]
    if len(used) < width:
        padded = [[row[i] for i in used] for row in padded]
    lines = [f"| {' | '.join(row)} |" for row in padded]
    if lines:
        lines.insert(1, "|" + " --- |" * len(used))
    return "\n".join(lines)


class TextWriter:
    """Joins blocks with blank lines into canonical text and records their offsets."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._blocks: list[Block] = []
        self._fresh: set[int] = set()
        self._length = 0
        self._read: list[str] = []
        self._omitted: list[Omission] = []

    @property
    def n_blocks(self) -> int:
        return len(self._blocks)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    @property
    def n_words(self) -> int:
        """Words of all text so far."""
        return sum(map(count_words, self._pieces))

    def add(
        self, text: str, kind: Kind = "paragraph", *, level: int = 0, label: str = "", page: int | None = None
    ) -> None:
        """Append one block, unless its text is blank."""
        text = clean(text).rstrip().lstrip("\n")
        if not text.strip():
            return
        start = self._start()
        self._append(text)
        self._blocks.append(Block(start, start + len(text), kind, level, label, (), page))

    def heading(self, text: str, level: int, *, page: int | None = None) -> None:
        """Append a heading, written as in Markdown."""
        label = one_line(clean(text))
        if label:
            self.add(f"{'#' * min(level, 6)} {label}", "heading", level=level, label=label, page=page)

    def code(self, text: str, language: str = "", *, page: int | None = None) -> None:
        """Append code in a fence."""
        if text.strip():
            self.add(fenced(clean(text).strip("\n").rstrip(), language), "code", page=page)

    def table(self, rows: Iterable[Sequence[str]], *, page: int | None = None) -> None:
        """Append a GFM table."""
        self.add(table_text(rows), "table", page=page)

    def forget_headings(self) -> None:
        """Begin a part, such as a chapter, that no heading so far stands above."""
        self._fresh.add(len(self._blocks))

    def read(self, text: str) -> None:
        """Note text of the source by a reading that does not depend on what is added."""
        self._read.append(text)

    def omit(self, kind: OmissionKind, text: str = "", place: str = "") -> None:
        """Note that ``text`` of the source is left out."""
        self._omitted.append(omission(kind, text, place))

    def note(self, omitted: Iterable[Omission]) -> None:
        """Note omissions that are counted already."""
        self._omitted += omitted

    def document(self, part: ParsedDocument, *, page: int | None = None) -> None:
        """Append the whole of another document's text and blocks, with its account."""
        self._read.append(part.text if part.source_text is None else part.source_text)
        self._omitted += part.omitted
        if not part.blocks:
            return
        start = self._start()
        self._append(part.text)
        for block in part.blocks:
            moved = replace(block, start=block.start + start, end=block.end + start)
            self._blocks.append(replace(moved, page=page) if page else moved)

    def finish(self, **stated: Any) -> ParsedDocument:
        """The document; without a title in ``stated``, its first heading is the title.

        ``omitted`` in ``stated`` comes before what was noted by ``omit``.
        """
        stated["title"] = stated.get("title") or first_heading(self._blocks)
        stated["omitted"] = (*stated.get("omitted", ()), *self._omitted)
        stated.setdefault("source_text", "\n".join(self._read) if self._read else None)
        return ParsedDocument("".join(self._pieces), with_heading_paths(self._blocks, self._fresh), **stated)

    def _start(self) -> int:
        if self._pieces:
            self._append("\n\n")
        return self._length

    def _append(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)
