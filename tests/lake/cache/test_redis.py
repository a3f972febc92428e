"""The shared cache against a real server, and against servers that are dead, slow, wrong or lie."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import lake
from lake.cache.redis_connection import shown
from lake.cache.shared import SECRET
from lake.errors import UsageError
from lake.index import Index
from lake.options import CacheOptions
from tests.lake.cache.conftest import BadServer, RedisServer, opened, settled
from tests.lake.cache.test_keys import OPTIONS, Chat
from tests.lake.service.conftest import TwoReleases
from tests.waiting import until

QUESTION = "Which oil does Lamp 7 burn?"
Bad = Callable[[Callable[[socket.socket], None]], BadServer]


def seconds(index: Index, text: str) -> float:
    begun = time.monotonic()
    assert len(index.search(text, 3))
    return time.monotonic() - begun


def test_processes_share_results_and_vectors(redis_server: RedisServer, changing: TwoReleases) -> None:
    first, second = (opened(changing.url, url=redis_server.url) for _ in range(2))
    made = settled(first).search(QUESTION, 3)
    settled(first)
    found = second.search(QUESTION, 3)
    assert (made.cached, found.cached) == (None, "redis")
    assert found.hits.equals(made.hits)
    assert found.hits.schema.equals(made.hits.schema, check_metadata=True)
    assert (found.release, found.query_id) == (made.release, made.query_id)
    assert second.search(QUESTION, 3).cached == "process"
    # Another number of passages is another search, whose vector is known.
    second.search(QUESTION, 4)
    assert second.caches is not None
    assert second.caches.counts["vectors", "redis", "hit"] == 1


def test_processes_share_answers(redis_server: RedisServer, changing: TwoReleases) -> None:
    first, second, chat = opened(changing.url, url=redis_server.url), opened(changing.url, url=redis_server.url), Chat()
    made = first.answer(QUESTION, chat=chat, options=OPTIONS)
    settled(first)
    found = [second.answer(QUESTION, chat=chat, options=OPTIONS) for _ in range(2)]
    assert [one.cached for one in (made, *found)] == [None, "redis", "process"]
    assert {one.text for one in found} == {made.text}
    assert chat.n == 1
    (streamed,) = opened(changing.url, url=redis_server.url).answer_stream(QUESTION, chat=chat, options=OPTIONS)
    assert not isinstance(streamed, str)
    assert (streamed.cached, streamed.text) == ("redis", made.text)


def test_keys_and_values_tell_no_question_and_no_name(redis_server: RedisServer, changing: TwoReleases) -> None:
    index = opened(changing.url, url=redis_server.url)
    index.search("payroll of the lamplighters", 3, principals=["hr", "anna-karenina"])
    settled(index)
    kept = redis_server.all()
    assert len(kept) == 3  # the epoch, the vector and the result
    for key in kept:
        for word in (b"payroll", b"lamplighter", b"anna", b"hr", changing.after.encode()):
            assert word not in key
    secret = (Path(changing.url) / SECRET).read_bytes()
    assert not any(secret in key or secret in value for key, value in kept.items())


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda value: value[:-1],
    "halved": lambda value: value[: len(value) // 2],
    "emptied": lambda _: b"",
    "one bit changed": lambda value: value[:-9] + bytes([value[-9] ^ 1]) + value[-8:],
    "lengthened": lambda value: value + b"y",
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_entry_is_none(redis_server: RedisServer, changing: TwoReleases, harm: str) -> None:
    index = opened(changing.url, url=redis_server.url)
    right = index.search(QUESTION, 3)
    settled(index)
    for key, value in redis_server.all().items():
        if b":results:" in key:
            redis_server.set(key, HARMS[harm](value))
    found = opened(changing.url, url=redis_server.url).search(QUESTION, 3)
    assert found.cached is None
    assert found.hits.equals(right.hits)


def test_an_entry_of_another_question_is_none(redis_server: RedisServer, changing: TwoReleases) -> None:
    index = opened(changing.url, url=redis_server.url)
    index.search(QUESTION, 3)
    index.search("Which oil does Lamp 9 burn?", 3)
    settled(index)
    results = {key: value for key, value in redis_server.all().items() if b":results:" in key}
    (a, of_a), (b, of_b) = results.items()
    redis_server.set(a, of_b)
    redis_server.set(b, of_a)
    assert opened(changing.url, url=redis_server.url).search(QUESTION, 3).cached is None


def test_a_killed_server_costs_no_question_and_is_used_again(redis_server: RedisServer, changing: TwoReleases) -> None:
    index = opened(changing.url, url=redis_server.url, megabytes=0)
    index.search(QUESTION, 3)
    assert settled(index).search(QUESTION, 3).cached == "redis"
    redis_server.kill()
    usual = min(seconds(lake.open_lake(changing.url), QUESTION) for _ in range(3))
    slowest = max(seconds(index, f"lamp {number}") for number in range(20))
    assert slowest < usual + 0.5
    assert index.caches is not None
    assert index.caches.shared is not None
    assert not index.caches.shared.is_up
    assert index.caches.counts["results", "redis", "failed"] >= 19
    redis_server.start()
    shared = index.caches.shared
    until(lambda: shared.is_up)
    index.search(QUESTION, 3)
    assert settled(index).search(QUESTION, 3).cached == "redis"


def hang(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    time.sleep(30)


def dribble(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    for byte in b"$1000000\r\n" + b"x" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def babble(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n<html>")


def refuse(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        connection.sendall(b"-NOAUTH Authentication required.\r\n")


def give(value: bytes) -> Callable[[socket.socket], None]:
    def reply(connection: socket.socket) -> None:
        while connection.recv(1 << 16):
            connection.sendall(value)

    return reply


LIES = {
    "hangs": hang,
    "dribbles": dribble,
    "speaks HTTP": babble,
    "refuses": refuse,
    "closes": lambda connection: connection.close(),
    "gives a number": give(b":7\r\n"),
    "gives a list": give(b"*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
    "gives rubbish": give(b"$5\r\nhello\r\n"),
    "gives a huge length": give(b"$99999999999\r\nx"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_misbehaves_costs_50_ms_at_most(bad_server: Bad, changing: TwoReleases, lie: str) -> None:
    server = bad_server(LIES[lie])
    plain = lake.open_lake(changing.url)
    index = opened(changing.url, url=f"redis://127.0.0.1:{server.port}/0", megabytes=0)
    usual = max(seconds(plain, f"lamp {number}") for number in range(5))
    first = seconds(index, "lamp 0")
    assert first < usual + 0.8  # opens the tables as well
    taken = sorted(seconds(index, f"lamp {number}") for number in range(10))
    assert taken[5] < usual + 0.1
    assert index.search(QUESTION, 3).cached is None
    assert index.search(QUESTION, 3).hits.equals(plain.search(QUESTION, 3).hits)


def test_credentials_are_never_shown(
    redis_server: RedisServer, changing: TwoReleases, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"redis://anna:geheim@127.0.0.1:{redis_server.port}/0"
    index = opened(changing.url, url=url)
    index.search(QUESTION, 3)
    assert index.search(QUESTION, 3).cached == "process"
    assert index.caches is not None
    assert "geheim" not in caplog.text + repr(index) + repr(index.caches.options) + repr(CacheOptions(url=url))
    assert shown("rediss://anna:geheim@[::1]:6379/2?password=geheim#geheim") == "rediss://[::1]:6379/2"
    for wrong in ("http://anna:geheim@h", "geheim", "redis://anna:geheim@h:port/0", "redis://anna:geheim@[::1/0"):
        with pytest.raises(UsageError) as refused:
            opened(changing.url, url=wrong)
        assert "geheim" not in str(refused.value)


def test_the_environment_names_the_cache(
    redis_server: RedisServer, changing: TwoReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGLAKE_CACHE_URL", redis_server.url)
    index = opened(changing.url)
    index.search(QUESTION, 3)
    settled(index)
    assert len(redis_server.all()) == 3
    assert lake.open_lake(changing.url).caches is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_lake_that_can_only_be_read_says_what_to_do(redis_server: RedisServer, changing: TwoReleases) -> None:
    Path(changing.url).chmod(0o500)
    with pytest.raises(UsageError, match="raglake cache --lake"):
        opened(changing.url, url=redis_server.url)


def test_a_server_that_is_full_goes_on_answering(redis_server: RedisServer, changing: TwoReleases) -> None:
    from redis import Redis

    index = opened(changing.url, url=redis_server.url, megabytes=0)
    index.search(QUESTION, 3)
    settled(index)
    with Redis.from_url(redis_server.url) as client:
        client.config_set("maxmemory", "1mb")
        client.config_set("maxmemory-policy", "noeviction")
    for number in range(3):
        assert index.search(f"lamp {number}", 3).cached is None
    settled(index)
    assert index.caches is not None
    assert index.caches.shared is not None
    assert index.caches.shared.is_up
    assert index.search(QUESTION, 3).cached == "redis"
    assert index.search("lamp 0", 3).cached is None


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for a certificate")
def test_over_tls(redis_server: RedisServer, changing: TwoReleases, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    redis_server.kill()
    words = [
        "--tls-port",
        str(redis_server.port),
        "--port",
        "0",
        "--tls-cert-file",
        str(certificate),
        "--tls-auth-clients",
    ]
    redis_server.start([*words, "no", "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate)])
    address = redis_server.url.replace("redis://", "rediss://")
    trusting = opened(changing.url, url=f"{address}?ssl_ca_certs={certificate}", megabytes=0)
    trusting.search(QUESTION, 3)
    assert settled(trusting).search(QUESTION, 3).cached == "redis"
    wary = opened(changing.url, url=address, megabytes=0)
    wary.search(QUESTION, 3)
    assert settled(wary).search(QUESTION, 3).cached is None
