"""Ruling lines: joined from their pieces, gathered to grids, and the cells between them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lake.parse.pdf.geometry import Box

_DOUBLE = 3.5
_BROKEN = 4.0
_TOUCH = 3.5
_MOST_PAIRS = 40_000
_LEAST_CELL = 4.0
_BORDER = 0.5

#: Where a rule stands across its direction, and from where to where it reaches.
Rule = tuple[float, float, float]


@dataclass(slots=True)
class Grid:
    """Rules that touch each other. ``xs`` rise from left to right, ``ys`` fall from top to bottom."""

    xs: list[float]
    ys: list[float]
    across: list[Rule] = field(default_factory=list)
    upright: list[Rule] = field(default_factory=list)

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[-1], self.xs[-1], self.ys[0])

    def column(self, x: float) -> int:
        """The column that holds ``x``; -1 or the number of columns outside."""
        return bisect_right(self.xs, x) - 1

    def row(self, y: float) -> int:
        """The row that holds ``y``, from 0 at the top; -1 or the number of rows outside."""
        return bisect_right([-edge for edge in self.ys], -y) - 1

    def merged(self) -> dict[tuple[int, int], tuple[int, int]]:
        """The first place of the cell that each place (row, column) belongs to."""
        parent = {(r, c): (r, c) for r in range(len(self.ys) - 1) for c in range(len(self.xs) - 1)}

        def root(place: tuple[int, int]) -> tuple[int, int]:
            while parent[place] != place:
                place = parent[place]
            return place

        def join(one: tuple[int, int], other: tuple[int, int]) -> None:
            a, b = sorted((root(one), root(other)))
            parent[b] = a

        for r, (top, bottom) in enumerate(pairwise(self.ys)):
            for c in range(len(self.xs) - 2):
                if not _covers(self.upright, self.xs[c + 1], bottom, top):
                    join((r, c), (r, c + 1))
        for c, (left, right) in enumerate(pairwise(self.xs)):
            for r in range(len(self.ys) - 2):
                if not _covers(self.across, self.ys[r + 1], left, right):
                    join((r, c), (r + 1, c))
        return {place: root(place) for place in parent}


def _covers(rules: Sequence[Rule], at: float, start: float, end: float) -> bool:
    """Whether rules at one place cover at least half of the way from ``start`` to ``end``."""
    covered = sum(
        max(0.0, min(stop, end) - max(begin, start)) for place, begin, stop in rules if abs(place - at) <= _DOUBLE
    )
    return covered >= _BORDER * (end - start)


def joined_rules(rules: Sequence[Box]) -> tuple[list[Rule], list[Rule]]:
    """Rules across and upright rules; pieces that follow each other and double lines are joined."""
    across, upright = [], []
    for left, bottom, right, top in rules:
        if right - left >= top - bottom:
            across.append(((bottom + top) / 2, left, right))
        else:
            upright.append(((left + right) / 2, bottom, top))
    return _joined(across), _joined(upright)


def _joined(rules: list[Rule]) -> list[Rule]:
    rules.sort()
    found: list[Rule] = []
    group: list[Rule] = []
    for rule in rules:
        if group and rule[0] - group[0][0] > _DOUBLE:
            found += _chained(group)
            group = []
        group.append(rule)
    return found + (_chained(group) if group else [])


def _chained(group: list[Rule]) -> list[Rule]:
    at = sum(rule[0] for rule in group) / len(group)
    group.sort(key=lambda rule: rule[1])
    chained = []
    _, start, end = group[0]
    for _, begin, stop in group[1:]:
        if begin - end > _BROKEN:
            chained.append((at, start, end))
            start, end = begin, stop
        elif stop > end:
            end = stop
    return [*chained, (at, start, end)]


def grids_of(across: Sequence[Rule], upright: Sequence[Rule]) -> list[Grid]:
    """Grids of touching rules with at least two of each direction."""
    if len(across) < 2 or len(upright) < 1 or len(across) * len(upright) > _MOST_PAIRS:
        return []
    group = list(range(len(across)))
    uprights: list[list[int]] = []
    for x, bottom, top in upright:
        touched = [
            i
            for i, (y, left, right) in enumerate(across)
            if bottom - _TOUCH <= y <= top + _TOUCH and left - _TOUCH <= x <= right + _TOUCH
        ]
        uprights.append(touched)
        if len(touched) > 1:
            names = {group[i] for i in touched}
            first = min(names)
            group = [first if name in names else name for name in group]
    members: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for i, rule in enumerate(across):
        members.setdefault(group[i], ([], []))[0].append(rule)
    for rule, touched in zip(upright, uprights, strict=True):
        if touched:
            members[group[touched[0]]][1].append(rule)
    return [_grid(a, u) for a, u in members.values() if len(a) >= 2 and len(u) >= 1]


def _grid(across: list[Rule], upright: list[Rule]) -> Grid:
    xs = _places([rule[0] for rule in upright])
    ys = _places([rule[0] for rule in across])
    left, right = min(rule[1] for rule in across), max(rule[2] for rule in across)
    bottom, top = min(rule[1] for rule in upright), max(rule[2] for rule in upright)
    across, upright = list(across), list(upright)
    for edge in (left, right):
        if min(abs(edge - x) for x in xs) > 2 * _LEAST_CELL:
            xs.append(edge)
            upright.append((edge, bottom, top))
    for edge in (bottom, top):
        if min(abs(edge - y) for y in ys) > 2 * _LEAST_CELL:
            ys.append(edge)
            across.append((edge, left, right))
    return Grid(sorted(xs), sorted(ys, reverse=True), across, upright)


def _places(values: list[float]) -> list[float]:
    """Values without those next to another one."""
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > _LEAST_CELL:
            kept.append(value)
    return kept


def bands_of(across: Sequence[Rule]) -> list[tuple[float, float, list[float]]]:
    """Groups of at least two rules across that begin and end alike: left, right, and their heights from the top.

    A rule that is broken at the columns' borders counts as one.
    """
    wide = _bridged(across)
    groups: list[tuple[float, float, list[float]]] = []
    for y, left, right in sorted(wide, reverse=True):
        for group in groups:
            if abs(group[0] - left) <= _TOUCH and abs(group[1] - right) <= _TOUCH:
                group[2].append(y)
                break
        else:
            groups.append((left, right, [y]))
    return [group for group in groups if len(group[2]) >= 2]


def _bridged(across: Sequence[Rule]) -> list[Rule]:
    found: list[Rule] = []
    for rule in sorted(across):
        if found and abs(found[-1][0] - rule[0]) < 0.5 and 0 <= rule[1] - found[-1][2] <= 5 * _BROKEN:
            found[-1] = (found[-1][0], found[-1][1], rule[2])
        else:
            found.append(rule)
    return found
