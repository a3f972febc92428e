"""The demo asks what the documents of this machine can answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.cli import demo


def test_a_question_is_asked_where_its_document_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = [question for question, _ in demo.QUESTIONS]
    demo.collect(tmp_path / "documents")
    assert list(demo._answered_by(tmp_path / "documents")) == every
    monkeypatch.setattr(demo, "_CORPUS", tmp_path / "not in a wheel")
    demo.collect(tmp_path / "documents")
    assert list(demo._answered_by(tmp_path / "documents")) == every[1:]
    assert demo.wrong_answers({}) == []
