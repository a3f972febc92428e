"""Notifications over HTTP: who may send them, the forms they have, and what becomes of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import lake
from lake.directory import Lake, configuration
from lake.errors import UsageError
from lake.options.hooks import HookOptions
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.sources.events.forms import Change, change_of
from lake.storage import inbox
from tests.lake.service.conftest import Running, TwoReleases, listening_service

SECRET, RAW = "a-secret-of-a-hook-that-is-long", b"0123456789abcdef0123456789abcdef"
STANDARD = f"whsec_{base64.b64encode(RAW).decode()}"


NAMES = {"docs": "env:RAGLAKE_DOCS_HOOK", "own": "env:RAGLAKE_OWN_HOOK"}


@pytest.fixture(scope="module")
def running(two_releases: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("hooks")
    shutil.copytree(two_releases.url, folder / "lake")
    configuration.obey(Lake(str(folder / "lake")).store, {"hooks": {"secrets": NAMES}})
    keys, limits = KeyRing([Key("other", digest_of("an-api-key-of-somebody"))]), Capacity(rate=10_000, burst=10_000)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("DOCS_HOOK", SECRET), ("OWN_HOOK", STANDARD), ("WEAK", "short")):
            patch.setenv(f"RAGLAKE_{name}", value)
        with listening_service(create_app(lake.open_lake(str(folder / "lake")), keys, limits), limits) as one:
            yield one


def send(running: Running, source: str, body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value.encode() for name, value in headers.items()}
    return httpx.post(f"{running.url}/hooks/{source}", content=body, headers=named, timeout=30)


def notices(running: Running) -> list[inbox.Notice]:
    store = Lake(running.service.index.url).store
    found = list(inbox.waiting(store))
    inbox.done(store, found)
    return found


def standard(body: bytes, at: float, key: bytes = RAW, number: str = "msg_1") -> dict[str, str]:
    signed = f"{number}.{at:.0f}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook_id": number,
        "webhook_timestamp": f"{at:.0f}",
        "webhook_signature": f"v1,{'A' * 44} v1,{signature}",
    }


def of_github(body: bytes, key: str = SECRET) -> dict[str, str]:
    return {"X_Hub_Signature_256": f"sha256={hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}"}


def test_a_proven_notification_waits_for_a_run(running: Running) -> None:
    body = json.dumps({"keys": ["a.md", "minutes/"]}).encode()
    proofs = (
        ("docs", of_github(body)),
        ("docs", {"Authorization": f"Bearer {SECRET}"}),
        ("own", standard(body, time.time())),
        ("docs", standard(body, time.time(), SECRET.encode())),
    )
    for source, headers in proofs:
        got = send(running, source, body, **headers)
        assert (got.status_code, got.json()) == (202, {"accepted": 2})
        assert [(one.source, one.keys) for one in notices(running)] == [(source, ("a.md", "minutes"))]


def test_nothing_else_is_let_in(running: Running) -> None:
    body, now = b'{"keys": ["a.md"]}', time.time()
    wrong: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer an-api-key-of-somebody"},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": f"Bearer {SECRET}x"},
        of_github(body + b" "),
        of_github(body, "another-secret-of-this-length"),
        {"X_Hub_Signature_256": "sha256=é"},
        {"X_Hub_Signature_256": ""},
        standard(body, now - 301, SECRET.encode()),
        standard(body, now + 400, SECRET.encode()),
        standard(body + b" ", now, SECRET.encode()),
        {**standard(body, now, SECRET.encode()), "webhook_timestamp": f"{now + 1:.0f}"},
        {**standard(body, now, SECRET.encode()), "webhook_id": "msg_2"},
        {**standard(body, now, SECRET.encode()), "webhook_timestamp": "²"},
        # A proof that fails is not replaced by a weaker one.
        {**standard(body, now - 9999, SECRET.encode()), **of_github(body)},
    ]
    for headers in wrong:
        got = send(running, "docs", body, **headers)
        assert (got.status_code, got.json()["error"]) == (401, "unauthorized"), headers
        assert SECRET not in got.text
    refusal = {**send(running, "docs", body).json(), "request_id": ""}
    for source in ("unknown", "x" * 300):  # who proves nothing does not learn which sources have hooks
        for headers in ({}, of_github(body), standard(body, now, SECRET.encode())):
            got = send(running, source, body, **headers)
            assert (got.status_code, {**got.json(), "request_id": ""}) == (401, refusal)
    assert send(running, "docs%2f..", body, **of_github(body)).status_code == 404
    assert send(running, "docs", b"x" * ((1 << 20) + 1), Authorization=f"Bearer {SECRET}").status_code == 413
    for bad in (b"", b"[]", b"{}", b"x", b"null", b'{"keys": [1]}', b'{"keys": ["../a"]}', b"[" * 5000, b'{"data": 1}'):
        assert send(running, "docs", bad, **of_github(bad)).status_code == 422, bad
    assert running.post(text="lamp").status_code == 401  # everything else still needs a key
    assert notices(running) == []


def test_while_a_secret_is_missing_nobody_learns_of_which_source(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    store, body = Lake(running.service.index.url).store, b'{"keys": ["a.md"]}'
    for lost, said in (("env:RAGLAKE_LOST_HOOK", "can't be read"), ("env:RAGLAKE_WEAK", "is too short")):
        configuration.obey(store, {"hooks": {"secrets": {**NAMES, "lost": lost}}})
        got = [send(running, name, body, Authorization="Bearer short") for name in ("lost", "docs", "own", "unknown")]
        assert {(one.status_code, one.headers["retry-after"]) for one in got} == {(503, "60")}
        assert len({one.json()["message"] for one in got}) == 1
        assert not any(word in got[0].text for word in ("RAGLAKE", "of lost", "docs"))
        assert f"the secret of the hook of lost {said}" in caplog.text
        assert send(running, "docs", body, **of_github(body)).status_code == 202
    configuration.obey(store, {"hooks": {"secrets": NAMES}})
    notices(running)


FORMS: dict[str, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {
    "s3": (
        {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "a+b/%C3%A4.md"}}}]},
        (),
        ("b/a b/ä.md",),
    ),
    "s3 test": ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}, (), ()),
    "minio": (
        {
            "EventName": "s3:ObjectRemoved:Delete",
            "Key": "b/a.md",
            "Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "a.md"}}}],
        },
        (),
        ("b/a.md",),
    ),
    "eventbridge": (
        {
            "detail-type": "Object Created",
            "source": "aws.s3",
            "detail": {"bucket": {"name": "b"}, "object": {"key": "a+b.md", "size": 1}},
        },
        (),
        ("b/a+b.md",),
    ),
    "cloud storage": (
        {
            "specversion": "1.0",
            "type": "google.cloud.storage.object.v1.finalized",
            "data": {"bucket": "b", "name": "a"},
        },
        (),
        ("b/a",),
    ),
    "cloud storage by headers": ({"kind": "storage#object", "bucket": "b", "name": "a/c.md"}, (), ("b/a/c.md",)),
    "azure": (
        [
            {
                "specversion": "1.0",
                "type": "Microsoft.Storage.BlobDeleted",
                "subject": "/blobServices/default/containers/c/blobs/f/a.md",
                "data": {"api": "DeleteBlob", "url": "https://x"},
            }
        ],
        (),
        ("c/f/a.md",),
    ),
    "cloudevent with keys": ({"specversion": "1.0", "type": "x", "data": {"keys": ["a.md"]}}, ("a.md",), ()),
    "push": (
        {
            "ref": "refs/heads/main",
            "commits": [{"added": ["a.md"], "modified": ["b.md"], "removed": []}, {"removed": ["c.md"]}],
        },
        ("a.md", "b.md", "c.md"),
        (),
    ),
    "forced push": ({"ref": "refs/heads/main", "forced": True, "commits": [{"added": ["a.md"]}]}, ("",), ()),
    "ping": ({"zen": "Keep it logically awesome.", "hook": {}}, (), ()),
    "whole source": ({"keys": [""]}, ("",), ()),
    "too many": ({"keys": [f"{number}.md" for number in range(5001)]}, ("",), ()),
    "several": ([{"keys": ["a.md"]}, {"keys": ["b.md", "a.md"]}], ("a.md", "b.md"), ()),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_senders_are_understood(form: str) -> None:
    value, keys, objects = FORMS[form]
    assert change_of(value) == Change(keys, objects)


def test_a_configuration_holds_names_of_secrets_only() -> None:
    for wrong in (SECRET, "", 7):
        with pytest.raises(UsageError, match=r"secrets\.docs must name where the secret is") as caught:
            HookOptions(secrets={"docs": wrong})  # type: ignore[dict-item]
        assert SECRET not in str(caught.value)


def test_a_key_that_is_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="at most 1,100 characters"):
        change_of({"keys": ["a" * 2000]})
