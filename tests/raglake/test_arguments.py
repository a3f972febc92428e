"""What Python callers pass by mistake, and what they get back."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import raglake

RECIPE = raglake.RecipeOptions(embedder="hash")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("arguments")
    (root / "docs").mkdir()
    (root / "docs/pump.md").write_text("# Pump\n\nHold the red button.\n")
    raglake.ingest(root / "docs", root / "lake", recipe=RECIPE)
    return str(root / "lake")


@pytest.mark.parametrize(
    ("sources", "options", "message"),
    [
        ("", {}, "a source has no name"),
        ("handbook=", {}, "no such file or folder"),
        ([], {}, "no sources"),
        ({"handbook": "/srv"}, {}, "NAME=SOURCE"),
        (".", {"recipe": {"embedder": "hash"}}, "RecipeOptions"),
        (".", {"run": {"workers": 1}}, "RunOptions"),
    ],
)
def test_a_run_refuses_what_it_would_misunderstand(
    sources: Any, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(raglake.UsageError, match=message):
        raglake.ingest(sources, tmp_path / "lake", **options)
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("url", ["s3://", "\ud800", "a\0b"])
def test_a_lake_that_cannot_be_one_is_named(url: str) -> None:
    with pytest.raises(raglake.UsageError, match=r"names no bucket|not valid UTF-8|NUL"):
        raglake.open_lake(url)


def test_what_the_log_keeps_needs_a_reason(lake: str) -> None:
    with pytest.raises(raglake.UsageError, match="needs a reason"):
        raglake.pin(lake, why=" ")
    with pytest.raises(raglake.UsageError, match="needs a reason"):
        raglake.rollback(lake, "live", why="")


def test_a_release_is_found_by_a_moment(lake: str) -> None:
    index = raglake.open_lake(lake)
    assert index.release(datetime.now(UTC)) == index.release(datetime.now(UTC).date()) == index.release()
    assert index.search("red button", mode="text", at=datetime.now(UTC)).release == index.release().id


def test_an_index_in_use_can_be_sent_to_another_process(lake: str) -> None:
    index = raglake.open_lake(lake)
    index.search("red button", mode="text")
    assert pickle.loads(pickle.dumps(index)).release() == index.release()


def test_filters_are_checked_with_the_options() -> None:
    with pytest.raises(raglake.UsageError, match="filters"):
        raglake.SearchOptions(filters="x")  # type: ignore[arg-type]
