"""Bookmarks as headings, at the places where the pages show their titles; those that name nothing are doubtful."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.parse.pdf.letters import plain_letters

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

_LONGEST_TITLE_LINES = 4
_LONGEST_LABEL = 12
_LEAST_SHOWN = 0.5
_FEW, _MANY_PAGES = 2, 4
#: What programs call pages and files, for want of a title.
_NO_TITLE = re.compile(
    r"(?:untitled|unbenannt|sans titre|bookmark|(?:page|seite|slide|folie|sheet|scan|image|img|pg?|layout|blank)?"
    r"[\s_.#-]*\d+|blank(?: page)?|.*\.(?:docx?|xlsx?|pptx?|pdf|indd|tiff?|jpe?g|png|html?|rtf|odt|dwg|qxd))"
    r"(?:[\s_-]*\d+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline: level from 1, title, page index from 0."""

    level: int
    title: str
    page: int


@dataclass(frozen=True, slots=True)
class PlacedHeading:
    """A heading on its page: lines ``first`` to ``last`` (exclusive) hold its words.

    Both are equal if the page does not show the title of a bookmark, which is then inserted before that line.
    """

    first: int
    last: int
    level: int
    title: str


def are_doubtful(outline: Sequence[Bookmark], n_shown: int, n_pages: int) -> bool:
    """Whether the pages show hardly any of the bookmarks' titles, or there are too few to part the pages."""
    return n_shown < _LEAST_SHOWN * len(outline) or (len(outline) <= _FEW and n_pages >= _MANY_PAGES)


def with_bookmarks(
    typed: Mapping[int, Sequence[PlacedHeading]], placed: Mapping[int, Sequence[PlacedHeading]]
) -> dict[int, list[PlacedHeading]]:
    """Headings by type with the bookmarks that say more than the name of a page or of a file, by page."""
    found: dict[int, list[PlacedHeading]] = {}
    for page in sorted({*typed, *placed}):
        own = list(typed.get(page, ()))
        known = [plain_letters(heading.title) for heading in own]
        for heading in placed.get(page, ()):
            letters = plain_letters(heading.title)
            is_free = all(heading.last <= other.first or heading.first >= other.last for other in own)
            if is_free and not _NO_TITLE.fullmatch(heading.title) and not any(letters in one for one in known):
                own.append(heading)
        found[page] = sorted(own, key=lambda heading: (heading.first, heading.last))
    return found


def placed_bookmarks(pages: Sequence[Sequence[Line]], outline: Sequence[Bookmark]) -> dict[int, list[PlacedHeading]]:
    """Headings at the bookmarks' titles, by page, in the page's own words: they hold the section's number as well.

    Titles are searched in order so that repeats stay distinct.
    """
    placed: dict[int, list[PlacedHeading]] = defaultdict(list)
    for bookmark in outline:
        before = placed[bookmark.page]
        begin = before[-1].last if before else 0
        first, last = _find_title(pages[bookmark.page], bookmark.title, begin)
        title = " ".join(line.text for line in pages[bookmark.page][first:last]) or bookmark.title
        before.append(PlacedHeading(first, last, bookmark.level, title))
    return placed


def _find_title(lines: Sequence[Line], title: str, begin: int) -> tuple[int, int]:
    """Lines that hold only the title, perhaps after a number or a word like "Chapter 3"."""
    wanted = plain_letters(title)
    longest = len(wanted) + _LONGEST_LABEL
    for first in range(begin, len(lines)):
        joined = ""
        for last in range(first, min(first + _LONGEST_TITLE_LINES, len(lines))):
            letters = plain_letters(lines[last].text)
            if lines[last].table or (last == first and not letters):
                break
            joined += letters
            if len(joined) > longest:
                break
            if wanted and joined.endswith(wanted):
                return first, last + 1
    return begin, begin
