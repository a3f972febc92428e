"""Listings: lines in type of one width, whose indentation is a matter of places on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import mean, median
from typing import TYPE_CHECKING

from lake.parse.pdf.hyphens import HYPHENS
from lake.parse.pdf.page_text import reads_as_words

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

_LEAST_LINES = 2
_MOST_FIXED = 0.5
_SAME_SIZE = 0.15
_WIDEST_STEP = 4.0
_USUAL_ADVANCE = 0.6
_WIDEST_ADVANCE = 0.75
_LEAST_MEASURED = 6
_LEAST_IN_WORD = 3
#: More than this many letters' widths between two words are several spaces.
_ONE_SPACE = 1.6
_DEEPEST = 100
_MOST_BLANK = 2
#: From one line to the next, in sizes of the type: more is a blank line.
_BLANK_STEP = 1.8
#: A word as prose has it: letters, with the signs of sentences around it.
_PLAIN = re.compile(
    r"[\"'(\[\u00ab\u201c-\u201e\u2018\u00bf\u00a1]*[^\W\d_]+(?:['\u2019\-\u2010\u2011][^\W\d_]+)*"
    rf"[\"')\]\u00bb\u2019\u201d.,;:!?\u2026]*[{HYPHENS}]?"
)
#: What tells neither: figures and dashes.
_NEUTRAL = re.compile(r"[\d.,:%()\[\]]+|[\u2013\u2014]")
#: What no paragraph has: the beginning of a comment or a prompt, an operator, a command, a block, the end of a call.
_CODE = re.compile(r"\A(?:[#%;>$/*]|--)|(?<!:)//|/\*|\*/|[=!<>]=|=>|->|::|\\[A-Za-z]|\w\(.*\);|[{}]")
_CODE_END = re.compile(r"[;\\=&|<>+]\Z")
_MOST_CODE_ENDS = 0.34
_LEAST_PLAIN = 0.85
_LEAST_PROSE_WORDS = 8
_LEAST_WORDS_PER_LINE = 5
_LEAST_FILLED = 0.8
_LEAST_FILLED_LINES = 3


def mark_listings(pages: Sequence[Sequence[Line]]) -> None:
    """Mark lines under each other in type of one width; none in a document that is mostly set in such type."""
    n_fixed = sum(len(line.text) for lines in pages for line in lines if line.is_fixed)
    if n_fixed > _MOST_FIXED * sum(len(line.text) for lines in pages for line in lines):
        return
    for lines in pages:
        for run in map(_without_prose, _runs(lines)):
            if len(run) >= _LEAST_LINES:
                for line in run:
                    line.is_code = True


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    run: list[Line] = []
    for line in lines:
        may_be_code = line.is_fixed and line.is_upright and not (line.table or line.is_note) and bool(line.text)
        if run and not (may_be_code and follows(run[-1], line)):
            yield run
            run = []
        if may_be_code:
            run.append(line)
    yield run


def _without_prose(run: Sequence[Line]) -> Sequence[Line]:
    """A run without the paragraphs of prose at both ends; prose inside a listing is a part of it."""
    breaks = [i for i, (a, b) in enumerate(pairwise(run), 1) if _step(a, b) > _BLANK_STEP * b.size]
    parts = [run[first:last] for first, last in pairwise([0, *breaks, len(run)])]
    is_prose = [_is_prose(part) for part in parts]
    if all(is_prose):
        return ()
    first, last = is_prose.index(False), len(parts) - is_prose[::-1].index(False)
    return [line for part in parts[first:last] for line in part]


def _is_prose(lines: Sequence[Line]) -> bool:
    """Whether lines read as a paragraph: plain words from one margin, in lines that are full or divide a word.

    A paragraph keeps its lines and a listing its words, so that either mistake costs little: indentation in one
    direction, divided words in the other.
    """
    words = [word for line in lines for word in line.text.split() if not _NEUTRAL.fullmatch(word)]
    if len(words) < _LEAST_PROSE_WORDS or any(_CODE.search(line.text) for line in lines):
        return False
    if sum(_PLAIN.fullmatch(word) is not None for word in words) < _LEAST_PLAIN * len(words):
        return False
    if sum(_CODE_END.search(line.text) is not None for line in lines) > _MOST_CODE_ENDS * len(lines):
        return False
    if any(_divides(one.text, other.text) for one, other in pairwise(lines)):
        return True
    if _is_indented(lines) or mean(len(line.text.split()) for line in lines) < _LEAST_WORDS_PER_LINE:
        return False
    width = max(len(line.text) for line in lines)
    filled = [len(one.text) + len(other.text.split()[0]) >= width for one, other in pairwise(lines)]
    is_filled = sum(filled) >= _LEAST_FILLED * len(filled)
    has_words = reads_as_words(" ".join(line.text for line in lines))
    return bool(filled) and is_filled and (has_words or len(filled) >= _LEAST_FILLED_LINES)


def _is_indented(lines: Sequence[Line]) -> bool:
    """Whether other lines than the first stand in from the margin."""
    left = min(line.left for line in lines)
    return any(line.left > left + 0.5 * _USUAL_ADVANCE * line.size for line in lines[1:])


def _divides(before: str, text: str) -> bool:
    return before[-1:] in HYPHENS and before[-2:-1].isalpha() and text[:1].islower()


def follows(before: Line, line: Line) -> bool:
    """Whether a line stands right under another one in the same type."""
    return (
        abs(line.size - before.size) <= _SAME_SIZE * line.size and 0 < _step(before, line) <= _WIDEST_STEP * line.size
    )


def _step(before: Line, line: Line) -> float:
    return before.middle - line.middle


def listing_text(lines: Sequence[Line]) -> str:
    """The lines of a listing with the spaces and the blank lines that their places stand for."""
    advance = _advance(lines)
    left = min(line.left for line in lines)
    pitch = min((_step(a, b) for a, b in pairwise(lines)), default=0.0)
    written: list[str] = []
    for i, line in enumerate(lines):
        if i and pitch > 0:
            n_blank = round(_step(lines[i - 1], line) / pitch) - 1
            written += [""] * min(n_blank, _MOST_BLANK)
        indent = round((line.left - left) / advance) if advance else 0
        written.append(" " * min(indent, _DEEPEST) + _spread(line, advance))
    return "\n".join(written)


def _spread(line: Line, advance: float) -> str:
    """The text of a line with as many spaces between its words as their places stand for."""
    words = line.text.split()
    if advance <= 0 or not words or len(words) != len(line.starts):
        return line.text
    text = words[0]
    for (before, start), (word, place) in pairwise(zip(words, line.starts, strict=True)):
        gap = (place - start) / advance - len(before)
        text += " " * (min(round(gap), _DEEPEST) if gap > _ONE_SPACE else 1) + word
    return text


def _advance(lines: Sequence[Line]) -> float:
    """The width of one letter: that of the last words of the lines, or of whole lines if those are not known.

    Lines with a gap, such as that between two listings, do not tell it; of the rest a low one counts, since one in
    which spaces are missing would give too much.
    """
    known = [(line, words) for line in lines if (words := line.text.split()) and len(words) == len(line.starts)]
    exact = [
        (line.right - line.starts[-1]) / len(words[-1]) for line, words in known if len(words[-1]) >= _LEAST_IN_WORD
    ]
    if exact:
        return median(exact)
    widths = [((line.right - line.left) / len(line.text), line) for line in lines if len(line.text) >= _LEAST_MEASURED]
    found = sorted(width for width, line in widths if width <= _WIDEST_ADVANCE * line.size)
    return found[len(found) // 4] if found else _USUAL_ADVANCE * median(line.size for line in lines)
