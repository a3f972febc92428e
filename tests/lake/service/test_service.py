"""The service over real connections: what it answers, and whom it refuses."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import lake
from lake.adapters.access import Access
from lake.directory import Lake
from lake.errors import UsageError
from lake.service.keys import Key, KeyRing, digest_of, load_keys
from lake.service.response_bodies import Document, Health, QueryResult, Refusal
from lake.service.responses import encode
from lake.service.server import check_openness, hosts_of
from tests.lake.service.conftest import ANONYMOUS, Start, TwoReleases

KEY, OTHER = "k" * 20, "o" * 20


def ring(**words: object) -> KeyRing:
    return KeyRing([Key("team", digest_of(KEY), **words), Key("other", digest_of(OTHER))])  # type: ignore[arg-type]


def test_it_finds_what_the_library_finds_and_names_the_release(start: Start, two_releases: TwoReleases) -> None:
    running, index = start(), lake.open_lake(two_releases.url)
    for at, release in (("live", two_releases.after), (two_releases.before, two_releases.before)):
        answer = running.post(text="which lamp burns olive oil?", k=3, at=at, mode="hybrid")
        assert answer.status_code == 200
        assert answer.headers["raglake-release"] == answer.json()["release"] == release
        expected = index.search("which lamp burns olive oil?", 3, at=at).to_pylist()
        assert answer.json()["hits"] == json.loads(encode(expected))
        assert len(QueryResult.model_validate(answer.json()).hits) == 3


def test_what_does_not_exist_is_not_found(start: Start) -> None:
    running = start()
    for answer, error in (
        (running.post(text="lamp", at="1999-01-01"), "no_release"),
        (running.get("/documents/0123456789abcdef", at="tomorrow"), "no_release"),
        (running.get("/documents/0123456789abcdef"), "no_document"),
        (running.get("/documents/x' OR '1'='1"), "no_document"),
        (running.get("/chunks"), "no_route"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (404, error)
        assert answer.headers["content-type"] == "application/problem+json"
        assert Refusal.model_validate(answer.json()).request_id == answer.headers["x-request-id"]


def test_a_document_is_read_in_pieces(start: Start, two_releases: TwoReleases) -> None:
    running = start(document_characters=10)
    doc_id = running.post(text="lamp 7", k=1).json()["hits"][0]["doc_id"]
    for at in (two_releases.before, two_releases.after):
        start_at, text = 0, ""
        while start_at is not None:
            piece = Document.model_validate(running.get(f"/documents/{doc_id}", at=at, start=start_at).json())
            assert piece.release == at
            text += "".join(section.text for section in piece.sections)
            start_at = piece.next_start  # type: ignore[assignment]
        parents = lake.open_lake(two_releases.url).dataset("parents", at).to_table(filter=f"doc_id = '{doc_id}'")
        assert text == "".join(parents["text"].to_pylist())


ODD = [
    b"",
    b"[]",
    b"{",
    b'{"text": 7}',
    b'{"text": "lamp", "k": 0}',
    b'{"text": "lamp", "k": 1000}',
    b'{"text": "lamp", "k": NaN}',
    b'{"text": "lamp", "min_score": Infinity}',
    b'{"text": "lamp", "alpha": 1e999}',
    b'{"text": "lamp", "k": ' + b"9" * 5000 + b"}",
    b'{"text": "lamp \\ud83d"}',
    b'{"text": "lamp", "filters": {"uri": "\\udc00"}}',
    b'{"text": "lamp", "at": "\\ud800"}',
    b'{"text": "\xff"}',
    b'{"text": "!?"}',
    b'{"text": "lamp", "where": "1 = 1"}',
    b'{"text": "lamp", "principals": ["root"]}',
    b'{"text": "lamp", "embedder": "minilm"}',
    b'{"text": "' + b"a" * 30_000 + b'"}',
    b"[" * 50_000,
    b'{"text": "lamp", "filters": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
]


def test_odd_requests_are_refused_with_a_reason(start: Start) -> None:
    running = start()
    with httpx.Client(base_url=running.url, headers={"Content-Type": "application/json"}, timeout=60) as client:
        for body in ODD:
            answer = client.post("/query", content=body)
            assert answer.status_code in (400, 422), (body[:60], answer.text)
            assert Refusal.model_validate(answer.json()).message
        answer = client.post("/query", content=b'{"text": "lamp"}', headers={"Content-Type": "text/plain"})
        assert answer.status_code == 422
        assert client.post("/query", json={"txt": "lamp"}).json()["message"] == (
            "body.text: required, but missing; body.txt: unknown field; /docs lists those there are"
        )
    assert running.post(text="lamp 3 \x00 ; DROP TABLE chunks").status_code == 200


def test_who_has_no_key_learns_nothing(start: Start) -> None:
    running = start(ring())
    for path in ("/releases", "/metrics", "/documents/0123456789abcdef", "/nothing"):
        for key in ("", "wrong", KEY + "x", KEY[:-1], "é"):
            headers = {"Authorization": f"Bearer {key}".encode()} if key else {}
            answer = httpx.get(f"{running.url}{path}", headers=headers, timeout=60)
            assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert httpx.get(f"{running.url}/releases", auth=("team", KEY), timeout=60).status_code == 401
    assert running.post(key=KEY, text="lamp").status_code == running.post(key=OTHER, text="lamp").status_code == 200
    assert Health.model_validate(running.get("/health").json()).status == "ok"


def test_a_key_sees_what_its_principals_may(start: Start, two_releases: TwoReleases) -> None:
    running, index = start(ring(principals=("hr",))), lake.open_lake(two_releases.url)
    [secret] = index.search("ducats", 1, mode="text", principals=["hr"])["doc_id"].to_pylist()
    for at in ("live", two_releases.before):
        for key, is_seen in ((KEY, True), (OTHER, False)):
            hits = running.post(key=key, text="ducats", mode="text", at=at).json()["hits"]
            assert [hit["doc_id"] for hit in hits] == [secret] * is_seen
            read = running.get(f"/documents/{secret}", key, at=at)
            assert read.status_code == (200 if is_seen else 404)
            assert ("ducats" in read.text) == is_seen
    for words in ({"where": "1 = 1"}, {"principals": "*"}, {"filters": {"doc_id": secret}}, {"filters": {"acl": "hr"}}):
        assert secret not in json.dumps(running.post(key=OTHER, text="ducats", **words).json().get("hits", []))


def test_a_filter_that_only_hidden_documents_pass_answers_as_one_that_none_does(two_releases: TwoReleases) -> None:
    index = lake.open_lake(two_releases.url)
    for mode in ("text", "hybrid"):
        hidden, none = (
            index.search("oil", filters={"uri": {"glob": glob}}, mode=mode, principals=["staff"])
            for glob in ("payr*", "nope*")
        )
        assert (len(hidden), hidden.query_id, hidden.degraded) == (len(none), none.query_id, none.degraded)
        assert hidden.query_id is not None
        assert index.search("oil", filters={"uri": {"glob": "nope*"}}, principals="*").query_id == hidden.query_id


def test_releases_count_hidden_documents_for_nobody(two_releases: TwoReleases) -> None:
    index = lake.open_lake(two_releases.url)
    names = ("n_documents", "n_quarantined", "n_parents", "n_chunks", "audit", "why", "digest")
    for principals, is_shown in (("*", True), (("hr",), False), ((), False)):
        row = Access(index, principals).releases()[-1]
        assert [row[name] is not None for name in names if name != "why"] == [is_shown] * 6
        assert row["why"] is None or is_shown
        assert row["release"] == two_releases.after


def test_a_key_allows_some_options(start: Start, two_releases: TwoReleases) -> None:
    running = start(ring(options=("mode",)))
    assert running.post(key=KEY, text="lamp", mode="text").status_code == 200
    for words in ({"at": two_releases.before}, {"filters": {"language": "en"}}, {"fuzziness": 1}):
        answer = running.post(key=KEY, text="lamp", **words)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    doc_id = running.post(key=KEY, text="lamp").json()["hits"][0]["doc_id"]
    assert running.get(f"/documents/{doc_id}", KEY, at=two_releases.before).status_code == 403
    assert running.post(key=OTHER, text="lamp", at=two_releases.before).status_code == 200


def test_who_comes_too_often_waits(start: Start) -> None:
    running = start(ring(rate=0.5, burst=3))
    answers = [running.get("/releases", KEY) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert running.get("/releases", OTHER).status_code == 200
    seconds = int(answers[-1].headers["retry-after"])
    assert seconds in (1, 2)
    time.sleep(seconds)
    assert running.get("/releases", KEY).status_code == 200


def test_the_figures_are_what_prometheus_reads(start: Start, two_releases: TwoReleases) -> None:
    running = start(ring())
    for _ in range(3):
        running.post(key=KEY, text="lamp")
    running.post(text="lamp")
    running.get("/documents/0123456789abcdef", KEY)
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(running.get("/metrics", KEY).text)
        for sample in family.samples
    }
    assert samples["raglake_requests_total", "/query", "200", "team"] == 3
    assert samples["raglake_requests_total", "-", "401", "other"] == 1
    assert samples["raglake_requests_total", "/documents/{doc_id}", "404", "team"] == 1
    assert samples["raglake_request_seconds_count", "/query"] == 3
    assert samples["raglake_live_release", two_releases.after] == 1
    assert samples["raglake_work",] == 0


def test_a_lake_that_cannot_answer_says_so(start: Start, tmp_path: Path) -> None:
    Lake(str(tmp_path / "empty")).create()
    running = start(url=str(tmp_path / "empty"))
    health = running.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "empty")
    answer = running.post(text="lamp")
    assert answer.status_code == 404
    assert "nothing is published" in answer.json()["message"]


def test_without_keys_it_stays_on_this_machine() -> None:
    keys = KeyRing([Key("team", digest_of(KEY))])
    check_openness("127.0.0.1", ANONYMOUS, is_open=False)
    check_openness("0.0.0.0", keys, is_open=False)
    check_openness("0.0.0.0", ANONYMOUS, is_open=True)
    with pytest.raises(UsageError, match="--open"):
        check_openness("0.0.0.0", ANONYMOUS, is_open=False)
    assert hosts_of("0.0.0.0", keys, is_open=False) is None
    assert "localhost" in (hosts_of("127.0.0.1", ANONYMOUS, is_open=False) or ())


WRONG_KEYS = [
    ('{"name": "a"}', "list of at least one"),
    ("[]", "list of at least one"),
    ("[{}]", "at least a name"),
    ('[{"name": "a"}]', "needs a key or its sha256"),
    ('[{"name": "a", "key": "short"}]', "openssl rand"),
    ('[{"name": "a", "sha256": "xyz"}]', "64 hexadecimal"),
    ('[{"name": "a", "key": "kkkkkkkkkkkkkkkkkkkk", "admin": true}]', "unknown fields"),
    ('[{"name": "a", "key": "kkkkkkkkkkkkkkkkkkkk", "principals": "*x"}]', "must be a list"),
    ('[{"name": "a", "key": "kkkkkkkkkkkkkkkkkkkk", "rate": 0}]', "above 0"),
    ("{", "no JSON"),
]


@pytest.mark.parametrize(("text", "reason"), WRONG_KEYS)
def test_keys_that_say_something_else_are_refused(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(text)
    with pytest.raises(UsageError, match=reason):
        load_keys(str(tmp_path / "keys.json"))


def test_keys_come_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stated = [{"name": "team", "key": KEY, "principals": ["staff"], "options": ["at"], "rate": 5}]
    monkeypatch.setenv("RAGLAKE_API_KEYS", json.dumps(stated))
    assert load_keys() == (Key("team", digest_of(KEY), ("staff",), ("at",), 5),)
    (tmp_path / "keys.json").write_text(json.dumps([{"name": "team", "sha256": digest_of(KEY)}]))
    assert load_keys(str(tmp_path / "keys.json")) == (Key("team", digest_of(KEY)),)
    with pytest.raises(UsageError, match="same key"):
        KeyRing([Key("a", digest_of(KEY)), Key("b", digest_of(KEY))])
