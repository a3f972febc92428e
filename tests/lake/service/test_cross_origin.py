"""Web pages of stated origins may use the service from a browser, and no others."""

from __future__ import annotations

import httpx
import pytest

from lake.errors import UsageError
from lake.service.cross_origin import checked_origins
from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import ANONYMOUS, Start

PAGE, OTHER, KEY = "https://app.example.com", "https://evil.example", "a-key-of-enough-characters"
KEYS = KeyRing([Key("page", digest_of(KEY), rate=0.01, burst=3)])
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}


def allowed(answer: httpx.Response) -> str | None:
    return answer.headers.get("Access-Control-Allow-Origin")


def test_a_page_of_a_stated_origin_reads_answers_and_errors(start: Start) -> None:
    running = start(KEYS, origins=checked_origins([PAGE], KEYS, is_open=False))
    page, key = {"Origin": PAGE}, {"Authorization": f"Bearer {KEY}"}
    preflight = httpx.options(f"{running.url}/query", headers={**page, **ASKED}, timeout=60)
    assert (preflight.status_code, allowed(preflight)) == (200, PAGE)
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    found = httpx.post(f"{running.url}/query", json={"text": "oil"}, headers={**page, **key}, timeout=60)
    assert (found.status_code, allowed(found), "Origin" in found.headers["Vary"]) == (200, PAGE, True)
    described = running.get("/openapi.json").json()["paths"]["/query"]["post"]["responses"]["200"]["headers"]
    assert described.keys() >= {"Raglake-Release", "X-Raglake-Stale-Seconds"}
    assert described.keys() <= set(found.headers["Access-Control-Expose-Headers"].split(", "))
    wrong = [
        httpx.post(f"{running.url}/query", json={"text": "oil"}, headers=page, timeout=60),
        httpx.post(f"{running.url}/query", json={"text": "oil", "k": 0}, headers={**page, **key}, timeout=60),
        httpx.get(f"{running.url}/nothing", headers={**page, **key}, timeout=60),
        httpx.post(f"{running.url}/query", json={"text": "oil"}, headers={**page, **key}, timeout=60),
        httpx.post(
            f"{running.url}/query", content=b"x" * (1 << 19), headers={**page, "Expect": "100-continue"}, timeout=60
        ),
    ]
    assert [answer.status_code for answer in wrong] == [401, 422, 404, 429, 401]
    assert {allowed(answer) for answer in wrong} == {PAGE}


def test_a_page_may_ask_for_the_methods_that_a_path_has(start: Start) -> None:
    running = start(KEYS, origins=checked_origins([PAGE], KEYS, is_open=False))

    def asked(method: str, path: str, origin: str = PAGE) -> httpx.Response:
        headers = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization, if-match"}
        return httpx.options(f"{running.url}{path}", headers={"Origin": origin, **headers}, timeout=60)

    for method in ("GET", "PUT", "DELETE"):
        for path in ("/documents/a.md", "/documents/reports/2026%20a.md?source=uploads"):
            answer = asked(method, path)
            assert (answer.status_code, allowed(answer)) == (200, PAGE)
            assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, DELETE"
        assert asked(method, "/documents/a.md", OTHER).status_code == 400
    refused = [asked(method, path) for method in ("PUT", "DELETE") for path in ("/query", "/documents", "/nothing")]
    assert {answer.status_code for answer in (*refused, asked("PATCH", "/documents/a.md"))} == {400}


def test_other_pages_read_nothing(start: Start) -> None:
    running = start(KEYS, origins=checked_origins([PAGE], KEYS, is_open=False))
    for origin in (OTHER, "null", f"{PAGE}.evil.example", "http://app.example.com", PAGE.upper()):
        preflight = httpx.options(f"{running.url}/query", headers={"Origin": origin, **ASKED}, timeout=60)
        assert (preflight.status_code, allowed(preflight)) == (400, None)
        assert allowed(httpx.get(f"{running.url}/health", headers={"Origin": origin}, timeout=60)) is None
    deleting = {"Origin": PAGE, "Access-Control-Request-Method": "DELETE"}
    assert httpx.options(f"{running.url}/query", headers=deleting, timeout=60).status_code == 400
    assert (
        httpx.request(
            "OPTIONS", f"{running.url}/query", headers={"Origin": PAGE, **ASKED}, content=b"x", timeout=60
        ).status_code
        == 413
    )


def test_a_service_without_keys_answers_no_other_host_whatever_is_stated(start: Start) -> None:
    running = start(origins=checked_origins([PAGE], ANONYMOUS, is_open=False), hosts=("127.0.0.1",))
    rebound = {"Origin": PAGE, "Host": "evil.example"}
    assert httpx.options(f"{running.url}/query", headers={**rebound, **ASKED}, timeout=60).status_code == 421
    assert httpx.post(f"{running.url}/query", json={"text": "oil"}, headers=rebound, timeout=60).status_code == 421


def test_without_origins_no_page_may(start: Start) -> None:
    running = start()
    assert httpx.options(f"{running.url}/query", headers={"Origin": PAGE, **ASKED}, timeout=60).status_code == 405
    assert allowed(httpx.get(f"{running.url}/health", headers={"Origin": PAGE}, timeout=60)) is None


@pytest.mark.parametrize("keys", [KEYS, ANONYMOUS])
def test_every_page_only_where_everybody_may_read(keys: KeyRing) -> None:
    with pytest.raises(UsageError, match="list the pages' origins"):
        checked_origins(["*"], keys, is_open=keys is KEYS)
    assert checked_origins(["*"], ANONYMOUS, is_open=True) is not None
    with pytest.raises(UsageError, match="stands alone"):
        checked_origins(["*", PAGE], ANONYMOUS, is_open=True)
    assert checked_origins([], keys, is_open=False) is None


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            "app.example.com",
            f"{PAGE}/",
            f"{PAGE}/path",
            "https://*.example.com",
            "HTTPS://app.example.com",
            "null",
            "",
        ),
        *(
            "https://app.example.com:443",
            "http://localhost:80",
            "https://app.example.com:0x1",
            "https://a b",
            "https://ä.de",
        ),
        *(
            "https://app.example.com\n",
            "https://app.example.com, https://b.example.com",
            "https://user@app.example.com",
        ),
    ],
)
def test_what_browsers_never_send_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="no origin"):
        checked_origins([wrong], KEYS, is_open=False)


def test_usual_origins_are_accepted() -> None:
    usual = [PAGE, "http://localhost:3000", "http://[::1]:8080", "chrome-extension://abcdef", "https://xn--4ca.de"]
    assert checked_origins(usual, KEYS, is_open=False) is not None
