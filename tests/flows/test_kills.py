"""Every command killed at random while readers search: a short run of what benchmarks/kills.py does at length."""

from __future__ import annotations

from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_no_kill_loses_or_mixes_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from kill_harness.campaign import Campaign

    with Campaign(str(tmp_path / "lake"), tmp_path, seed=5, n_readers=1, pause=0.2) as campaign:
        campaign.begin()
        campaign.kill(10, seconds=12)

    figures = campaign.figures
    assert not figures.problems, figures.table()
    for command in ("ingest", "publish", "rollback", "prune", "forget", "rebuild"):
        assert figures.tallies[command].n_kills + figures.tallies[command].n_too_late, figures.table()
    assert figures.n_kills >= 3, figures.table()
    assert figures.watch.n_answers > 20, figures.table()
    assert figures.n_scratch, figures.table()
