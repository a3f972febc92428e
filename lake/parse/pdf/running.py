"""Running headers, footers and page numbers: which lines at a page's edges are the page's and not the text's."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from lake.parse.pdf.letters import plain_letters
from lake.parse.pdf.stamps import recurring_stamps

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

_EDGE_ROWS = 3
_MOST_LOOKED_AT = 12
_LEAST_REPEATS = 3
_LEAST_DENSITY = 0.4
_SAME_HEIGHT = 9.0
_LONGEST = 200
_BOTH_ENDS = 30
_NUMBER_FIRST = re.compile(r"(?i)\W*(?:[a-zà-ü]{1,7}[-\u2010\u2013.]?\s*)?(?:\d|[ivxlc]+\b)")
#: A number at the end of a text that is turned round: an expression that is not searched takes a fifth of the time.
_NUMBER_LAST = re.compile(r"(?i)\W*(?:\d|[ivxlc]+\b)")

_NUMERALS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_NUMBER = r"(?P<n>[1-9]\d{0,4}|[ivxlc]{1,7}|[IVXLC]{1,7})"
_WORD = (
    r"(?:page|pages|pg\.?|p\.|seite|s\.|página|pagina|pag\.|pág\.|strana|str\.|strona|sivu|side|sida|oldal|"
    r"стр\.?|страница|σελ\.?|№)"
)
_OF = r"(?:\s*(?:/|of|von|de|di|sur|van|av|af|z|из|\|)\s*\d{1,5})?"
_DECORATION = r"[\s\-\u2013—~•·|\[\](){}<>*.]*"
#: What stands before the page's own number: zeros, or the chapter or the annex, as in "3-12" and "A-5".
_BEFORE = r"(?:0{1,4}|(?:[A-Z]{1,2}|\d{1,2})[-\u2010\u2013])?"
_PLAIN = re.compile(rf"{_DECORATION}(?P<word>{_WORD}\s*)?{_BEFORE}{_NUMBER}{_OF}{_DECORATION}", re.IGNORECASE)
_MARK = rf"[|·•\u2013—]|(?<=\s)-(?=\s)|{_WORD}"
_HAS_MARK = re.compile(_MARK, re.IGNORECASE)
#: One of these is in each text that holds a mark, in small letters; to look for them takes a tenth of the time.
_IN_MARKS = (
    *("|", "·", "•", "\u2013", "\u2014", "-", "page", "pg", "p.", "seite", "s.", "página", "pagina", "pag.", "pág."),
    *("strana", "str.", "strona", "sivu", "side", "sida", "oldal", "стр", "σελ", "№"),
)
_AT_END = re.compile(
    rf"(?P<rest>.*?)(?:[\s,;:]*(?P<mark>{_MARK})\s*|\s+)\b{_NUMBER}{_OF}[\s\-\u2013—|)\]]*", re.IGNORECASE
)
_AT_START = re.compile(
    rf"[\s\-\u2013—|(\[]*(?P<word>{_WORD}\s*)?{_NUMBER}{_OF}\b(?P<mark>\s*[|·•\u2013—])?\s+(?P<rest>.*)", re.IGNORECASE
)


class _Edge(NamedTuple):
    """A line at the edge of a page; ``number`` is what may be its page number, ``rest`` the line without it."""

    page: int
    place: int
    at_top: bool
    height: float
    is_apart: bool
    text: str
    rest: str
    number: int | None
    is_plain: bool

    @property
    def key(self) -> tuple[int, int]:
        return self.page, self.place


def running_lines(pages: Sequence[Sequence[Line]], known: Sequence[str] = ()) -> list[dict[int, str]]:
    """For each page what remains of its running lines, by their index; mostly nothing.

    A line at an edge is dropped if it recurs exactly, apart from the text, on at least three pages that are close
    enough together; or if it is a page number that counts with the pages. The first of a line's occurrences stays,
    unless its words stand elsewhere in the document or among ``known``. A page is never emptied.
    """
    if len(pages) < 2:
        return [{} for _ in pages]
    stamps = recurring_stamps(pages)
    edges = [edge for number, lines in enumerate(pages) for edge in _edges(number, lines)]
    counted = _counting(edges, len(pages))
    recurring = _recurring(edges, counted)
    found: list[dict[int, str]] = [{} for _ in pages]
    told = _told(pages, recurring, edges, known)
    for edge in edges:
        letters = recurring.get(edge.key)
        if letters is not None:
            found[edge.page][edge.place] = "" if letters in told else _said(edge, counted)
            told.add(letters)
        elif edge.key in counted:
            found[edge.page][edge.place] = edge.rest
    numbers = {edge.page: edge.number for edge in edges if edge.key in counted}
    _drop_beside_turned(pages, found, told & set(recurring.values()), numbers)
    for dropped, stamped in zip(found, stamps, strict=True):
        dropped |= stamped
    for lines, dropped in zip(pages, found, strict=True):
        if dropped and not any(i not in dropped or dropped[i] for i in range(len(lines))):
            dropped.clear()
    return found


def _drop_beside_turned(
    pages: Sequence[Sequence[Line]], found: list[dict[int, str]], told: set[str], numbers: dict[int, int | None]
) -> None:
    """Drop the running lines and the numbers of pages that are read turned, along whose sides they run.

    ``told`` are letters of running lines, ``numbers`` the known numbers by page.
    """
    for page, lines in enumerate(pages):
        aside = [i for i, line in enumerate(lines) if not (line.is_upright or line.table)]
        repeats = [i for i in aside if plain_letters(lines[i].text) in told]
        found[page].update(dict.fromkeys(repeats, ""))
        before, after = numbers.get(page - 1), numbers.get(page + 1)
        if page in numbers or before is None or after != before + 2:
            continue
        plain = ((i, _PLAIN.fullmatch(line.text)) for i, line in enumerate(lines) if len(line.text) < _BOTH_ENDS)
        own = [i for i, match in plain if match and _value(match["n"]) == before + 1]
        if len(own) == 1 and aside:
            found[page][own[0]] = ""


def _said(edge: _Edge, counted: set[tuple[int, int]]) -> str:
    return edge.rest if edge.key in counted else edge.text


def _edges(page: int, lines: Sequence[Line]) -> list[_Edge]:
    order = sorted([(-line.bottom - line.top, i) for i, line in enumerate(lines) if line.is_upright])
    if len(order) > 2 * _MOST_LOOKED_AT:
        order = order[:_MOST_LOOKED_AT] + order[-_MOST_LOOKED_AT:]
    rows: list[list[int]] = []
    height = 0.0
    for doubled, i in order:
        if rows and doubled - height < max(lines[i].size, 4.0):
            rows[-1].append(i)
        else:
            rows.append([i])
            height = doubled
    if not rows:
        return []
    pitches = [lines[a[0]].middle - lines[b[0]].middle for a, b in pairwise(rows)]
    usual = median(pitches) if pitches else 0.0
    found = []
    for at_top in (True, False):
        side = rows if at_top else rows[::-1]
        gaps = pitches if at_top else pitches[::-1]
        apart = -1
        for k, gap in enumerate(gaps[:_EDGE_ROWS]):
            size = max(lines[side[k][0]].size, lines[side[k + 1][0]].size, 4.0)
            if gap > 1.45 * size and (gap > 1.25 * usual or len(rows) <= _EDGE_ROWS):
                apart = k
        if len(rows) == 1 and not at_top:
            continue
        for k, row in enumerate(side[: min(_EDGE_ROWS, max(1, len(rows) - 1))]):
            found += [_edge(page, i, lines[i], at_top, k <= apart) for i in row if not lines[i].table]
    return found


def _edge(page: int, index: int, line: Line, at_top: bool, is_apart: bool) -> _Edge:
    text = line.text
    rest, number, is_plain = text, None, False
    ends = text if len(text) < _BOTH_ENDS else f"{text[:14]} {text[-10:]}"
    may_count = len(text) <= _LONGEST and (_NUMBER_FIRST.match(ends) or _NUMBER_LAST.match(ends[::-1]))
    if not may_count:
        pass
    elif match := _PLAIN.fullmatch(text):
        rest, number, is_plain = "", _value(match["n"]), True
    elif not (line.begins_apart or line.ends_apart or _has_mark(text)):
        pass
    elif ((match := _AT_END.fullmatch(text)) and (match["mark"] or line.ends_apart)) or (
        (match := _AT_START.fullmatch(text)) and (match["mark"] or match["word"] or line.begins_apart)
    ):
        rest, number = match["rest"], _value(match["n"])
    return _Edge(page, index, at_top, line.middle, is_apart, text, rest, number, is_plain)


def _has_mark(text: str) -> bool:
    small = text.lower()
    for mark in _IN_MARKS:
        if mark in small:
            return _HAS_MARK.search(text) is not None
    return False


def _value(written: str) -> int | None:
    """The number that digits or Roman numerals stand for; the Turkish letters \u0131 and \u0130 are no numerals.

    >>> _value("xiv"), _value("27"), _value("\u0131")
    (14, 27, None)
    """
    if written.isdigit():
        return int(written)
    if not written.isascii():
        return None
    values = [_NUMERALS[letter] for letter in written.lower()]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _counting(edges: Sequence[_Edge], n_pages: int) -> set[tuple[int, int]]:
    """Edges whose number goes up by one with each page, at one height."""
    groups: dict[tuple[bool, int], list[_Edge]] = defaultdict(list)
    for edge in edges:
        if edge.number is not None:
            groups[edge.at_top, edge.number - edge.page].append(edge)
    found: set[tuple[int, int]] = set()
    for group in groups.values():
        level = _level(group)
        least = 2 if n_pages < 2 * _LEAST_REPEATS and all(edge.is_plain for edge in level) else _LEAST_REPEATS
        if len({edge.page for edge in level}) >= least:
            found.update(edge.key for edge in level)
    return found


def _recurring(edges: Sequence[_Edge], counted: set[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The letters of each edge that is apart from the text and whose words, page number aside, recur."""
    groups: dict[tuple[bool, str], list[_Edge]] = defaultdict(list)
    for edge in edges:
        said = _said(edge, counted)
        if said and (edge.is_apart or edge.key in counted):
            groups[edge.at_top, said].append(edge)
    found: dict[tuple[int, int], str] = {}
    for (_, said), group in groups.items():
        level = _level(group)
        where = sorted({edge.page for edge in level})
        if len(where) >= _LEAST_REPEATS and len(where) / (where[-1] - where[0] + 1) >= _LEAST_DENSITY:
            found |= dict.fromkeys((edge.key for edge in level), plain_letters(said))
    return found


def _level(group: Sequence[_Edge]) -> list[_Edge]:
    height = median(edge.height for edge in group)
    return [edge for edge in group if abs(edge.height - height) <= _SAME_HEIGHT]


def _told(
    pages: Sequence[Sequence[Line]], recurring: dict[tuple[int, int], str], edges: Sequence[_Edge], known: Sequence[str]
) -> set[str]:
    """Letters of running lines that a line inside a page, or two, or one of ``known`` holds by itself."""
    wanted = set(recurring.values())
    told = {letters for text in known if (letters := plain_letters(text)) in wanted} | ({""} & wanted)
    if not wanted:
        return told
    starts = {letters[:n] for letters in wanted for n in range(1, len(letters) + 1)}
    begins = tuple({form for start in starts if len(start) == 1 for form in (start, start.upper())})
    at_edge = {edge.key for edge in edges}
    for number, lines in enumerate(pages):
        before = ""
        for i, line in enumerate(lines):
            if not line.is_upright:
                continue
            if not before and not line.text.startswith(begins):
                continue
            letters = plain_letters(line.text[:_LONGEST])
            if letters in wanted and (number, i) not in at_edge:
                told.add(letters)
            if before and before + letters in wanted:
                told.add(before + letters)
            before = letters if letters in starts else ""
    return told
