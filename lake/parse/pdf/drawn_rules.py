"""Thin boxes that a page draws: lines, and the edges of rectangles."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from typing import Any, overload

from lake.parse.pdf.geometry import Box
from lake.parse.pdf.native import Results, unchecked

_MOST_OBJECTS = 20_000
_MOST_SEGMENTS = 5_000
_DEEPEST_FORM = 4
_THIN = 3.0
_LEAST_RULE = 6.0

Matrix = tuple[float, float, float, float, float, float]
Shown = Callable[[float, float, float, float], Box]
_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
#: Types of objects and of pieces of paths, as pdfium numbers them.
_PATH, _FORM = 2, 5
_LINE_TO, _MOVE_TO = 0, 2


class _PathCalls:
    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self.count = unchecked("FPDFPage_CountObjects")
        self.get = unchecked("FPDFPage_GetObject", pointer)
        self.form_count = unchecked("FPDFFormObj_CountObjects")
        self.form_get = unchecked("FPDFFormObj_GetObject", pointer)
        self.kind = unchecked("FPDFPageObj_GetType")
        self.bounds = unchecked("FPDFPageObj_GetBounds")
        self.matrix = unchecked("FPDFPageObj_GetMatrix")
        self.n_segments = unchecked("FPDFPath_CountSegments")
        self.segment = unchecked("FPDFPath_GetPathSegment", pointer)
        self.segment_kind = unchecked("FPDFPathSegment_GetType")
        self.point = unchecked("FPDFPathSegment_GetPoint")
        self.closes = unchecked("FPDFPathSegment_GetClose")


@cache
def _path_calls() -> _PathCalls:
    return _PathCalls()


class DrawnRules(Sequence[Box]):
    """The rules of a page, moved by ``shown`` to where a reader sees them; none for a page that is a drawing.

    They are looked up when they are first used: most pages with gaps turn out to hold no table.
    """

    def __init__(self, page: ctypes.c_void_p, shown: Shown) -> None:
        self._page = page
        self._shown = shown

    @cached_property
    def _rules(self) -> list[Box]:
        return _Reader(self._shown).rules(self._page)

    def __len__(self) -> int:
        return len(self._rules)

    @overload
    def __getitem__(self, index: int) -> Box: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Box]: ...

    def __getitem__(self, index: int | slice) -> Box | Sequence[Box]:
        return self._rules[index]


class _Reader:
    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._quick = _path_calls()
        self._results = Results()

    def rules(self, page: ctypes.c_void_p) -> list[Box]:
        count = self._quick.count(page)
        if count > _MOST_OBJECTS:
            return []
        found: list[Box] = []
        for drawn, matrix in self._paths(page, count, self._quick.get, _SAME, 0):
            found += self._path_rules(drawn, matrix)
            if len(found) > _MOST_OBJECTS:
                return []
        return found

    def _paths(
        self, holder: ctypes.c_void_p, count: int, get: Any, outer: Matrix, depth: int
    ) -> Iterator[tuple[ctypes.c_void_p, Matrix]]:
        """The paths in a page or a form, and in the forms in it, each with the matrix of what it stands in."""
        kind_of, pointer = self._quick.kind, ctypes.c_void_p
        for i in range(count):
            drawn = pointer(get(holder, i))
            kind = kind_of(drawn)
            if kind == _PATH:
                yield drawn, outer
            elif kind == _FORM and depth < _DEEPEST_FORM:
                inside = min(self._quick.form_count(drawn), _MOST_OBJECTS)
                matrix = _times(self._matrix_of(drawn), outer)
                yield from self._paths(drawn, inside, self._quick.form_get, matrix, depth + 1)

    def _matrix_of(self, drawn: ctypes.c_void_p) -> Matrix:
        if not self._quick.matrix(drawn, self._results.floats_at):
            return _SAME
        a, b, c, d, e, f = self._results.floats
        return a, b, c, d, e, f

    def _path_rules(self, path: ctypes.c_void_p, outer: Matrix) -> list[Box]:
        """The straight pieces of a path that are long enough, or the box around one that is thin."""
        if not self._quick.bounds(path, *self._results.each_float_at):
            return []
        x0, y0, x1, y1, _, _ = self._results.floats
        if outer is not _SAME:
            x0, y0, x1, y1 = _moved_box(x0, y0, x1, y1, outer)
        width, height = x1 - x0, y1 - y0
        if width < _LEAST_RULE and height < _LEAST_RULE:
            return []
        if width <= _THIN + 1 or height <= _THIN + 1:
            return [box] if _is_rule(box := self._shown(x0, y0, x1, y1)) else []
        count = self._quick.n_segments(path)
        if count > _MOST_SEGMENTS:
            return []
        return self._straight(path, count, _times(self._matrix_of(path), outer))

    def _straight(self, path: ctypes.c_void_p, count: int, matrix: Matrix) -> list[Box]:
        """The rules among the straight pieces of a path; written out, since drawings have thousands of pieces."""
        quick, floats, pointer = self._quick, self._results.floats, ctypes.c_void_p
        segment_of, kind_of, point_of, closes = quick.segment, quick.segment_kind, quick.point, quick.closes
        x_at, y_at = self._results.each_float_at[:2]
        a, b, c, d, e, f = matrix
        found: list[Box] = []
        begin_x = begin_y = x = y = 0.0
        for i in range(count):
            segment = pointer(segment_of(path, i))
            kind = kind_of(segment)
            point_of(segment, x_at, y_at)
            u, v, _, _, _, _ = floats
            from_x, from_y = x, y
            x, y = a * u + c * v + e, b * u + d * v + f
            if kind == _MOVE_TO:
                begin_x, begin_y = x, y
            elif kind == _LINE_TO:
                self._note(found, from_x, from_y, x, y)
            if closes(segment):
                self._note(found, x, y, begin_x, begin_y)
        return found

    def _note(self, found: list[Box], x0: float, y0: float, x1: float, y1: float) -> None:
        """Note a straight piece if it is level or upright, and long enough."""
        if -_THIN <= x1 - x0 <= _THIN or -_THIN <= y1 - y0 <= _THIN:
            if -_LEAST_RULE < x1 - x0 < _LEAST_RULE and -_LEAST_RULE < y1 - y0 < _LEAST_RULE:
                return
            box = self._shown(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
            if _is_rule(box):
                found.append(box)


def _moved_box(
    left: float, bottom: float, right: float, top: float, matrix: Matrix
) -> tuple[float, float, float, float]:
    a, b, c, d, e, f = matrix
    if b == 0.0 == c:
        x0, x1, y0, y1 = a * left + e, a * right + e, d * bottom + f, d * top + f
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    points = [_moved(x, y, matrix) for x in (left, right) for y in (bottom, top)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _is_rule(box: Box) -> bool:
    width, height = box.right - box.left, box.top - box.bottom
    return min(width, height) <= _THIN and max(width, height) >= _LEAST_RULE


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _moved(x: float, y: float, matrix: Matrix) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
