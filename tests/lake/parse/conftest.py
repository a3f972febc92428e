"""Fixtures of the parsers' tests."""

from __future__ import annotations

import pytest

from lake.parse import ocr


@pytest.fixture
def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra ``raglake[ocr]`` is not installed."""
    monkeypatch.setattr(ocr, "installed", lambda: False)
