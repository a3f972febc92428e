"""Globs: what they match, that both engines agree, and that none takes long."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import UsageError
from lake.sources.globs import matches, matching

_LETTERS = "ab/*?[]!-^.\\&~|é\n\u4e2d"


@given(st.text(_LETTERS, max_size=8), st.text("ab/[]!-^.\\&~|é\n\u4e2d", max_size=8))
def test_filters_and_sources_agree(pattern: str, uri: str) -> None:
    try:
        expected = matches(uri, pattern)
    except UsageError:
        return
    assert matching(pa.array([uri]), pattern).to_pylist() == [expected]


@pytest.mark.parametrize(
    "pattern",
    [
        "**/*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*Z",
        "*?" * 498 + "Z",
        "**a" * 300 + "Z",
        "**/" * 300 + "Z",
        "*" * 996 + "Z",
        "[a-b]*" * 160 + "Z",
        "*a*/" * 240 + "Z",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    uris = pa.array(["a/" * 60 + "ab" * 100 + ".md"] * 200)
    started = time.process_time()
    assert matching(uris, pattern).to_pylist() == [False] * 200
    assert time.process_time() - started < 5  # backtracking takes longer than the sun will shine


@pytest.mark.parametrize("pattern", ["[z-a].md", "docs/[b-a]*", "a" * 1001, "*" * 2000])
def test_what_is_no_glob_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="glob"):
        matches("a.md", pattern)
    with pytest.raises(UsageError, match="glob"):
        matching(pa.array(["a.md"]), pattern)
