"""What the service shows of one document, and to whom."""

from __future__ import annotations

from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import Running, Start, TwoReleases

OPERATOR, READER = "operator-key-0123456789", "reader-key-0123456789"
RING = KeyRing([Key("ops", digest_of(OPERATOR), "*"), Key("reader", digest_of(READER))])


def doc_id_of(running: Running, uri: str, key: str = OPERATOR) -> str:
    hits = running.post(key=key, text=uri.removesuffix(".md"), k=50, mode="text").json()["hits"]
    return next(hit["doc_id"] for hit in hits if hit["uri"] == uri)


def test_a_difference_shows_the_words_that_changed(start: Start, two_releases: TwoReleases) -> None:
    running = start(RING)
    lamp = doc_id_of(running, "7.md")
    words = {"from": two_releases.before, "to": two_releases.after}
    got = running.get(f"/documents/{lamp}/diff", READER, **words)
    assert got.headers["Raglake-Release"] == two_releases.after
    found = got.json()
    changes = [(part["kind"], part["text"].strip()) for part in found["hunks"][0]["parts"] if part["kind"] != "same"]
    assert changes == [("removed", "whale"), ("added", "olive")]
    assert (found["n_words_removed"], found["n_words_added"], found["next_hunk"]) == (1, 1, None)
    same = running.get(f"/documents/{lamp}/diff", READER).json()
    assert same["equal"]
    assert same["hunks"] == []


def test_a_difference_of_a_hidden_document_is_that_of_an_unknown_one(start: Start, two_releases: TwoReleases) -> None:
    running = start(RING)
    hidden = doc_id_of(running, "payroll.md")
    words = {"from": two_releases.before, "to": two_releases.after}
    assert running.get(f"/documents/{hidden}/diff", OPERATOR, **words).status_code == 200
    refused = running.get(f"/documents/{hidden}/diff", READER, **words)
    unknown = running.get(f"/documents/{'0' * len(hidden)}/diff", READER, **words)
    assert (refused.status_code, refused.json()["error"]) == (404, "no_document")
    assert refused.json()["message"].replace(hidden, "ID") == unknown.json()["message"].replace("0" * len(hidden), "ID")


def test_a_key_may_be_kept_to_the_live_release(start: Start, two_releases: TwoReleases) -> None:
    running = start(KeyRing([Key("live", digest_of(READER), options=("k", "mode"))]))
    lamp = doc_id_of(running, "7.md", READER)
    assert running.get(f"/documents/{lamp}/diff", READER).status_code == 200
    assert running.get(f"/documents/{lamp}/diff", READER, **{"from": two_releases.before}).status_code == 403
