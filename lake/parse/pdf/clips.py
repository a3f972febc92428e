"""What paths leave visible of an object of a page: text outside of them, or beside their shapes, may show nothing."""

from __future__ import annotations

import ctypes
from functools import cache

from lake.parse.pdf.native import Results, unchecked

_RECTANGLE_SEGMENTS, _MOST_SEGMENTS, _MOST_PATHS = 5, 200, 50


class _ClipCalls:
    def __init__(self) -> None:
        pointer = ctypes.c_void_p
        self.of = unchecked("FPDFPageObj_GetClipPath", pointer)
        self.n_paths = unchecked("FPDFClipPath_CountPaths")
        self.n_segments = unchecked("FPDFClipPath_CountPathSegments")
        self.segment = unchecked("FPDFClipPath_GetPathSegment", pointer)
        self.point = unchecked("FPDFPathSegment_GetPoint")
        self.bounds = unchecked("FPDFPageObj_GetBounds")
        self.results = Results()


@cache
def _calls() -> _ClipCalls:
    return _ClipCalls()


def clip_of(drawn: ctypes.c_void_p) -> str:
    """Whether an object lies "outside" of the paths that clip it, or "inside" one whose shape may leave it out."""
    calls = _calls()
    clip = ctypes.c_void_p(calls.of(drawn))
    n_paths = calls.n_paths(clip) if clip else 0
    if n_paths <= 0 or not calls.bounds(drawn, *calls.results.each_float_at):
        return ""
    left, bottom, right, top, _, _ = calls.results.floats
    x_at, y_at = calls.results.each_float_at[:2]
    point = calls.results.floats
    has_shape = False
    for path in range(min(n_paths, _MOST_PATHS)):
        n_segments = calls.n_segments(clip, path)
        if not 0 < n_segments <= _MOST_SEGMENTS:
            has_shape = True
            continue
        xs, ys = [], []
        for i in range(n_segments):
            calls.point(ctypes.c_void_p(calls.segment(clip, path, i)), x_at, y_at)
            xs.append(point[0])
            ys.append(point[1])
        if max(xs) <= left or min(xs) >= right or max(ys) <= bottom or min(ys) >= top:
            return "outside"
        has_shape = has_shape or n_segments > _RECTANGLE_SEGMENTS or not _is_rectangle(xs, ys)
    return "inside" if has_shape else ""


def _is_rectangle(xs: list[float], ys: list[float]) -> bool:
    return len(set(xs)) <= 2 and len(set(ys)) <= 2 and len(set(zip(xs, ys, strict=True))) in (1, 2, 4)
