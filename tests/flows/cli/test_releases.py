"""Going back, holding still and publishing by hand, as an operator does it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

import lake
from expectations.series import health_series
from flows.cli.app import _exit_status
from flows.cli.options import OK, REFUSED, USAGE
from flows.reindex import Outcome
from lake.directory import Lake
from lake.storage import clock


def write(source: Path, tide: str) -> None:
    for number in range(4):
        (source / f"{number}.md").write_text(f"# Quay {number}\n\nThe {tide} tide at quay {number} is at noon.")


def best(url: str, at: str = "live") -> str:
    return str(lake.open_lake(url).search("tide at quay 2", 1, at=at)["text"][0])


@pytest.fixture
def two(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> list[str]:
    releases = []
    for tide in ("spring", "neap"):
        write(source, tide)
        releases.append(ingest().release or "")
    return releases


def test_the_log_keeps_what_a_release_took_and_older_logs_are_read(
    two: list[str], lake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Lake(lake_url)
    chunks = lake.open_lake(lake_url).dataset("chunks", two[0]).to_table(columns=["n_tokens"])
    spent = place.log.read().spent(two[0])
    assert spent is not None
    assert (spent.n_texts_embedded, spent.n_tokens_embedded) == (4, sum(chunks["n_tokens"].to_pylist()))
    assert (spent.cost_usd, 0 < spent.seconds < 600) == (0.0, True)
    assert _exit_status(["releases", two[0], "--lake", lake_url]) == OK
    assert f"4 texts embedded, {spent.n_tokens_embedded} tokens" in capsys.readouterr().out
    place.log.checkpoint()
    assert Lake(lake_url).log.read().spent(two[0]) == spent

    (path,) = Path(lake_url, "log").glob("*.checkpoint.json")
    log = json.loads(path.read_text())
    for entry in log["entries"]:
        entry["facts"].pop("spent", None)
    path.write_text(json.dumps(log))
    assert lake.open_lake(lake_url).describe(two[0])["spent"] is None
    for words in (["releases", two[0]], ["report", "--out", str(Path(lake_url).parent / "report.html")]):
        assert _exit_status([*words, "--lake", lake_url]) == OK


def test_how_long_the_oldest_change_waited_is_known(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    write(source, "spring")
    began = clock.now()
    first = ingest()
    stamps = {
        "0.md": clock.now().timestamp() - 0.5,
        "1.md": began.timestamp() - 9_999,
        "2.md": began.timestamp() + 9_999,
    }
    write(source, "neap")
    for name, stamp in stamps.items():
        os.utime(source / name, (stamp, stamp))
    (source / "3.md").write_text("# Quay 3\n\nThe spring tide at quay 3 is at noon.")  # as it was
    capsys.readouterr()
    assert _exit_status(["plan", str(source), "--lake", lake_url, "--json"]) == OK
    planned = datetime.fromisoformat(json.loads(capsys.readouterr().out)["oldest_change_at"])
    second = ingest()
    history = Lake(lake_url).log.read()
    lag = history.lag(second.release or "")
    published = history.published(second.release or "")
    assert lag is not None
    assert published is not None
    # The file that bears an older time than the run that did not find it came after that had begun.
    assert abs((published.at - lag - planned).total_seconds()) < 1e-3
    assert abs((planned - began).total_seconds()) < 1
    assert history.lag(first.release or "") is None
    rows = health_series(lake.open_lake(lake_url)).to_pylist()
    assert [row["lag_seconds"] for row in rows] == [None, lag.total_seconds()]


def test_rollback_and_the_next_ingest_goes_on_from_there(
    two: list[str], source: Path, lake_url: str, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    reader = lake.open_lake(lake_url)
    assert "neap" in best(lake_url)
    assert _exit_status(["rollback", two[0], "--lake", lake_url, "--why", "wrong tides"]) == OK
    assert reader.release().id == two[0]
    assert "spring" in best(lake_url)
    listed = reader.releases().to_pylist()
    assert [row["status"] for row in listed] == ["live", "rolled back"]
    # The reason is about the release that readers were taken off.
    assert [row["why"] for row in listed] == ["", "wrong tides"]
    capsys.readouterr()
    assert _exit_status(["releases", two[1], "--lake", lake_url]) == OK
    assert f"rollback to {two[0]}" in capsys.readouterr().out
    assert _exit_status(["releases", two[0], "--lake", lake_url]) == OK
    shown = capsys.readouterr().out
    assert ("rollback to it" in shown, "wrong tides" in shown) == (True, False)
    write(source, "spring")
    (source / "1.md").write_text("# Quay 1\n\nClosed.")
    outcome = ingest()
    assert (outcome.changed, outcome.unchanged, outcome.n_texts_embedded) == (1, 3, 1)
    assert "spring" in best(lake_url)


def test_the_next_night_does_not_publish_again_what_was_rolled_back(
    two: list[str], lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    _exit_status(["rollback", two[0], "--lake", lake_url, "--why", "wrong tides"])
    outcome = ingest()
    assert (outcome.published, outcome.refused, outcome.release) == (False, True, two[1])
    assert "was rolled back (wrong tides)" in outcome.reason
    assert "spring" in best(lake_url)
    rows = lake.open_lake(lake_url).releases().to_pylist()
    assert (rows[1]["status"], rows[1]["why"]) == ("rolled back", "wrong tides")
    again = ["publish", two[1], "--lake", lake_url, "--force", "--why", "the tides were right"]
    assert _exit_status(again) == OK
    assert "neap" in best(lake_url)


def test_a_pin_holds_and_candidates_are_built(
    two: list[str], source: Path, lake_url: str, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_status(["pin", "--lake", lake_url, "--why", "audit week"]) == OK
    write(source, "king")
    outcome = ingest()
    assert (outcome.published, outcome.refused) == (False, True)
    assert "pinned (audit week)" in outcome.reason
    assert "neap" in best(lake_url)
    assert "king" in best(lake_url, outcome.release or "")
    assert _exit_status(["publish", outcome.release or "", "--lake", lake_url]) == REFUSED
    assert "pinned" in capsys.readouterr().err
    assert _exit_status(["unpin", "--lake", lake_url]) == OK
    assert _exit_status(["publish", outcome.release or "", "--lake", lake_url, "--why", "looked at it"]) == OK
    assert "king" in best(lake_url)


def test_force_records_who_and_why(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    for number in range(20):
        (source / f"{number}.md").write_text(f"Buoy {number} is green.")
    ingest()
    for number in range(14):
        (source / f"{number}.md").write_text("")
    refused = ingest()
    publish = ["publish", refused.release or "", "--lake", lake_url]
    assert _exit_status(publish) == REFUSED
    assert _exit_status([*publish, "--force"]) == USAGE
    assert _exit_status([*publish, "--force", "--why", "they are empty on purpose"]) == OK
    index = lake.open_lake(lake_url)
    last = index.history().entries[-1]
    assert (last.action, last.facts["forced"], last.why) == ("publish", True, "they are empty on purpose")
    assert last.by
    assert index.release().id == refused.release


def test_a_candidate_that_never_was_live_is_no_place_to_go_back_to(
    two: list[str], source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    write(source, "king")
    candidate = ingest(publish=False).release or ""
    assert _exit_status(["rollback", candidate, "--lake", lake_url, "--why", "x"]) == USAGE
