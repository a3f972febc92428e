"""What in the content of a page may keep text from being seen, found by cheap searches: most pages have none of it."""

from __future__ import annotations

import re

#: Ways in which text may be unseen: it is white, transparent or invisible; it lies outside of what a path leaves
#: visible; a mask covers it; it lies outside of the form that draws it; it lies in one of several clips, as in the
#: cells of a sheet.
FAINT, CLIPPED, MASKED, IN_FORMS, IN_CELLS = 1, 2, 4, 8, 16

#: What makes text invisible or white, in the forms in which programs write it, by what each holds. A search for one
#: takes a third of a percent of a reading.
_FAINT_SIGNS = (
    (b" Tr", (b"3 Tr", b"7 Tr")),
    (b" g", (b"1 g", b"1.0 g", b"00 g")),
    (b" rg", (b"1 1 rg", b"1.0 rg", b"00 rg")),
    (b"1 sc", (b"",)),
    (b" k", (b"0 0 0 0 k", b"00 k")),
)
_CLIP = re.compile(rb"W\*?\s+n\b")
_RECTANGLE = re.compile(rb"(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+(-?[\d.]+)\s+re\s+\Z")
_MOST_CLIPS, _LONGEST_RECTANGLE, _LEAST_CELLS = 500, 80, 3
#: Area and least side of a path around a whole page, which begins near the page's corner.
_PAGE_AREA, _PAGE_SIDE, _PAGE_CORNER = 240_000, 380, 2


def signs_in(content: bytes) -> int:
    """The ways in which the text that a stream draws may be unseen."""
    found = 0
    for kind, signs in _FAINT_SIGNS:
        if kind in content and any([sign in content for sign in signs]):
            found = FAINT
            break
    return found | _ways_of_clips(content)


def _ways_of_clips(content: bytes) -> int:
    """Whether paths leave less than a whole page visible."""
    known: set[bytes] = set()
    n_parts = 0
    for n, clip in enumerate(_CLIP.finditer(content)):
        before = content[max(0, clip.start() - _LONGEST_RECTANGLE) : clip.start()]
        path = before[before.rfind(b"q") + 1 :]
        if path in known:
            continue
        known.add(path)
        n_parts += not _is_page(path)
        if n > _MOST_CLIPS or n_parts >= _LEAST_CELLS:
            return CLIPPED | IN_CELLS
    return CLIPPED if n_parts else 0


def _is_page(path: bytes) -> bool:
    rectangle = _RECTANGLE.search(path)
    if rectangle is None:
        return False
    try:
        x, y, width, height = map(float, rectangle.groups())
    except ValueError:
        return False
    return width * height >= _PAGE_AREA and min(width, height) >= _PAGE_SIDE and max(abs(x), abs(y)) <= _PAGE_CORNER
