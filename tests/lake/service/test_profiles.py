"""Search profiles that a request may choose by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import lake
from lake.answer import Completion
from lake.endpoints.usage import Usage
from lake.errors import UsageError
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.explaining_bodies import ProfilesResult
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.profiles import Profile, read_profiles
from tests.lake.service.conftest import Running, TwoReleases, listening_service


@dataclass(frozen=True, slots=True)
class SilentChat:
    """A chat model of unknown price that writes the same words about every question."""

    name: str = "silent:one"
    price: None = None

    def complete(self, messages: Any, **_: Any) -> Completion:
        return Completion("It holds oil [1].", Usage(100, 20), self.name, "stop", 0.1)

    def stream(self, messages: Any, **_: Any) -> Iterator[str | Completion]:
        yield "It holds oil [1]."
        yield self.complete(messages)


FREE, BOUND = "free-key-0123456789abc", "bound-key-0123456789ab"


@pytest.fixture(scope="module")
def running(two_releases: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("profiles")
    for name, search in (("words", {"mode": "text"}), ("chunks", {"expand": "none", "alpha": 0.2})):
        (folder / f"{name}.json").write_text(json.dumps({"search": search}))
    ring = KeyRing([Key("free", digest_of(FREE)), Key("bound", digest_of(BOUND), options=("mode",))])
    profiles = read_profiles(str(path) for path in sorted(folder.iterdir()))
    profiles["other"] = Profile({"mode": "text"}, {"max_tokens": 77}, SilentChat("other:one"))
    limits = Capacity(rate=10_000, burst=10_000)
    app = create_app(
        lake.open_lake(two_releases.url), ring, limits, options={"window": 2}, profiles=profiles, chat=SilentChat()
    )
    with listening_service(app, limits) as service:
        yield service


def test_profiles_are_listed_beside_what_holds_without_one(running: Running) -> None:
    found = ProfilesResult.model_validate(running.get("/profiles", FREE).json())
    assert [(one.name, one.search, one.model) for one in found.profiles] == [
        ("chunks", {"expand": "none", "alpha": 0.2}, None),
        ("words", {"mode": "text"}, None),
        ("other", {"mode": "text"}, "other:one"),
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
    assert (unknown.status_code, "it has chunks, words, other" in unknown.json()["message"]) == (400, True)
    assert running.post("/query", BOUND, text="lamp", profile="words").status_code == 403
    assert running.post("/query", BOUND, text="lamp", mode="text").status_code == 200


def test_each_question_of_a_batch_chooses_its_profile(running: Running) -> None:
    sent = [{"text": "lamp 7 oil"}, {"text": "lamp 7 oil", "profile": "words"}, {"text": "lamp", "profile": "nope"}]
    usual, words, unknown = running.post("/query/batch", FREE, queries=sent).json()["results"]
    assert usual["hits"][0]["legs"]
    assert words["hits"][0]["score"] == words["hits"][0]["text_score"]
    assert (unknown["status"], unknown["error"]) == (400, "usage")
    (bound,) = running.post("/query/batch", BOUND, queries=[sent[1]]).json()["results"]
    assert bound["status"] == 403


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_follows_its_profile_with_the_chat_model_of_that(running: Running, stream: bool) -> None:
    def asked(**words: str) -> dict[str, Any]:
        reply = running.post("/answer", FREE, question="lamp 7 oil", stream=stream, **words)
        return dict(json.loads(reply.text.rpartition("data: ")[2]))

    assert asked()["model"] == "silent:one"
    chosen = asked(profile="other")
    assert chosen["model"] == "other:one"
    assert {one["vector_rank"] for one in chosen["passages"]} == {None}
    assert {one["vector_rank"] for one in asked(profile="other", mode="vector")["passages"]} != {None}
    assert running.post("/answer", BOUND, question="lamp 7 oil", profile="other", stream=stream).status_code == 403


def test_a_budget_needs_the_price_of_the_model_of_each_profile(two_releases: TwoReleases) -> None:
    keys = KeyRing([Key("bound", digest_of(BOUND), budget_usd_per_day=1.0)])
    with pytest.raises(UsageError, match="no price is known for 'other:one'"):
        create_app(lake.open_lake(two_releases.url), keys, profiles={"other": Profile(chat=SilentChat("other:one"))})


def test_profiles_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for place in (tmp_path / "a" / "one.json", tmp_path / "one.json"):
        place.write_text('{"search": {"mode": "text"}}')
    with pytest.raises(UsageError, match="two profiles are called one"):
        read_profiles([str(tmp_path / "one.json"), str(tmp_path / "a" / "one.json")])
