"""Words whose letters are set apart, such as "I N T R O D U C T I O N": they are words, and searched as words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING
from unicodedata import normalize

from lake.parse.pdf.geometry import Box, PlacedWord

if TYPE_CHECKING:
    from lake.parse.pdf.glyphs import PageGlyphs

_LEAST = 5
_RUN = re.compile(r"(?<!\S)[^\W\d_](?: {1,3}[^\W\d_]){4,}(?!\S)")
_VOWELS = frozenset("aeiouy")
_WORD_GAP, _WORD_STEP = 1.5, 1.2


def may_be_spaced(text: str) -> bool:
    """A cheap test that most lines fail: every second character of such a run is a space."""
    return 2 * text.count(" ") + 2 >= len(text) >= 2 * _LEAST - 1


def close_up(glyphs: PageGlyphs, first: int, text: str) -> str:
    """A line that is one run of letters set apart as words, else ""; ``first`` is its first glyph's index.

    Wider gaps part words. Lists such as "A B C D E" and "M T W T F S S" stay as they are.
    """
    if not _RUN.fullmatch(text):
        return ""
    places = [i for i, letter in enumerate(text) if letter != " "]
    boxes = [box for i in places if (box := glyphs.box(first + i, first + i))]
    if len(boxes) < len(places):
        return ""
    parts = _word_ends(boxes) | {n for n, (a, b) in enumerate(pairwise(places)) if b - a > 2}
    words = "".join(text[i] + " " * (n in parts) for n, i in enumerate(places))
    return words if _reads_as_words(words) else ""


def _word_ends(boxes: Sequence[Box]) -> set[int]:
    """The letters after which both the gap and the step are wider than usual: letters may have one gap or one step."""
    steps = [(b.left + b.right - a.left - a.right) / 2 for a, b in pairwise(boxes)]
    gaps = [b.left - a.right for a, b in pairwise(boxes)]
    least_gap = max(_WORD_GAP * median(gaps), median(gaps) + 0.25 * median(box.right - box.left for box in boxes))
    least_step = _WORD_STEP * median(steps)
    return {n for n, (gap, step) in enumerate(zip(gaps, steps, strict=True)) if gap > least_gap and step > least_step}


def _reads_as_words(text: str) -> bool:
    """Whether letters may be words: one case, vowels among them, and not in the order of the alphabet."""
    letters = text.replace(" ", "")
    if not (letters.isupper() or letters[1:].islower()) or not any(map(_may_be_vowel, letters)):
        return False
    if all(a < b for a, b in pairwise(letters)):
        return False
    parts = text.split()
    return len(letters) >= 2 * len(parts) and sum(len(part) == 1 for part in parts) <= len(parts) / 3


def _may_be_vowel(letter: str) -> bool:
    """Whether a letter is a Latin vowel, with or without a mark, or of another script."""
    base = normalize("NFD", letter)[0].casefold()
    return base in _VOWELS or not base.isascii()


def closed_words(words: Sequence[PlacedWord], spaced: Sequence[str]) -> list[PlacedWord]:
    """The words of a page with those of ``spaced`` lines in place of their letters."""
    found = list(words)
    for line in spaced:
        letters = line.replace(" ", "")
        for at in range(len(found) - len(letters) + 1):
            run = found[at : at + len(letters)]
            if all(word.text == letter for word, letter in zip(run, letters, strict=True)):
                found[at : at + len(letters)] = _joined(run, line.split())
                break
    return found


def _joined(letters: Sequence[PlacedWord], texts: Sequence[str]) -> list[PlacedWord]:
    words = []
    at = 0
    for text in texts:
        run = letters[at : at + len(text)]
        at += len(text)
        boxes = [word.box for word in run]
        box = Box(
            min(one.left for one in boxes),
            min(one.bottom for one in boxes),
            max(one.right for one in boxes),
            max(one.top for one in boxes),
        )
        words.append(PlacedWord(text, box, run[0].size, all(word.bold for word in run), run[0].fixed))
    return words
