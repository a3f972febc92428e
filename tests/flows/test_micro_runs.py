"""Runs over some documents, one after another: what they do together is guarded and audited as if it were one run."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from expectations.gate_sample import samples
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake, configuration
from lake.errors import RefusedError
from lake.index import open_lake
from lake.maintenance.prune import fold
from lake.options import RecipeOptions, Retention
from lake.questions import EvalQuestion, Evidence, add
from lake.records import scores
from lake.records.schemas import SCORES
from lake.releases.publishing import rollback
from lake.releases.values import Release
from lake.service.release_figures import ReleaseFigures
from lake.storage import clock

N = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of N documents, of which a fifth is restricted by sidecars."""
    place = tmp_path_factory.mktemp("micro")
    (place / "docs").mkdir()
    for number in range(N):
        (place / "docs" / f"{number}.md").write_text(f"# Lamp {number}\n\nLamp {number} burns oil.")
        if number % 5 == 0:
            (place / "docs" / f"{number}.md.meta.json").write_text(json.dumps({"acl": ["staff"]}))
    run(place)
    return place


def job_of(folder: Path, *only: str, **words: Any) -> Job:
    return Job((f"docs={folder / 'docs'}",), str(folder / "lake"), RecipeOptions(embedder="hash"), only=only, **words)


def run(folder: Path, *only: str, **words: int) -> Outcome:
    with PlainSteps(n_workers=1) as steps:
        return reindex(job_of(folder, *only, **words), steps)


def test_what_is_removed_bit_by_bit_trips_the_guard_also_after_releases_are_folded(folder: Path) -> None:
    lake = Lake(str(folder / "lake"))
    names = [f"{number}.md" for number in range(N) if number % 5]
    texts = {name: (folder / "docs" / name).read_text() for name in names}
    first, second, moved = names[:8], names[8:16], names[60:70]
    for part in (first, second):
        for name in part:
            (folder / "docs" / name).unlink()
    assert run(folder, *first).removed == 8
    (folder / "docs" / "shelf").mkdir()
    for name in moved:  # a rename removes nothing
        (folder / "docs" / name).rename(folder / "docs" / "shelf" / name)
    assert run(folder, *moved, "shelf/").moved == len(moved)
    fold(lake, Retention(keep_live_hours=0, keep_hourly=0))
    with pytest.raises(RefusedError, match=r"8 of 112 .*with 8 since the last run over everything"):
        run(folder, *second)
    for name, text in texts.items():
        (folder / "docs" / name).write_text(text)
    for name in moved:
        (folder / "docs" / "shelf" / name).unlink()
    assert run(folder).published


def test_what_is_opened_bit_by_bit_trips_the_guard(folder: Path) -> None:
    sidecars = [folder / "docs" / f"{number}.md.meta.json" for number in range(0, N, 5)]
    text = sidecars[0].read_text()
    for one in sidecars[:2]:  # of 24, so that 2 are a tenth
        one.unlink()
        assert run(folder, one.name).published
    sidecars[2].unlink()
    with pytest.raises(RefusedError, match="after 2 others since the last run over everything"):
        run(folder, sidecars[2].name)
    assert run(folder, sidecars[2].name, allow_opening=1).published
    for one in sidecars[:3]:
        one.write_text(text)
    run(folder)


def test_a_quiet_night_audits_all_of_what_small_runs_published(folder: Path) -> None:
    log = Lake(str(folder / "lake")).log
    (folder / "docs" / "1.md").write_text("# Lamp 1\n\nLamp 1 burns whale oil.")
    changed = run(folder, "1.md")
    verdict = log.read().verdict(changed.release or "")
    assert verdict is not None
    assert verdict["of_sample"]
    quiet = run(folder)
    assert (quiet.published, quiet.refused, quiet.release) == (False, False, changed.release)
    assert "passed all" in quiet.reason
    verdict = log.read().verdict(changed.release or "")
    assert verdict is not None
    assert "of_sample" not in verdict
    head = log.read().head
    assert run(folder).reason == "nothing to do"
    assert log.read().head == head

    (folder / "docs" / "2.md").write_text("# Lamp 2\n\nLamp 2 burns whale oil.")
    run(folder, "2.md")

    class Failing(PlainSteps):
        def audit(self, job: Job, candidate: Release) -> Any:  # type: ignore[override]
            return SimpleNamespace(passed=False, summary=lambda: f"{candidate.id} failed its audit")

    with Failing(n_workers=1) as steps:
        bad = reindex(job_of(folder), steps)
    assert (bad.refused, bad.blocked, bad.published) == (True, True, False)
    assert bad.reason.startswith("live has a problem: ")


GATE = {"sample": 20, "least": 10, "how": {"mode": "text"}}


def asking(lake: Lake) -> list[EvalQuestion]:
    """A question about each document, and a gate with a small sample."""
    asked = [EvalQuestion("lamps", f"Lamp {n}?", evidence=(Evidence(f"{n}.md"),)) for n in range(N)]
    add(lake, asked)
    configuration.put(lake.store, "gate", GATE)
    return asked


def questions_measured(lake: Lake, release: str | None) -> set[str]:
    return set(scores.read(lake, release or "").column("question_id").to_pylist())


def crowd(folder: Path, numbers: range) -> list[str]:
    """Pages that answer other pages' questions by their words alone, and so push them down."""
    (folder / "docs" / "crowd").mkdir(exist_ok=True)
    for number in numbers:
        (folder / "docs" / "crowd" / f"{number}.md").write_text(f"# Lamp {number}\n\n" + f"Lamp {number}. " * 3)
    return [f"crowd/{number}.md" for number in numbers]


def test_the_gate_of_a_small_run_measures_a_sample_and_what_it_changed_and_the_night_all(folder: Path) -> None:
    lake = Lake(str(folder / "lake"))
    asked = asking(lake)
    (folder / "docs" / "3.md").write_text("# Lamp 3\n\nLamp 3 burns fat.")
    night = run(folder)
    assert night.published
    assert len(questions_measured(lake, night.release)) == N
    for number in (7, 8):
        (folder / "docs" / f"{number}.md").write_text(f"# Lamp {number}\n\nLamp {number} burns fat.")
        small = run(folder, f"{number}.md")
        gate = lake.log.read().gate(small.release or "")
        assert small.published
        assert gate is not None
        assert (gate.facts["of_sample"], gate.facts["against"]) == (True, night.release)
        measured = questions_measured(lake, small.release)
        assert len(measured) == GATE["least"] + 1  # type: ignore[operator]
        assert asked[number].question_id in measured
        assert (is_timed(lake, night.release), is_timed(lake, small.release)) == (True, False)
    candidate = lake.log.read().releases[small.release or ""]
    few, everything = samples(lake, candidate, asked[:12], configuration.read(lake.store).gate)
    assert few is not None
    assert (len(few), everything) == (GATE["least"] + 1, None)  # type: ignore[operator]
    (folder / "docs" / "8.md").unlink()
    assert asked[8].question_id in questions_measured(lake, run(folder, "8.md").release)
    assert len(questions_measured(lake, night.release)) == N  # what a sample looks up costs none of them

    whole = pl.DataFrame(scores.read(lake, night.release or ""))
    keep(lake, whole.with_columns(value=0.25))
    assert shown_scores(lake) == {0.25}  # of all questions, not of the last sample
    keep(lake, whole)
    quiet = run(folder)
    history = lake.log.read()
    assert "passed all" in quiet.reason
    assert history.live is not None
    gate = history.gate(history.live.id)
    assert gate is not None
    assert (gate.facts["outcome"], gate.facts["against"]) == ("passed", night.release)
    assert history.is_judged_in_full(history.live.id)
    assert len(questions_measured(lake, history.live.id)) == N
    assert run(folder).reason == "nothing to do"


def is_timed(lake: Lake, release: str | None) -> bool:
    return "seconds" in scores.read(lake, release or "").column("measure").to_pylist()


def keep(lake: Lake, rows: pl.DataFrame) -> None:
    """Let rows be those of the last evaluation."""
    scores.keep(lake, rows.with_columns(evaluated_at=clock.now()).to_arrow().cast(SCORES))


def shown_scores(lake: Lake) -> set[float]:
    """Means that the service shows as metrics."""
    figures = ReleaseFigures(open_lake(lake.url))
    figures.look()
    return {sample.value for metric in figures.collect() if "score" in metric.name for sample in metric.samples}


def test_what_a_sample_suspects_is_measured_by_all_questions_and_what_it_missed_by_the_night(folder: Path) -> None:
    lake = Lake(str(folder / "lake"))
    asking(lake)
    live = lake.log.read().live
    names = crowd(folder, range(N))
    blocked = run(folder, "crowd/")
    assert (blocked.published, blocked.blocked) == (False, True)
    assert "document nDCG@10 of lamps fell" in blocked.reason
    assert len(questions_measured(lake, blocked.release)) == N
    gate = lake.log.read().gate(blocked.release or "")
    assert gate is not None
    assert "of_sample" not in gate.facts
    assert lake.log.read().live == live
    for name in names:
        (folder / "docs" / name).unlink()

    configuration.put(lake.store, "gate", {"mode": "off"})  # as if no sample had noticed
    crowd(folder, range(N))
    assert run(folder, "crowd/").published
    configuration.put(lake.store, "gate", GATE)
    night = run(folder)
    assert (night.refused, night.blocked, night.published) == (True, True, False)
    assert night.reason.startswith("live has a problem: ")
    assert f"answers worse than {live.id if live else ''}" in night.reason
    assert run(folder).reason == night.reason  # until somebody does something about it
    assert lake.log.read().measured_in_full == live
    small = lake.log.read().live
    assert small is not None
    assert live is not None
    rollback(lake.log, live, why="they crowd")
    rollback(lake.log, small, why="they may")
    assert lake.log.read().measured_in_full == small
    assert run(folder).reason == "nothing to do"
