"""The lines of a text that spans of it are on."""

from __future__ import annotations

from collections.abc import Sequence


def lines_of(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first and last line of each span, from 1; the text is read once, however many spans there are.

    >>> lines_of("one\\ntwo\\nthree\\n", [(4, 13), (0, 4), (4, 4)])
    [(2, 3), (1, 1), (2, 2)]
    """
    lasts = [max(start, end - 1) for start, end in spans]
    line_at, line, at = dict[int, int](), 1, 0
    for place in sorted({start for start, _ in spans} | set(lasts)):
        line, at = line + text.count("\n", at, place), place
        line_at[place] = line
    return [(line_at[start], line_at[last]) for (start, _), last in zip(spans, lasts, strict=True)]
