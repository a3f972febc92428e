"""An examination by parts: each day another, and all of them find what the whole finds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import raglake
from lake.maintenance.doctor import examine, open_damaged
from lake.storage import clock

PARTS = 3


@pytest.mark.parametrize("kind", ["contents", "vectors", "tables"])
def test_some_day_finds_the_damage(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(12):
        (tmp_path / f"docs/{number}.md").write_text(f"# Pump {number}\n\nHold the red button {number} times.\n")
    raglake.ingest(tmp_path / "docs", tmp_path / "lake", recipe=raglake.RecipeOptions(embedder="hash"))
    pattern = "*.lance/data/*.lance" if kind == "tables" else "*.parquet"
    damaged = sorted(Path(tmp_path, "lake", kind).rglob(pattern))[0]
    data = bytearray(damaged.read_bytes())
    data[: len(data) // 2] = bytes(len(data) // 2)
    damaged.write_bytes(data)
    today = clock.now()
    found = []
    for day in range(PARTS):
        monkeypatch.setattr(clock, "now", lambda day=day: today + timedelta(days=day))
        issues = examine(open_damaged(str(tmp_path / "lake")), parts=PARTS).issues
        found.append(any(damaged.name in issue.where for issue in issues))
    assert found.count(True) == 1
