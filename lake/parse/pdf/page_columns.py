"""The columns in which a page's prose is set, so that a table in one is not mixed with the prose beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter

from lake.parse.pdf.segments import Segment, SegmentLine, lines_of

_PROSE_WORDS = 5
_LEAST_LINES = 8
_LEAST_SHARE = 0.2
_SAME_EDGE = 6.0


def page_regions(segments: Sequence[Segment]) -> Iterator[list[SegmentLine]]:
    """Lines of each column of prose, and of what reaches over all columns, such as a wide table."""
    gaps = _gaps([segment for segment in segments if len(segment.words) >= _PROSE_WORDS])
    lines = lines_of(segments)
    if not gaps:
        yield lines
        return
    over_all: list[SegmentLine] = []
    for crosses, group in groupby(lines, key=lambda line: _crosses(line, gaps)):
        block = list(group)
        inside = [segment for line in block for segment in line.segments]
        prose = sum(len(segment.words) >= _PROSE_WORDS for segment in inside)
        if crosses or prose < 3 or prose < 0.25 * len(inside):
            over_all += block
            continue
        if over_all:
            yield over_all
            over_all = []
        for column in range(len(gaps) + 1):
            yield lines_of(segment for segment in inside if sum(segment.left > gap for gap in gaps) == column)
    yield over_all


def _crosses(line: SegmentLine, gaps: Sequence[float]) -> bool:
    return any(segment.left < gap < segment.right for segment in line.segments for gap in gaps)


def _gaps(prose: Sequence[Segment]) -> list[float]:
    """Places between columns of prose; none if it is set in one column."""
    if len(prose) < 2 * _LEAST_LINES:
        return []
    groups: list[list[Segment]] = []
    for segment in sorted(prose, key=attrgetter("left")):
        if groups and segment.left - groups[-1][0].left <= _SAME_EDGE:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    main = [group for group in groups if len(group) >= max(_LEAST_LINES, _LEAST_SHARE * len(prose))]
    gaps = []
    for one, other in pairwise(main):
        rights = sorted(segment.right for segment in one)
        edge, left = rights[int(0.8 * (len(rights) - 1))], other[0].left
        if edge < left:
            gaps.append((edge + left) / 2)
    return gaps
