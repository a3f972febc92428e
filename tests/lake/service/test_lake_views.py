"""What a key may see of the lake as a whole, and what it shows: releases, differences, quarantine, costs."""

from __future__ import annotations

import asyncio
import json
import shutil
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import lake
from lake import operate
from lake.console.app import mount
from lake.directory import Lake, configuration
from lake.directory.configuration import Alarms
from lake.ids import document_id
from lake.inspect import lake_state
from lake.records import scores
from lake.records.query_log import QUERIES
from lake.records.schemas import SCORES
from lake.releases.publishing import record_gate
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.storage import clock
from tests.house import ROOT
from tests.lake.service.conftest import Running, TwoReleases, _listening

ALL, HR, NOBODY = "a-key-that-sees-everything", "a-key-of-the-people-of-hr", "a-key-of-nobody-at-all"
RING = KeyRing(
    [
        Key("all", digest_of(ALL), "*"),
        Key("hr", digest_of(HR), ("hr",)),
        Key("nobody", digest_of(NOBODY), operator=True),
    ]
)
VIEWS = ("/timeline", "/log", "/releases/live", "/diff", "/quarantine", "/lake", "/lake/disk", "/lake/costs")


@pytest.fixture(scope="module")
def url(two_releases: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy with a score of each release, a name, and a rollback that was undone."""
    place = tmp_path_factory.mktemp("views") / "lake"
    shutil.copytree(two_releases.url, place)
    for release, value in ((two_releases.before, 0.5), (two_releases.after, 0.75)):
        scores.keep(Lake(str(place)), _scores(release, value, "text"))
    scores.keep(Lake(str(place)), _scores(two_releases.before, 0.25, "vector"))  # later, and not as live
    operate.rollback(str(place), two_releases.before, why="olive oil was wrong", by="ann")
    operate.rollback(str(place), two_releases.after, why="olive oil was right", by="bob")
    operate.name(str(place), two_releases.before, "whale", why="the old oil", by="ann")
    return str(place)


def _scores(release: str, value: float, mode: str) -> pa.Table:
    row: dict[str, Any] = dict.fromkeys(SCORES.names)
    row |= {"release": release, "set": "oils", "settings": f'{{"mode": "{mode}"}}', "status": "scored", "value": value}
    row |= {"level": "document", "measure": "nDCG@10", "evaluated_at": clock.now(), "question_digest": "d"}
    return pa.Table.from_pylist([row | {"question_id": name} for name in ("q1", "q2")], schema=SCORES)


@pytest.fixture(scope="module")
def running(url: str) -> Iterator[Running]:
    limits = Capacity(rate=10_000, burst=10_000)
    running, stop = _listening(create_app(lake.open_lake(url), RING, limits), limits)
    yield running
    stop()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("key", [HR, NOBODY])
def test_a_key_that_does_not_see_every_document_learns_nothing_of_the_whole(
    running: Running, view: str, key: str
) -> None:
    refused = running.get(view, key)
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    assert "payroll" not in refused.text
    assert running.get(view, ALL).status_code == 200


def test_the_time_line_has_states_reasons_counts_and_scores(running: Running, two_releases: TwoReleases) -> None:
    found = running.get("/timeline", ALL).json()
    newest, oldest = found["releases"]
    assert (found["live"], found["n_releases"], found["next_before"]) == (two_releases.after, 2, None)
    assert (newest["status"], oldest["status"], oldest["names"]) == ("live", "rolled back", ["whale"])
    assert (newest["rolled_back_because"], oldest["rolled_back_because"]) == (None, "olive oil was right")
    assert newest["changes"] == {"added": 0, "changed": 41, "moved": 0, "removed": 0}
    assert [row["mean"] for row in newest["scores"] + oldest["scores"]] == [0.75, 0.5]
    assert newest["scores"][0]["questions"] == oldest["scores"][0]["questions"]


def test_the_time_line_comes_in_pages(running: Running, two_releases: TwoReleases) -> None:
    first = running.get("/timeline", ALL, limit=1).json()
    assert [row["release"] for row in first["releases"]] == [first["next_before"]] == [two_releases.after]
    second = running.get("/timeline", ALL, limit=1, before=first["next_before"]).json()
    assert ([row["release"] for row in second["releases"]], second["next_before"]) == ([two_releases.before], None)
    assert running.get("/timeline", ALL, before="2020-01-01.1").status_code == 404


def test_the_log_states_who_did_what_and_why(running: Running) -> None:
    found = running.get("/log", ALL, limit=2).json()
    named, undone = found["entries"]
    assert (named["action"], named["by"], named["why"], named["name"]) == ("name", "ann", "the old oil", "whale")
    assert (undone["action"], undone["by"]) == ("rollback", "bob")
    older = running.get("/log", ALL, before=found["next_before"], limit=200).json()
    assert older["entries"][0]["why"] == "olive oil was wrong"
    assert "build" in {entry["action"] for entry in older["entries"]}


def test_a_release_has_its_checks_its_log_and_whether_it_can_be_published(running: Running) -> None:
    found = running.get("/releases/whale", ALL).json()
    assert found["checks"]["n_checks"] > 10
    assert [one for one in found["checks"]["audit"] if one["severity"] == "critical"] == []
    assert [entry["action"] for entry in found["entries"][:2]] == ["name", "rollback"]
    assert "but live is now" in found["refusal"]
    assert found["recipe_fields"]["embedder"]["name"] == "hash"
    assert running.get("/releases/live", ALL).json()["refusal"] is None
    assert running.get("/releases/2020-01-01.1", ALL).status_code == 404


def test_two_releases_are_compared_page_by_page(running: Running, two_releases: TwoReleases) -> None:
    page = running.get("/diff", ALL, limit=40).json()
    assert (page["a"], page["b"], page["kind"]) == (two_releases.before, two_releases.after, "changed")
    assert page["counts"] == {
        "added": 0,
        "changed": 41,
        "reindexed": 0,
        "moved": 0,
        "removed": 0,
        "entered": 0,
        "altered": 0,
        "left": 0,
    }
    rest = running.get("/diff", ALL, start=page["next_start"]).json()
    assert [row["uri"] for row in rest["rows"]] == ["payroll.md"]
    assert rest["next_start"] is None
    row = page["rows"][0]
    assert row["doc_id"] == document_id(row["source"], row["uri"])
    assert running.get("/diff", ALL, a="whale", b="whale").json()["equal"] is True
    assert running.get("/diff", ALL, kind="painted").status_code == 422


def test_costs_have_a_row_for_each_day_and_count_logged_answers_once(running: Running, url: str) -> None:
    row: dict[str, Any] = dict.fromkeys(QUERIES.schema.names) | {"degraded": [], "hits": [], "kind": "answer"}
    row |= {"asked_at": clock.now(), "n_input": 100, "n_output": 20, "cost_usd": 0.25}
    kept = [row | {"log_id": "one"}, row | {"log_id": "one"}, row | {"log_id": "two", "cost_usd": None}]
    kept.append(row | {"log_id": "old", "asked_at": clock.now() - timedelta(days=1)})
    QUERIES.write(Lake(url), kept)
    days = running.get("/lake/costs", ALL, days=3).json()["days"]
    assert [day["answers"]["n_answers"] for day in days] == [0, 1, 2]
    assert days[2]["answers"] == {"n_answers": 2, "n_tokens": 240, "usd": 0.25, "n_unpriced": 1}
    assert sum(day["embedding"]["n_builds"] for day in days) == 2


def test_disk_adds_up_to_what_lies_there(running: Running, url: str) -> None:
    found = running.get("/lake/disk", ALL).json()
    n_bytes = sum(
        path.stat().st_size for path in Path(url).rglob("*") if path.is_file() and "queries" not in path.parts
    )
    assert abs(found["n_bytes"] - n_bytes) < 20_000  # another test may add a few files meanwhile
    assert {"tables", "contents", "log"} <= {row["folder"] for row in found["folders"]}
    assert found["n_bytes_free"] > 0


@pytest.fixture
def troubled(two_releases: TwoReleases, tmp_path: Path) -> Iterator[tuple[Running, str]]:
    """A service over a lake of its own, in which two documents fail and alarms are set."""
    from tests.lake.service.conftest import _ingested

    url = str(tmp_path / "lake")
    configured = Lake(url)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "broken.json").write_text('{"a": ')
    (tmp_path / "source" / "<b>empty.md").write_text(" ")
    _ingested(tmp_path, "rape")
    configuration.put(configured.store, "alarms.quarantine_share", 0.01)
    configuration.put(configured.store, "alarms.scores.document nDCG@10", 0.5)
    limits = Capacity(rate=10_000, burst=10_000)
    running, stop = _listening(create_app(lake.open_lake(url), RING, limits), limits)
    yield running, url
    stop()


def test_quarantine_names_causes_cures_and_documents(troubled: tuple[Running, str]) -> None:
    running, _ = troubled
    found = running.get("/quarantine", ALL).json()
    assert {kind["error_class"]: kind["n"] for kind in found["kinds"]} == {"empty": 1, "truncated": 1}
    assert all(kind["cause"] and kind["next_step"] and kind["since"] for kind in found["kinds"])
    assert [row["uri"] for row in found["documents"]] == ["<b>empty.md", "broken.json"]
    one = running.get("/quarantine", ALL, kind="truncated").json()
    assert ([row["uri"] for row in one["documents"]], one["n"]) == (["broken.json"], 1)
    named = running.get("/quarantine", ALL, name="Json brok").json()
    assert ([row["uri"] for row in named["documents"]], named["n"]) == (["broken.json"], 1)
    hostile = running.get("/quarantine", ALL, kind="' OR 1=1 --")
    assert (hostile.status_code, hostile.json()["n"]) == (200, 0)


def test_the_state_of_a_lake_names_what_is_wrong_with_it(troubled: tuple[Running, str]) -> None:
    running, url = troubled
    found = running.get("/lake", ALL).json()
    assert found["alarms"]["raised"] == [
        "document nDCG@10 can't be measured: no question of the lake has evidence for it",
        "2 of 43 documents are in quarantine, more than 1.0%",
    ]
    assert found["freshness"]["age_seconds"] >= 0
    assert [(row["format"], row["n_words_lost"]) for row in found["words"]] == [("markdown", 0)]
    assert found["words"][0]["n_words_kept"] > 200
    assert [(row["n_documents"], bool(row["listed_at"])) for row in found["sources"]] == [(43, True)]
    assert found["lake"] == url
    json.dumps(found)


def test_a_sample_raises_no_alarm_about_scores(troubled: tuple[Running, str]) -> None:
    log, least = Lake(troubled[1]).log, Alarms(scores={"document nDCG@10": 0.5})
    score = {"set": "port", "question_id": "q1", "level": "document", "measure": "nDCG@10", "value": 0.1,
             "settings": "{}", "status": "scored", "evaluated_at": clock.now()}  # fmt: skip
    rows = pa.Table.from_pylist([score], schema=SCORES)

    def raised(n_questions: int) -> list[str]:
        found: list[str] = lake_state.alarms(least, log.read(), rows, lambda: {"port": n_questions}, {})["raised"]
        return found

    low = ["document nDCG@10 of port is 0.1000 over 1 question, less than 0.5"]
    assert raised(2) == low
    live = log.read().live
    assert live is not None
    record_gate(log, live, outcome="passed", why="", of_sample=True)
    assert (raised(2), raised(1)) == ([], low)


def test_a_lake_of_the_version_before_has_all_views(tmp_path: Path) -> None:
    with tarfile.open(ROOT / "tests/compatibility/lake-0.3.0.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    keys = KeyRing(anonymous=Key("anonymous", principals="*", operator=True))
    app = mount(create_app(lake.open_lake(str(tmp_path / "lake")), keys, Capacity(rate=10_000, burst=10_000)))

    async def statuses() -> dict[str, int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
            rows = (await client.get("/timeline")).json()["releases"]
            assert {"live", "refused", "rolled back"} < {row["status"] for row in rows}
            ids = [row["release"] for row in rows]
            pages = ["/releases", "/releases/log", "/releases/compare", "/health", "/health/space"]
            pages += [f"/releases/{name}" for name in ids]
            pages += [f"/releases/compare?a={a}&b={b}" for a, b in pairwise(reversed(ids))]
            paths = [*VIEWS, *(f"/console{page}" for page in pages)]
            return {path: (await client.get(path)).status_code for path in paths}

    assert {path for path, status in asyncio.run(statuses()).items() if status != 200} == set()


def test_an_empty_lake_has_views_too(tmp_path: Path) -> None:
    Lake(str(tmp_path / "lake")).create()
    limits = Capacity(rate=10_000, burst=10_000)
    running, stop = _listening(create_app(lake.open_lake(str(tmp_path / "lake")), RING, limits), limits)
    try:
        got = {view: running.get(view, ALL) for view in VIEWS}
        assert got["/timeline"].json()["releases"] == got["/log"].json()["entries"] == []
        assert got["/lake"].json()["live"] is None
        for view in ("/releases/live", "/diff", "/quarantine"):
            assert (got[view].status_code, "nothing is published" in got[view].text) == (404, True)
    finally:
        stop()
