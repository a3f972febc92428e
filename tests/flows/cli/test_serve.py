"""``raglake serve``: what its options make of the service; the service itself has tests of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from lake.directory import Lake
from lake.service import server


def test_its_options_reach_the_answers(lake_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Lake(lake_url).create()
    served: list[Any] = []

    def serve(app: Any, bounds: Any, listened: Any, **_: Any) -> None:
        listened.close()
        served.extend((app, bounds))

    monkeypatch.setattr(server, "serve", serve)
    words = ["serve", "--lake", lake_url, "--min-evidence", "0.2", "--max-tokens", "90", "--prompts", str(tmp_path)]
    assert _exit_status([*words, "--answering", "3", "--port", "0"]) == OK
    guard, bounds = served
    answers = guard.app.state.service.answers
    assert (answers.min_evidence, answers.max_tokens, answers.prompts) == (0.2, 90, str(tmp_path))
    assert (bounds.n_answering, bounds.n_threads) == (3, 4)
    assert _exit_status(["serve", "--lake", lake_url, "--min-evidence", "2"]) == USAGE
