"""What operators do over HTTP: who may, what refuses, and what the log keeps."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import lake
from lake.directory import Lake
from lake.errors import LakeError, UsageError
from lake.releases import publishing
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.lake_views import is_read_only
from lake.service.server import check_openness
from lake.storage.failures import disk_failures
from tests.lake.service.conftest import Running, TwoReleases, _listening

OPERATOR, READER = "a-key-of-an-operator", "a-key-of-a-reader-who-sees-all"
KEYS = [Key("ops", digest_of(OPERATOR), "*", operator=True), Key("reader", digest_of(READER), "*")]
ACTS = ("publish", "rollback", "pin", "unpin", "name", "unname")


@pytest.fixture
def url(two_releases: TwoReleases, tmp_path: Path) -> str:
    shutil.copytree(two_releases.url, tmp_path / "lake")
    return str(tmp_path / "lake")


@pytest.fixture
def running(url: str) -> Iterator[Running]:
    limits = Capacity(rate=10_000, burst=10_000)
    anonymous = Key("anonymous", principals="*", operator=True)
    running, stop = _listening(create_app(lake.open_lake(url), KeyRing(KEYS, anonymous), limits), limits)
    yield running
    stop()


def act(running: Running, release: str, what: str, key: str = OPERATOR, **body: object) -> httpx.Response:
    return running.post(f"/releases/{release}/{what}", key, **({"why": "a reason"} | body))


def test_only_an_operator_acts(running: Running, two_releases: TwoReleases, url: str) -> None:
    head = Lake(url).log.read().head
    for name in ACTS:
        body = {"name": "x"} if "name" in name else {}
        refused = act(running, two_releases.before, name, READER, **body)
        assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
        assert "operator" in refused.json()["message"]
        for wrong in ("", " \n", "x" * 2001):
            assert act(running, two_releases.before, name, why=wrong, **body).status_code == 422
        assert act(running, "2020-01-01.1", name, **body).status_code == 404
    assert Lake(url).log.read().head == head


def test_each_act_takes_effect_and_is_logged_with_its_key_and_reason(
    running: Running, two_releases: TwoReleases, url: str
) -> None:
    before, after = two_releases.before, two_releases.after
    assert act(running, before, "rollback", why="olive oil is wrong").json()["live"] == before
    assert running.post(text="lamp", key=OPERATOR).json()["release"] == before
    assert act(running, after, "pin").status_code == 409  # not live any more
    assert act(running, before, "pin", why="the move is on").json()["pinned"] == "the move is on"
    assert act(running, before, "unpin", why="moved").json()["pinned"] is None
    assert act(running, after, "name", name="olive", why="for the report").json()["names"] == {"olive": after}
    assert act(running, before, "unname", name="olive").status_code == 400  # it is the name of another one
    assert act(running, "olive", "unname", name="olive", why="reported").json()["names"] == {}
    entries = Lake(url).log.read().entries[-5:]
    assert [(entry.action, entry.by, entry.why) for entry in entries] == [
        ("rollback", "ops over HTTP", "olive oil is wrong"),
        ("pin", "ops over HTTP", "the move is on"),
        ("unpin", "ops over HTTP", "moved"),
        ("name", "ops over HTTP", "for the report"),
        ("unname", "ops over HTTP", "reported"),
    ]


def test_publishing_holds_to_the_same_guards_as_the_command(
    running: Running, two_releases: TwoReleases, url: str
) -> None:
    log, after = Lake(url).log, two_releases.after
    act(running, two_releases.before, "rollback", why="olive oil is wrong")
    publishing.record_gate(log, log.read().releases[after], outcome="blocked", why="recall fell by half.")
    refused = act(running, after, "publish")
    assert (refused.status_code, refused.json()["error"]) == (409, "refused")
    assert running.get(f"/releases/{after}", OPERATOR).json()["refusal"] == refused.json()["message"]
    assert log.read().resolve("live").id == two_releases.before
    forced = act(running, after, "publish", force=True, why="the fall is known")
    assert (forced.status_code, forced.json()["live"], forced.headers["Raglake-Release"]) == (200, after, after)
    last = log.read().entries[-1]
    assert (last.action, last.facts, last.by, last.why) == (
        "publish",
        {"forced": True},
        "ops over HTTP",
        "the fall is known",
    )


def test_a_page_of_another_site_can_not_act_where_no_key_is_needed(
    running: Running, two_releases: TwoReleases, url: str
) -> None:
    address, own = f"{running.url}/releases/{two_releases.after}/pin", running.url
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": own}, 200),
    ):
        got = httpx.post(address, json={"why": "x"}, headers=headers, timeout=60)
        assert got.status_code == status, headers
    assert (
        httpx.post(address, content='{"why": "x"}', headers={"Content-Type": "text/plain"}, timeout=60).status_code
        == 422
    )
    assert Lake(url).log.read().entries[-1].by == "anonymous over HTTP"


@pytest.mark.parametrize(("host", "is_open"), [("0.0.0.0", True), ("127.0.0.1", True), ("10.0.0.7", False)])
def test_nobody_on_another_machine_acts_without_a_key(host: str, is_open: bool) -> None:
    ring = KeyRing(anonymous=Key("anonymous", operator=True))
    with pytest.raises(UsageError, match="--operator"):
        check_openness(host, ring, is_open)
    check_openness("127.0.0.1", ring, is_open=False)


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.EROFS, True), (errno.EACCES, True), (errno.ENOSPC, False), (errno.EIO, False)]
)
def test_what_somebody_has_to_grant_or_mount_is_told_from_what_passes(number: int, expected: bool) -> None:
    with pytest.raises(LakeError) as caught, disk_failures("/srv/lake"):
        raise OSError(number, os.strerror(number), "/srv/lake/log")
    assert is_read_only(caught.value) is expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_lake_that_can_only_be_read_says_so(running: Running, two_releases: TwoReleases, url: str) -> None:
    folder = Path(url) / "log"
    folder.chmod(0o555)
    try:
        refused = act(running, two_releases.after, "pin")
    finally:
        folder.chmod(0o755)
    assert (refused.status_code, refused.json()["error"]) == (403, "read_only")
    assert "nothing was changed" in refused.json()["message"]
