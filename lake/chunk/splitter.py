"""Cuts text into spans of a limited number of tokens, at the best positions available."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.chunk.boundaries import skip_space, trimmed_end
from lake.parse.graphemes import cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lake.chunk.boundaries import Layout, Ruler
    from lake.chunk.tokenizers import Span

_WORD_START = re.compile(r"(?<=\s)\S")

# How full, in tenths, a span must be for a cut of each rank.
_FULL, _FAIR, _LEAST = 8, 6, 2


@dataclass(frozen=True, slots=True)
class Splitter:
    """Splits between blocks, else between units, else at white space, else between any two visible characters.

    ``limit`` holds exactly for each span's own text; only a single character may exceed it. A visible character
    is parted only if it is longer than a span. ``overlap`` is the
    maximum of tokens, in whole units, that a span repeats from the one before.
    """

    ruler: Ruler
    layout: Layout
    limit: int
    overlap: int = 0

    def split(self, start: int, end: int) -> Iterator[Span]:
        """Spans that hold every word of ``text[start:end]``; each may begin inside the one before."""
        text = self.ruler.text
        previous, position = -1, skip_space(text, start, end)
        if position < end and self.ruler.is_short(position, end, self.limit):
            yield position, trimmed_end(text, position, end)
            return
        while position < end:
            begin = self._overlap(previous, position) if previous >= 0 else position
            stop = self._stop(begin, position, end)
            if stop == position:
                begin, stop = position, self._stop(position, position, end)
            yield begin, trimmed_end(text, begin, stop)
            previous, position = begin, skip_space(text, stop, end)

    def _overlap(self, previous: int, position: int) -> int:
        """Start of a span that repeats the last units of the one before; ``position`` if none is short enough."""
        low = max(previous + 1, self.ruler.back(position, self.overlap))
        if low >= position:
            return position
        if self.layout.strategy == "window":
            word = _WORD_START.search(self.ruler.text, low, position)
            start = word.start() if word else skip_space(self.ruler.text, low, position)
            return skip_space(self.ruler.text, min(cluster(self.ruler.text, start, previous)[1], position), position)
        return self.layout.first_unit(low, position)

    def _stop(self, begin: int, floor: int, end: int) -> int:
        """End of the span from ``begin``; ``floor``, which it must pass, if the overlap leaves no room.

        Text cut inside a word may have more tokens on its own, so each cut is verified and retried with less room.
        The steps double, which keeps hostile text linear.
        """
        text, room, step = self.ruler.text, self.limit, 1
        while True:
            stop = self._whole(begin, floor, self._choose(begin, floor, end, room), end)
            if stop <= max(floor, begin + 1):
                return stop
            excess = self.ruler.count(begin, trimmed_end(text, begin, stop)) - self.limit
            if excess <= 0:
                return stop
            step = max(excess, 2 * step)
            room = max(room - step, room // 2)

    def _whole(self, begin: int, floor: int, stop: int, end: int) -> int:
        """``stop``, moved so that it parts no visible character; ``floor`` if that takes a span without an overlap."""
        start, after = cluster(self.ruler.text, stop, begin)
        if stop >= end or start == stop:
            return stop
        if start > max(begin, floor):
            return start
        if begin < floor:
            return floor
        return after if after <= end and self.ruler.count(begin, after) <= self.limit else stop

    def _choose(self, begin: int, floor: int, end: int, room: int) -> int:
        if self.ruler.reach(begin, room) >= end:
            return end
        fair = self._fair_share(begin, end, room)
        for n_tokens in (fair, room) if fair < room else (room,):
            stop = self._at_break(begin, floor, n_tokens)
            if stop > floor:
                return stop
        return self._at_space(begin, floor, fair)

    def _fair_share(self, begin: int, end: int, room: int) -> int:
        """Slightly over half of the rest, if cutting a full span would leave a stub; else ``room``."""
        left = self.ruler.touched(begin, end)
        stub = room < left < room * 3 // 2 and self.layout.strategy != "window"
        return left * 11 // 20 if stub else room

    def _at_break(self, begin: int, floor: int, n_tokens: int) -> int:
        """The best border within ``n_tokens``, or ``floor``."""
        reach = self.ruler.reach(begin, n_tokens)
        for place, share in self._places(floor, reach):
            if place > floor and place >= self.ruler.reach(begin, n_tokens * share // 10):
                return place
        return floor

    def _places(self, floor: int, reach: int) -> Iterator[tuple[int, int]]:
        """Borders in order of preference, each with how full, in tenths, the span before it must be."""
        block, i = _last(self.layout.breaks, floor, reach), self.layout.at(reach)
        yield block, _FULL
        if block == self.layout.starts[i] and self._stays_whole(i):
            yield block, _LEAST
        groups, units = self.layout.inner(i)
        group = _last(groups, floor, reach)
        yield group, _FAIR
        yield max(group, _last(units, floor, reach)), _LEAST
        yield block, _LEAST

    def _stays_whole(self, i: int) -> bool:
        block = self.layout.blocks[i]
        return block.kind in ("code", "table") and self.ruler.touched(block.start, block.end) <= self.limit

    def _at_space(self, begin: int, floor: int, n_tokens: int) -> int:
        """A position before a word, or inside an endless one; ``floor`` if units must not be cut there."""
        reach = self.ruler.reach(begin, n_tokens)
        if floor > begin and self.layout.strategy != "window":
            return floor
        if reach <= floor:
            return floor if floor > begin else begin + 1
        return _word_start(self.ruler.text, max(floor, self.ruler.reach(begin, n_tokens // 2)), reach)


def _word_start(text: str, low: int, place: int) -> int:
    """Start of the word that a cut at ``place`` would split, unless it began before ``low``.

    >>> _word_start("see the end", 0, 6), _word_start("see the end", 0, 7), _word_start("endless", 0, 4)
    (4, 7, 4)
    """
    if text[place].isspace() or text[place - 1].isspace():
        return place
    n_characters = sum(len(word) for word in text[low:place].rsplit(None, 1)[-1:])
    return place - n_characters if n_characters < place - low else place


def _last(places: Sequence[int], low: int, high: int) -> int:
    """The last place in ``low < place <= high``, or -1."""
    i = bisect_right(places, high)
    return places[i - 1] if i and places[i - 1] > low else -1
