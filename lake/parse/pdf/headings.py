"""Headings and the title of a PDF without bookmarks, by type size, weight and numbering against the body's type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

_LARGER = 1.12
_LONGEST = 160
_MOST_LINES = 4
_MOST_LEVELS = 5
_MOST_SHARE_LONG = 0.4
_LEADERS = re.compile(r"\.{4,}|(?:\. ){3,}|(?:\. ){2}\d+$|\.{3}\s?\d+$")
_PAGE = re.compile(r"\s(?:\d{1,4}|[ivxlc]{1,6})$")
_NUMBERED = re.compile(r"(?P<n>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S")
_DEEP_NUMBERED = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}\.?\s+[^\W\d_]")
#: An item of a list, as slides have them in large type.
_LISTED = re.compile(r"[•‣▪◦●○■□►➢✓∙·*\u2013-]\s")
_LETTERS = re.compile(r"[^\W\d_]")
_NAMED_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty"
)
#: What stands alone above the title of a chapter.
_LABEL = re.compile(
    r"(?i)(?:(?:chapter|part|appendix|section|book|kapitel|teil|anhang|chapitre|partie|annexe|cap[ií]tulo|capitolo)\s*)?"
    rf"(?:\d{{1,3}}|[ivxl]{{1,7}}|{_NAMED_NUMBERS}|(?<=\s)[a-z])?[.:]?"
)
_ENDS = (".", ",", ";")
_SMALLER = 0.85
_NAME_MARKS = re.compile(r"[\d*\u2020\u2021\u00a7\u00b9\u00b2\u00b3\u2070-\u2079]+")
_BETWEEN_NAMES = re.compile(r"\s*(?:[,;&\u00b7]|\b(?:and|und|et|y|e)\b)\s*")
_PARTICLES = frozenset(("de", "da", "del", "der", "den", "di", "la", "le", "van", "von", "zu", "bin", "al", "el"))
#: What stands under the names of authors.
_AFFILIATION = re.compile(
    r"@|\b(?:universit\w+|institut\w*|department|dept|college|laborator\w+|school|academy|inc|gmbh|ltd)\b",
    re.IGNORECASE,
)


class TypedHeading(NamedTuple):
    """Lines ``first`` to ``last`` (exclusive) of a page are a heading of ``level`` from 1."""

    first: int
    last: int
    level: int
    title: str


def body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size in which most of the text is set, in points; 0 without text."""
    sizes: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            if not line.table:
                sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], -size)) if sizes else 0.0


def typed_headings(pages: Sequence[Sequence[Line]], body: float) -> list[list[TypedHeading]]:
    """Headings of each page, in order."""
    groups = [list(_groups(lines, body)) for lines in pages]
    levels = _levels(pages, groups, body)
    found: list[list[TypedHeading]] = []
    for lines, own in zip(pages, groups, strict=True):
        here = []
        for first, last in own:
            level = levels.get(_class(lines[first], body))
            if level is not None and _is_heading(lines, first, last, body):
                title = " ".join(line.text for line in lines[first:last])
                here.append(TypedHeading(first, last, level, title))
        found.append(_with_labels(here))
    if found:
        found[0] = _without_authors(found[0], pages[0])
    return _refined(found)


def _without_authors(headings: Sequence[TypedHeading], lines: Sequence[Line]) -> list[TypedHeading]:
    """The headings of the first page without names of persons right under its title, in smaller type."""
    if len(headings) < 2 or headings[0].last != headings[1].first:
        return list(headings)
    title, second = headings[0], headings[1]
    is_smaller = lines[second.first].size <= _SMALLER * lines[title.first].size
    under = " ".join(line.text for line in lines[second.last : second.last + 3])
    begins = second.title[:3].lower() == "by "
    if is_smaller and (begins or _AFFILIATION.search(under)) and _are_names(second.title[3 * begins :]):
        return [title, *headings[2:]]
    return list(headings)


def _are_names(text: str) -> bool:
    """Whether a line names persons and nothing else.

    >>> _are_names("Ida Moravec1, J. R. Smith and K. van der Berg"), _are_names("Scope of the work")
    (True, False)
    """
    names = [name.split() for name in _BETWEEN_NAMES.split(_NAME_MARKS.sub("", text)) if name.strip()]
    return bool(names) and all(
        2 <= len(name) <= 5 and all(word in _PARTICLES or word[0].isupper() for word in name) for name in names
    )


def _with_labels(headings: Sequence[TypedHeading]) -> list[TypedHeading]:
    """The headings of a page, with a label such as "Chapter 3" joined to the title right under it."""
    joined: list[TypedHeading] = []
    for heading in headings:
        before = joined[-1] if joined else None
        if before and before.last == heading.first and _LABEL.fullmatch(before.title):
            level = min(before.level, heading.level)
            joined[-1] = TypedHeading(before.first, heading.last, level, f"{before.title} {heading.title}")
        else:
            joined.append(heading)
    return joined


def title_of(lines: Sequence[Line], body: float) -> str | None:
    """The words in the largest type on the upper half of the first page, if it is larger than the body's."""
    if not lines:
        return None
    height = max(line.top for line in lines)
    upper = [i for i, line in enumerate(lines) if line.middle > 0.45 * height and _may_be_title(line)]
    largest = max((lines[i].size for i in upper), default=0.0)
    if not upper or largest < _LARGER * body:
        return None
    first = next(i for i in upper if lines[i].size > 0.97 * largest)
    last = first + 1
    while last < len(lines) and last - first < _MOST_LINES and _is_same_run(lines[last - 1], lines[last]):
        last += 1
    title = " ".join(line.text for line in lines[first:last])
    return title if len(title) <= 2 * _LONGEST else None


def _may_be_title(line: Line) -> bool:
    return not (line.table or _LISTED.match(line.text)) and line.is_upright and len(_LETTERS.findall(line.text)) > 2


def _groups(lines: Sequence[Line], body: float) -> Iterator[tuple[int, int]]:
    """Runs of lines in one type that is larger or heavier than the body's, or that a section's number begins."""
    i = 0
    while i < len(lines):
        line = lines[i]
        if not _stands_out(line, body):
            i += 1
            continue
        last = i + 1
        while last < len(lines) and _is_same_run(lines[last - 1], lines[last]):
            last += 1
        if not any(_names_a_page(line) for line in lines[i:last]):
            yield i, last
        i = last


def _names_a_page(line: Line) -> bool:
    """Whether it is a line of a table of contents: a page number stands apart at its end, or after leaders."""
    return bool(_LEADERS.search(line.text) or (line.ends_apart and _PAGE.search(line.text)))


def _stands_out(line: Line, body: float) -> bool:
    if line.table or not line.is_upright or _LISTED.match(line.text):
        return False
    if line.size >= _LARGER * body or (line.bold and line.size >= 0.97 * body):
        return True
    return line.size >= 0.97 * body and bool(_DEEP_NUMBERED.match(line.text))


def _is_same_run(before: Line, line: Line) -> bool:
    if line.table or line.bold != before.bold or abs(line.size - before.size) > 0.04 * before.size:
        return False
    if _NUMBERED.match(line.text):
        return False
    return 0 < before.middle - line.middle <= 1.75 * line.size


def _class(line: Line, body: float) -> tuple[float, bool]:
    """Type of a heading: size in half points, and whether only weight or number sets it off from the body."""
    if line.size >= _LARGER * body:
        return round(line.size * 2) / 2, True
    return 0.0, line.bold


def _levels(
    pages: Sequence[Sequence[Line]], groups: Sequence[Sequence[tuple[int, int]]], body: float
) -> dict[tuple[float, bool], int]:
    """Level of each type of heading, the largest first; a type in which text is set at length is none."""
    n_lines: Counter[tuple[float, bool]] = Counter()
    n_long: Counter[tuple[float, bool]] = Counter()
    for lines, own in zip(pages, groups, strict=True):
        for first, last in own:
            kind = _class(lines[first], body)
            n_lines[kind] += last - first
            if not _is_heading(lines, first, last, body):
                n_long[kind] += last - first
    kinds = sorted((k for k in n_lines if n_long[k] <= _MOST_SHARE_LONG * n_lines[k]), reverse=True)
    levels: dict[tuple[float, bool], int] = {}
    level, before = 0, 0.0
    for kind in kinds:
        if not levels or before == 0.0 or kind[0] < 0.96 * before or kind[0] == 0.0:
            level = min(level + 1, _MOST_LEVELS)
        levels[kind] = level
        before = kind[0]
    return levels


def _is_heading(lines: Sequence[Line], first: int, last: int, body: float) -> bool:
    run = lines[first:last]
    text = " ".join(line.text for line in run)
    if last - first > _MOST_LINES or len(text) > _LONGEST or len(_LETTERS.findall(text)) < 2:
        return False
    is_larger = run[0].size >= _LARGER * body
    numbered = _NUMBERED.match(text)
    if any(line.has_gap for line in run) and not numbered and not is_larger:
        return False
    if is_larger:
        return True
    if text.endswith(_ENDS) or text[0].islower() or len(text) > 0.75 * _LONGEST:
        return False
    before = lines[first - 1] if first else None
    after = lines[last] if last < len(lines) else None
    gap_above = before.middle - run[0].middle if before else 99.0
    is_set_off = gap_above > 1.5 * run[0].size or gap_above < 0 or bool(before and before.table)
    if run[0].bold:
        is_followed = after is None or not after.bold
        return is_set_off and is_followed and not (after is not None and after.table and gap_above < 1.5 * run[0].size)
    gap_below = run[-1].middle - after.middle if after else 0.0
    return is_set_off and gap_below > 1.5 * run[0].size and text[-1].isalpha() and last - first == 1


def _refined(found: Sequence[Sequence[TypedHeading]]) -> list[list[TypedHeading]]:
    """Let numbers decide within one type, 2.1 under 2, and between types: all of one depth stand at one level."""
    least: dict[int, int] = {}
    numbered = [(heading.level, depth) for own in found for heading in own if (depth := _depth(heading)) is not None]
    for level, depth in numbered:
        least[level] = min(least.get(level, depth), depth)
    usual: dict[int, Counter[int]] = {}
    for level, depth in numbered:
        usual.setdefault(depth, Counter())[min(level + depth - least[level], _MOST_LEVELS + 1)] += 1
    refined = []
    for own in found:
        here = []
        for heading in own:
            depth = _depth(heading)
            level = heading.level if depth is None else usual[depth].most_common(1)[0][0]
            here.append(heading._replace(level=level))
        refined.append(here)
    return refined


def _depth(heading: TypedHeading) -> int | None:
    """How many numbers stand before the last of its number: 0 for 2, 1 for 2.1; None without one."""
    match = _NUMBERED.match(heading.title)
    return match["n"].count(".") if match else None
