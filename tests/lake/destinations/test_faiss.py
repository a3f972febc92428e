"""FAISS files in a folder: files of others stay, and damaged ones are made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.destinations.sync import sync
from lake.errors import UsageError
from tests.lake.destinations.conftest import Lakes

pytest.importorskip("faiss")


@pytest.mark.parametrize("name", ["sales.parquet", "mine.faiss", "notes.txt"])
def test_files_of_others_stay(lakes: Lakes, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("of somebody else")
    with pytest.raises(UsageError, match="left alone"):
        sync(lakes.early, f"faiss:{tmp_path}")
    (tmp_path / name).unlink()
    sync(lakes.early, f"faiss:{tmp_path}", at=lakes.releases["full"])
    (tmp_path / name).write_text("of somebody else")
    sync(lakes.early, f"faiss:{tmp_path}", at=lakes.releases["changed"])
    assert (tmp_path / name).read_text() == "of somebody else"
    assert len(list(tmp_path.iterdir())) == 4, "the state, the index, its rows, and the file of somebody else"


@pytest.mark.parametrize("pattern", ["*.faiss", "*.parquet"])
def test_damaged_files_are_made_anew(lakes: Lakes, tmp_path: Path, pattern: str) -> None:
    whole = sync(lakes.early, f"faiss:{tmp_path}")
    (file,) = tmp_path.glob(pattern)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    mended = sync(lakes.early, f"faiss:{tmp_path}")
    assert mended.n_added == whole.n_rows["chunks"]
    assert sync(lakes.early, f"faiss:{tmp_path}").method == "none"


@pytest.mark.parametrize("state", ["", "{", "[]", "{}", '{"index": "a", "rows": "b", "state": {}}'])
def test_a_state_that_is_none_is_left_alone(lakes: Lakes, tmp_path: Path, state: str) -> None:
    (tmp_path / "raglake-faiss.json").write_text(state)
    for full in (True, False):
        with pytest.raises(UsageError, match="left alone"):
            sync(lakes.early, f"faiss:{tmp_path}", full=full)
    assert (tmp_path / "raglake-faiss.json").read_text() == state
