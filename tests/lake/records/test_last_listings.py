"""When each source was last listed: noted by every run over all of it, and by no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.outcome import Outcome
from lake import open_lake
from lake.directory import Lake
from lake.inspect.sources import held
from lake.records.last_listings import last_listed, note_listed


def listed(lake_url: str) -> datetime | None:
    (row,) = held(Lake.existing(lake_url))
    assert open_lake(lake_url).status()["listed_at"] == {row["source"]: row["listed_at"]}
    at: datetime | None = row["listed_at"]
    return at


def test_runs_over_everything_note_it_also_on_a_quiet_night_and_others_do_not(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    (source / "a.md").write_text("# Ducats\n\nOne ducat is worth nine.\n")
    began = datetime.now(UTC)
    assert ingest().published
    first = listed(lake_url)
    assert first is not None
    assert began <= first <= datetime.now(UTC)
    before = len(Lake(lake_url).log.read().entries)
    assert ingest().reason == "nothing to do"  # told by the note of a quiet night
    quiet = listed(lake_url)
    assert ingest(verify=True).reason.startswith("nothing to do")  # told by a scan
    scanned = listed(lake_url)
    assert quiet is not None
    assert scanned is not None
    assert first < quiet < scanned
    (source / "a.md").write_text("# Ducats\n\nOne ducat is worth eight.\n")
    assert not ingest(rights_only=True).published
    assert ingest(only=("a.md",)).published
    assert listed(lake_url) == scanned
    assert len(Lake(lake_url).log.read().entries) == before + 3  # built, audited, published: of the changed document


def test_a_run_that_could_not_list_notes_nothing(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    for name in "abcd":
        (source / f"{name}.md").write_text(f"# About {name}\n\nAll about {name}.\n")
    ingest()
    first = listed(lake_url)
    for name in "abcd":
        (source / f"{name}.md").unlink()
    with pytest.raises(Exception, match="nothing was written"):
        ingest()
    assert listed(lake_url) == first


def test_an_unknown_or_damaged_note_is_none(tmp_path: Path) -> None:
    store = Lake(str(tmp_path)).store
    assert last_listed(store, "docs") is None
    moment = datetime(2026, 11, 21, 2, tzinfo=UTC)
    note_listed(store, ["docs", "mails"], moment)
    assert last_listed(store, "docs") == last_listed(store, "mails") == moment
    assert not any(b"mails" in path.read_bytes() for path in (tmp_path / "listings").iterdir())
    for damage in ("", "[]", "{}", '{"began_at": 3}', '{"began_at": "soon"}'):
        for path in (tmp_path / "listings").iterdir():
            path.write_text(damage)
        assert last_listed(store, "docs") is None
