"""What is embedded before a chunk: the title of its document, the headings above it, the columns of its table."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from lake.chunk.table_headers import label_of, shortened
from lake.parse.titles import is_title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lake.chunk.boundaries import Ruler
    from lake.chunk.table_headers import TableHeader
    from lake.recipe.chunking import ChunkRecipe

Path = tuple[str, ...]

#: Maximum characters of a title, and the words that are kept of one without enough room.
_LONGEST_TITLE, _SHORT_TITLES = 300, (8, 4)
#: Characters of a chunk among which its document's title may stand.
_BEGINNING = 400
_WORDS = re.compile(r"\w+")
#: First headings that name a part of a document, and not the document.
_PARTS = re.compile(
    r"(?:(?:table of )?contents|inhalt(?:sverzeichnis)?|sommaire|[ií]ndice|overview|introduction|einleitung|readme|"
    r"home|index|welcome|abstract|summary|preface|foreword|vorwort|cover(?: page)?|notes?|about|changelog|main)",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def meaningful_title(title: str | None) -> str:
    """The title on one line, or "" if it does not say what the document is about.

    >>> [meaningful_title(title) for title in ("ACME plc:  annual report", "Untitled", "Contents", "report_v2.docx")]
    ['ACME plc: annual report', '', '', '']
    """
    line = " ".join((title or "").split())[:_LONGEST_TITLE]
    return line if is_title(line) and not _PARTS.fullmatch(line) else ""


def holds(text: str, title: str) -> bool:
    """Whether the words of the title stand in the text, in order.

    >>> holds("1. The Pump: a guide", "the pump"), holds("Pumps", "pump")
    (True, False)
    """
    return f" {_plain(title)} " in f" {_plain(text)} "


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return " ".join(_WORDS.findall(text.casefold()))


class Contexts:
    """Contexts as one line each, cut to the recipe's limit.

    The title begins the line, and the column names of a cut table end it. If it is too long, outer headings go first;
    then the title is shortened to its first words, then the names. A title without room for a word is left out.
    """

    def __init__(self, ruler: Ruler, recipe: ChunkRecipe, title: str | None) -> None:
        self._ruler = ruler
        self._limit = recipe.heading_tokens
        self._room = recipe.child_tokens + recipe.heading_tokens
        self._title = meaningful_title(title) if "title" in recipe.parts else ""
        self._has_headings = "headings" in recipe.parts
        self._lines: dict[tuple[Path, TableHeader, str, int], tuple[str, int]] = {}

    def above(self, path: Path, own: Path, table: TableHeader, start: int, end: int) -> tuple[str, int]:
        """The context of ``text[start:end]``, and the number of tokens of both together.

        ``path`` are the headings above it, ``own`` with that which it begins with.
        """
        path = with_title(path if self._has_headings else (), table.title)
        title = "" if self._is_said(own, start, end) else self._title
        limit = self._limit
        while True:
            line, n_line = self._line(path, table, title, limit)
            n_tokens = self._together(line, n_line, start, end)
            if not line or n_tokens <= self._room:
                return line, n_tokens
            path, limit = (path[1:], limit) if path else (path, n_line - 1)

    def _is_said(self, own: Path, start: int, end: int) -> bool:
        """Whether the title stands in a heading, or where the chunk begins."""
        if not self._title:
            return True
        beginning = self._ruler.text[start : min(end, start + _BEGINNING)]
        headings = own if self._has_headings else ()
        return any(holds(text, self._title) for text in (*headings, beginning))

    def _together(self, line: str, n_tokens: int, start: int, end: int) -> int:
        tokenizer = self._ruler.tokenizer
        if line and not tokenizer.separators:
            return tokenizer.count(line + self._ruler.text[start:end])
        return n_tokens + self._ruler.count(start, end)

    def _line(self, path: Path, table: TableHeader, title: str, limit: int) -> tuple[str, int]:
        key = (path, table, title, limit)
        if key not in self._lines:
            lines = context_lines(path, limit, table.cells, title)
            candidates = ((line, self._ruler.tokenizer.count(line)) for line in lines)
            self._lines[key] = next((found for found in candidates if found[1] <= limit), ("", 0))
        return self._lines[key]


def with_title(path: Path, title: str) -> Path:
    """The path with the title of a table, unless it ends in it."""
    return (*path, title) if title and title not in path[-1:] else path


def context_lines(path: Path, most_words: int, cells: Path = (), title: str = "") -> Iterator[str]:
    """Yield ever shorter contexts: without outer levels, then with a shorter title, then without the last words.

    >>> list(context_lines(("A", "", "B c"), 9))
    ['A > B c\\n', 'B c\\n', 'B\\n']
    >>> list(context_lines(("A",), 9, ("oil C", "by")))[:3]
    ['A > oil C | by\\n', 'oil C | by\\n', 'oil | by\\n']
    >>> list(context_lines(("A", "B c"), 9, title="The pump"))[:4]
    ['The pump > A > B c\\n', 'The pump > B c\\n', 'A > B c\\n', 'B c\\n']
    """
    # Each level costs a word: more of them never fit, and to try each would take the square of their number.
    labels = [label for label in (" ".join(label.split()) for label in path) if label][-most_words - 1 :]
    if cells:
        labels.append(label_of(cells))
    if title and labels:
        yield from _titled(title, labels, cells)
    elif title:
        labels = [title]
    for outer in range(len(labels)):
        yield " > ".join(labels[outer:]) + "\n"
    if cells:
        yield from (f"{line}\n" for line in shortened(cells) if line != labels[-1])
        return
    words = labels[-1].split()[:-1][:most_words] if labels else []
    for n_words in range(len(words), 0, -1):
        yield " ".join(words[:n_words]) + "\n"


def _titled(title: str, labels: list[str], cells: Path) -> Iterator[str]:
    """Contexts with the title before the levels, or with its first words before the last level alone."""
    for outer in range(len(labels)):
        yield " > ".join((title, *labels[outer:])) + "\n"
    words = title.split()
    shorter = dict.fromkeys(" ".join(words[:n_words]) for n_words in _SHORT_TITLES)
    for line in (labels[-1], *(shortened(cells) if cells else ())):
        yield from (f"{one} > {line}\n" for one in shorter if (one, line) != (title, labels[-1]))
