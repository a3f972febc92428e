"""Search profiles that a request may choose by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import lake
from lake.errors import UsageError
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.explaining_bodies import ProfilesResult
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.profiles import read_profiles
from tests.lake.service.conftest import Running, TwoReleases, listening_service

FREE, BOUND = "free-key-0123456789abc", "bound-key-0123456789ab"


@pytest.fixture(scope="module")
def running(two_releases: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("profiles")
    for name, search in (("words", {"mode": "text"}), ("chunks", {"expand": "none", "alpha": 0.2})):
        (folder / f"{name}.json").write_text(json.dumps({"search": search}))
    ring = KeyRing([Key("free", digest_of(FREE)), Key("bound", digest_of(BOUND), options=("mode",))])
    profiles = read_profiles(str(path) for path in sorted(folder.iterdir()))
    limits = Capacity(rate=10_000, burst=10_000)
    app = create_app(lake.open_lake(two_releases.url), ring, limits, options={"window": 2}, profiles=profiles)
    with listening_service(app, limits) as service:
        yield service


def test_profiles_are_listed_beside_what_holds_without_one(running: Running) -> None:
    found = ProfilesResult.model_validate(running.get("/profiles", FREE).json())
    assert [(one.name, one.search) for one in found.profiles] == [
        ("chunks", {"expand": "none", "alpha": 0.2}),
        ("words", {"mode": "text"}),
    ]
    assert (found.configured["mode"], found.configured["window"], found.configured["rerank"]) == ("hybrid", 2, None)
    assert running.get("/profiles", BOUND).json()["profiles"] == []


def test_a_search_follows_its_profile_and_its_own_options_go_before(running: Running) -> None:
    usual = running.post("/query", FREE, text="lamp 7 oil").json()["hits"][0]
    words = running.post("/query", FREE, text="lamp 7 oil", profile="words").json()["hits"][0]
    both = running.post("/query", FREE, text="lamp 7 oil", profile="words", mode="hybrid").json()["hits"][0]
    assert (words["legs"], words["score"]) == (None, words["text_score"])
    assert (both["legs"], both["score"]) == (usual["legs"], usual["score"])
    why = running.post("/why", FREE, text="lamp 7 oil", doc_id=words["doc_id"], profile="words").json()
    assert why["mode"] == "text"


def test_an_unknown_profile_and_a_key_without_profiles_are_refused(running: Running) -> None:
    unknown = running.post("/query", FREE, text="lamp", profile="nope")
    assert (unknown.status_code, "it has chunks, words" in unknown.json()["message"]) == (400, True)
    assert running.post("/query", BOUND, text="lamp", profile="words").status_code == 403
    assert running.post("/query", BOUND, text="lamp", mode="text").status_code == 200


def test_profiles_of_one_name_or_of_answers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for place in (tmp_path / "a" / "one.json", tmp_path / "one.json"):
        place.write_text('{"search": {"mode": "text"}}')
    with pytest.raises(UsageError, match="two profiles are called one"):
        read_profiles([str(tmp_path / "one.json"), str(tmp_path / "a" / "one.json")])
    (tmp_path / "answers.json").write_text('{"answers": {"temperature": 0.5}}')
    with pytest.raises(UsageError, match="only searches choose a profile"):
        read_profiles([str(tmp_path / "answers.json")])
