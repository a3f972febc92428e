"""Web sites as sources: the torture table on a server of our own, sitemaps, robots.txt, bounds, and the guard."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.endpoints.retry import Retries
from lake.erasure.forget import forget
from lake.errors import InputError, LakeError, TransientError, UsageError
from lake.options import RecipeOptions
from lake.sources import guarded_http, listed_pages, web
from lake.sources.guarded_http import PrivateAddressError, check_public
from lake.sources.listing import listing
from lake.sources.page_states import PageState, PageStates, forget_states
from lake.sources.protocol import Cursor, CursorLost, Removal
from lake.sources.source import parse_source
from tests.torture import Rig, Torture
from tests.torture import text as paper

#: What a server makes of its answer (status, headers, body) for a path and the headers of a request.
Answer = tuple[int, dict[str, str], bytes]
Conditional = Callable[[str, Message, Answer], Answer]


def by_etag(path: str, asked: Message, answer: Answer) -> Answer:
    """A server that keeps to RFC 9110: strong ETags of the bytes, and 304 without a body."""
    status, headers, body = answer
    etag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
    if status == 200 and asked.get("If-None-Match") == etag:
        return 304, {"ETag": etag, "Content-Length": "0"}, b""
    return status, {**headers, "ETag": etag}, body


class Site:
    """Pages by path: (status, headers, body); ``requests`` are the paths that were asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.authorization: str | None = None
        self.conditional: Conditional | None = None
        self.n_bytes = 0
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append(self.path)
                site.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, headers, body = site.pages.get(self.path, (404, {}, b""))
                if callable(site.conditional):
                    status, headers, body = site.conditional(self.path, self.headers, (status, headers, body))
                if site.authorization and self.headers.get("Authorization") != site.authorization:
                    status, headers, body = 401, {}, b""
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                site.n_bytes += len(body)

            def log_message(self, *_: Any) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.home = f"http://127.0.0.1:{self.server.server_port}"

    def page(self, path: str, *links: str, text: str = "", status: int = 200, **headers: str) -> None:
        body = f"<html><body><p>{text}</p>{''.join(f'<a href={link!r}>to</a>' for link in links)}</body></html>"
        self.pages[path] = (status, {"Content-Type": "text/html", **headers}, body.encode())

    def source(self, path: str = "/", **options: Any) -> Any:
        given = "&".join(f"{name}={value}" for name, value in {"private": 1, "rate": 10000, **options}.items())
        return parse_source(f"web+{self.home}{path}?{given}")

    def uris(self, path: str = "/", **options: Any) -> list[str]:
        found: list[str] = listing([self.source(path, **options)])["uri"].to_pylist()
        return found


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(web, "_RETRIES", Retries(n_attempts=3, first=0.01, longest=0.01))
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


class WebRig(Rig):
    """A first page that links to all others."""

    has_rights = False

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site, self.patch, self.texts = site, monkeypatch, dict[str, str]()
        site.authorization, site.conditional = "Bearer s3cr3t", by_etag
        monkeypatch.setenv("WEB_AUTHORIZATION", "Bearer s3cr3t")

    @property
    def url(self) -> str:
        return f"web+{self.site.home}/docs/list.json?private=1&rate=10000&authorization=$WEB_AUTHORIZATION"

    def uri(self, name: str) -> str:
        return f"docs/{name}.html"

    def put(self, name: str, text: str, acl: list[str] | None = None) -> None:
        self.texts[name] = text

    def delete(self, name: str) -> None:
        del self.texts[name]

    def settle(self) -> None:
        self.site.pages.clear()
        for name, text in self.texts.items():
            self.site.page(f"/docs/{name}", text=text)
        links = "".join(f"<a href='/docs/{name}'></a>" for name in self.texts)
        self.site.pages["/docs/list.json"] = (200, {"Content-Type": "text/html"}, links.encode())

    @contextmanager
    def broken(self) -> Iterator[None]:
        settle, self.settle = self.settle, lambda: None  # type: ignore[method-assign]
        settle()
        n_asked = len(self.site.requests)

        def breaks(path: str, asked: Message, answer: Answer) -> Answer:
            return (503, {}, b"") if len(self.site.requests) > n_asked + 10 else by_etag(path, asked, answer)

        self.site.conditional = breaks
        yield
        self.site.conditional = by_etag
        self.settle = settle  # type: ignore[method-assign]

    @contextmanager
    def refused(self) -> Iterator[None]:
        self.patch.setenv("WEB_AUTHORIZATION", "Bearer s3cr3t-wrong")
        yield
        self.patch.setenv("WEB_AUTHORIZATION", "Bearer s3cr3t")


class Torn(Torture):
    """The page of links is no document: its parser finds no text."""

    def run(self, *args: Any, **job: Any) -> Any:
        exclude = (*job.pop("exclude", ()), "docs/list.json")
        return super().run(*args, exclude=exclude, **job)


def test_the_torture_table(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    Torn(WebRig(site, monkeypatch), str(tmp_path / "lake")).everything(str(tmp_path / "fresh"))


#: What a page may answer for good, each a failure of the server that tells nothing of the page.
FAILURES = {
    "500": (500, {}, b"failed"),
    "cut off": (200, {"Content-Type": "text/html", "Content-Length": "999"}, b"<p>The half of"),
    "undecodable": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, b"no gzip"),
    "a check against bots": (200, {"cf-mitigated": "challenge"}, b""),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_page_that_fails_for_good_costs_that_page_only(
    tmp_path: Path, site: Site, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = WebRig(site, monkeypatch)
    torture = Torn(rig, str(tmp_path / "lake"))
    failing: dict[str, Answer] = {"/docs/d00": FAILURES[failure]}

    def fails(path: str, asked: Message, answer: Answer) -> Answer:
        return failing.get(path) or by_etag(path, asked, answer)

    for name in ("d00", "d01", "d02", "d03"):
        rig.put(name, paper(name))
    site.conditional = fails
    first = torture.run()
    assert (first.added, first.published) == (3, True), "of a page that was never seen nothing is known"
    assert [remark for remark in first.remarks if "/docs/d00 is new and could not be read" in remark]
    failing.clear()
    assert torture.run().added == 1
    failing["/docs/d00"] = FAILURES[failure]
    rig.put("d00", paper("d00", 1))
    rig.put("d01", paper("d01", 1))
    rig.delete("d02")
    second = torture.run()
    assert (second.added, second.changed, second.removed, second.unchanged) == (0, 1, 1, 2)
    assert [remark for remark in second.remarks if "docs/d00.html of docs could not be read and stays" in remark]
    for job in ({}, {"full": True}, {"verify": True}):
        again = torture.run(**job)
        assert (again.reason, again.n_quarantined) == ("nothing to do", 0), job
        assert any("docs/d00.html" in remark for remark in again.remarks)
    failing.clear()
    assert torture.run().changed == 1
    torture.compare(str(tmp_path / "fresh"))


def test_what_only_a_page_that_fails_may_lead_to_is_asked_for(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site was rebuilt: another page leads to the others, and that one fails."""
    site.page("/", "a", "/b", text="Home of the harbour.")
    site.page("/a", text="About the crane.")
    site.page("/b", text="About the lamp.")
    lake = str(tmp_path / "lake")

    def run(**job: Any) -> Any:
        address = f"docs=web+{site.home}/?private=1&rate=10000"
        with PlainSteps(n_workers=1) as steps:
            return reindex(Job((address,), lake, settings=RecipeOptions(embedder="hash"), **job), steps)

    assert run().added == 3
    site.page("/", "/new", text="Home of the harbour.")
    site.page("/new", status=500)
    del site.pages["/b"]
    for job in ({}, {"full": True}):
        outcome = run(**job)
        assert outcome.removed == ("full" not in job), (
            "b is gone, and a is there, though nothing is known to lead to it"
        )
        assert [remark for remark in outcome.remarks if "/new is new and could not be read" in remark]
    forget_states()
    site.pages.pop("/a")
    outcome = run(full=True)
    assert outcome.removed == 0, "nothing tells what /new leads to"
    assert outcome.remarks
    site.page("/new", "/a", text="News.")
    site.page("/a", text="About the crane.")
    assert run().added == 1


def test_an_erased_address_leaves_what_this_machine_knows_of_the_site(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    torture = Torn(WebRig(site, monkeypatch), str(tmp_path / "lake"))
    torture.build()
    n_runs = 2
    assert set(Counter(path for path in site.requests if path.startswith("/docs/")).values()) == {n_runs}
    cache = tmp_path / "cache"

    def named() -> list[Path]:
        return [file for file in cache.rglob("*") if file.is_file() and b"d04" in file.read_bytes()]

    assert named()
    PageStates("the same site under former options").write({f"{site.home}/docs/d04": PageState("")})
    forget(torture.lake, uri="docs/d04.html", why="a test", source="docs")
    assert named() == []
    assert torture.run().n_denied == 1, "the site still has the page"
    assert named() == []


def test_links_are_followed_within_the_folder_and_the_depth(site: Site) -> None:
    site.page(
        "/docs/", "a", "../outside", "//other.example/x", "mailto:x@y", "a#part", "deep/b?x=1", "gone", "/docs/.x"
    )
    site.page("/docs/a", "deep/c.html", "data.meta.json")
    site.page("/docs/data.meta.json")
    site.page("/docs/.x")
    site.page("/docs/deep/b?x=1")
    site.page("/docs/deep/c.html", "d.html")
    site.page("/docs/deep/d.html")
    site.page("/outside")
    expected = [
        "docs/%2Ex.html",
        "docs/a.html",
        "docs/deep/b?x=1.html",
        "docs/deep/c.html",
        "docs/deep/d.html",
        "docs/index.html",
    ]
    assert site.uris("/docs/") == expected
    assert "docs/deep/d.html" not in site.uris("/docs/", depth=2)
    other = site.source("/docs/")  # one that did not list
    assert all(isinstance(data, bytes) for data in other.read_each([uri for uri in expected if "%" not in uri]))


def test_a_sitemap_spares_requests(site: Site) -> None:
    site.pages["/robots.txt"] = (200, {}, f"Sitemap: {site.home}/maps.xml\nUser-agent: *\nDisallow: /secret".encode())
    site.pages["/maps.xml"] = (
        200,
        {},
        f"<sitemapindex><sitemap><loc>{site.home}/m.xml</loc></sitemap></sitemapindex>".encode(),
    )
    entries = [("/a", "2026-01-01T10:00:00Z"), ("/b.pdf", "2026-01-01"), ("/secret/c", ""), ("/d", "2999-01-01")]
    site.pages["/m.xml"] = (
        200,
        {},
        "".join(
            ["<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"]
            + [f"<url><loc>{site.home}{path}</loc><lastmod>{time}</lastmod></url>" for path, time in entries]
            + ["</urlset>"]
        ).encode(),
    )
    rows = listing([site.source()]).to_pylist()
    assert [(row["uri"], row["modified_at"] is not None) for row in rows] == [
        ("a.html", True),
        ("b.pdf", True),
        ("d.html", False),
    ]
    assert site.requests == ["/robots.txt", "/maps.xml", "/m.xml"]
    site.pages["/m.xml"] = (200, {}, b"<urlset><url><loc>half")
    with pytest.raises(TransientError, match="can't be read"):
        site.uris()
    site.pages["/m.xml"] = (200, {}, b"<!DOCTYPE x [<!ENTITY a 'b'>]><urlset/>")
    with pytest.raises(UsageError, match="document type"):
        site.uris()


def test_a_host_is_the_same_however_it_is_spelled(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS ignores case, and a name outside of ASCII has two spellings."""
    monkeypatch.setattr(socket, "getaddrinfo", partial(_resolved, socket.getaddrinfo))
    port = site.server.server_port
    homes = f"http://docs.B\u00fccher.example:{port}", f"http://Docs.xn--bcher-kva.example:{port}"
    links = [f"{home}/{name}" for home in homes for name in "ab"]
    site.page("/", *links, *(f"{home}/" for home in homes), text="Home.")
    for name in "ab":
        site.page(f"/{name}", text=name)
    source = parse_source(f"web+http://DOCS.B\u00fccher.Example:{port}/?private=1&rate=10000")
    assert listing([source])["uri"].to_pylist() == ["a.html", "b.html", "index.html"]
    assert len(site.requests) == len(set(site.requests))
    lines = "\n".join(links[:2])
    site.pages["/sitemap.xml"] = (200, {"Content-Type": "text/plain"}, lines.encode())
    assert listing([source])["uri"].to_pylist() == ["a.html", "b.html"]


def _resolved(resolve: Callable[..., Any], host: Any, *args: Any, **words: Any) -> Any:
    """The server at hand, in place of a name that nobody has."""
    return resolve("127.0.0.1" if str(host).endswith(".example") else host, *args, **words)


def test_a_sitemap_may_be_compressed_or_plain_text(site: Site) -> None:
    addresses = [f"{site.home}/a", f"{site.home}/b?x=1#y"]
    plain = "\r\n".join(addresses).encode("utf-8-sig")
    marked = "".join(f"<url><loc> {address} </loc></url>" for address in addresses).encode()
    forms = [plain, b"<?xml version='1.0'?>\n<urlset>" + marked + b"</urlset>"]
    members = b"".join(gzip.compress(f"{address}\n".encode()) for address in addresses)
    for body in [*forms, *map(gzip.compress, forms), members]:
        site.pages["/sitemap.xml"] = (200, {}, body)
        assert site.uris() == ["a.html", "b?x=1.html"]
    site.pages["/sitemap.xml"] = (200, {}, gzip.compress(forms[1])[:-9])
    with pytest.raises(TransientError, match="is cut off"):
        site.uris()
    site.pages["/sitemap.xml"] = (200, {}, gzip.compress(b"https://example.org/x\n" * 4_000_000))
    with pytest.raises(UsageError, match="more than 64 MB unpacked"):
        site.uris(sitemap=f"{site.home}/sitemap.xml")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b""),
        (410, b"gone"),
        (200, b""),
        (200, b"<!DOCTYPE html>\n<title>Not found</title>"),
        (200, b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><br></html>"),
        (200, b"Nothing here"),
        (200, b'{"error": "no such page"}'),
        (200, b"<rss><channel><item><link>http://x/</link></item></channel></rss>"),
        (200, b"<urlset><url><loc>https://www.example.org/elsewhere</loc></url></urlset>"),
    ],
)
def test_links_are_followed_if_there_is_no_sitemap_whatever_the_server_answers(
    site: Site, status: int, body: bytes
) -> None:
    site.page("/", "a")
    site.page("/a")
    site.pages["/sitemap.xml"] = (status, {}, body)
    assert site.uris() == ["a.html", "index.html"]
    with pytest.raises((LakeError, PermissionError)):  # unless somebody says that it is one
        site.uris(sitemap=f"{site.home}/sitemap.xml")


def test_links_are_found_wherever_a_browser_would_offer_or_follow_them(site: Site) -> None:
    body = (
        "<meta http-equiv=Refresh content='0; URL=latest/'><map><area href=area></map><a href='//[bad'>x</a>"
        "<iframe src=frame></iframe><link rel=next href=next><a href=a rel='ugc nofollow'>x</a><a href='mailto:x@y.z'>"
    )
    site.pages["/"] = (200, {"Content-Type": "text/html"}, body.encode())
    for path in ("/latest/", "/area", "/frame", "/next", "/a"):
        site.page(path)
    assert site.uris() == ["area.html", "frame.html", "index.html", "latest/index.html", "next.html"]


@pytest.mark.parametrize(
    ("charset", "text", "expected"),
    [
        ("windows-1250", "Zażółć gęślą".encode("cp1250"), "\ufeffZażółć gęślą"),
        ("ISO-8859-1", "€ “quoted”".encode("cp1252"), "\ufeff€ “quoted”"),
        ("iso-8859-1", "Zażółć".encode(), "Zażółć"),  # one encoding for all files, whatever they hold
        ("utf-8", "Zażółć".encode(), "Zażółć"),
        ("no-such", b"plain", "plain"),
        ("hex", "\u20ac".encode("cp1252"), ""),  # no encoding of texts: the parser decides
    ],
)
def test_a_page_is_read_in_the_encoding_of_its_header(site: Site, charset: str, text: bytes, expected: str) -> None:
    site.pages["/a"] = (200, {"Content-Type": f'text/html; charset="{charset}"'}, text)
    assert site.source("/a").read("a.html").decode(errors="ignore") == expected


def test_paths_in_another_encoding_than_utf_8_are_told_apart(site: Site) -> None:
    site.page("/", "/caf%E9", "/caf%E8", "/caf%C3%A9", text="Home.")
    for path in ("/caf%E9", "/caf%E8", "/caf%C3%A9"):
        site.page(path, text=path)
    source = site.source()
    uris = listing([source])["uri"].to_pylist()
    assert uris == ["caf%E8.html", "caf%E9.html", "café.html", "index.html"]
    listed_pages.drop()  # as in a process that did not list them
    assert b"/caf%E9" in source.read("caf%E9.html")
    assert b"/caf%C3%A9" in source.read("café.html")


def test_malformed_addresses_cost_nothing_but_themselves(site: Site) -> None:
    site.page("/a", text="a")
    site.pages["/gone"] = (302, {"Location": "http://[bad"}, b"")
    pages = "".join(f"<url><loc>{url}</loc></url>" for url in ("http://[bad", f"{site.home}/a", f"{site.home}/gone"))
    site.pages["/sitemap.xml"] = (200, {}, f"<urlset>{pages}</urlset>".encode())
    assert site.uris() == ["a.html", "gone.html"]
    with pytest.raises(InputError, match="outside of the source"):
        site.source().read("gone.html")
    site.pages["/robots.txt"] = (200, {}, b"Sitemap: http://[bad")
    with pytest.raises(UsageError, match=r"is no address; state another one with sitemap=URL"):
        site.uris()


def test_a_process_that_did_not_list_a_page_never_holds_it(site: Site) -> None:
    """Such as a worker of Dask, which lives through many runs and sees none of their listings."""
    forget_states()
    for text in ("one", "two"):
        site.page("/a", text=text)
        assert text in site.source().read("a.html").decode()


def test_pages_are_held_for_an_hour_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed_pages, "_KEPT", 0.0)
    old = listed_pages.begin("old")
    old.keep("/a", b"text")
    listed_pages.begin("new").keep("/b", b"text")
    assert old.n_bytes == 0
    assert old.body("/a") is None
    listed_pages.drop(["old", "new"])


def test_rules_of_robots_txt_have_wildcards_and_the_longest_one_counts(site: Site) -> None:
    rules = "User-agent: *\nDisallow: /\nAllow: /docs/\nDisallow: /*?print=\nDisallow: /docs/*.pdf$\nCrawl-delay: 0.01"
    site.pages["/robots.txt"] = (200, {}, rules.encode("utf-8-sig"))
    site.page("/docs/", "a", "a?print=1", "b.pdf", "b.pdf2", "../c")
    for path in ("/docs/a", "/docs/a?print=1", "/docs/b.pdf", "/docs/b.pdf2", "/c"):
        site.page(path)
    assert site.uris("/docs/") == ["docs/a.html", "docs/b.pdf2.html", "docs/index.html"]


def test_a_site_that_asks_for_time_between_requests_gets_it(site: Site) -> None:
    site.page("/", "a")
    site.page("/a")
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nCrawl-delay: 86400")
    with pytest.raises(UsageError, match="asks for 86,400 seconds"):
        site.uris()
    for rule, seconds in (("Crawl-delay: 0.2", 0.2), ("Request-rate: 10/1", 0.1)):
        site.pages["/robots.txt"] = (200, {}, f"User-agent: *\n{rule}".encode())
        begun = time.monotonic()
        site.uris()
        assert time.monotonic() - begun > 2 * seconds  # between a sitemap that is not there, and two pages


def test_robots_are_respected(site: Site) -> None:
    site.pages["/robots.txt"] = (200, {}, b"User-agent: raglake\nDisallow: /b")
    site.page("/", "a", "b", "c")
    site.page("/a")
    site.page("/b")
    site.pages["/c"] = (302, {"Location": "/b"}, b"")
    assert site.uris() == ["a.html", "index.html"]
    assert "/b" not in site.requests
    del site.pages["/c"]
    assert site.uris(robots=0) == ["a.html", "b.html", "index.html"]
    site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /")
    with pytest.raises(UsageError, match=r"robots\.txt does not allow"):
        site.uris()
    site.page("/robots.txt", status=500)
    with pytest.raises(TransientError):
        site.uris()


def test_a_site_beyond_its_bounds_is_refused_and_a_large_page_costs_itself(site: Site) -> None:
    site.page("/", *(f"p{n}" for n in range(5)))
    for n in range(5):
        site.page(f"/p{n}", text="x" * (3000 if n == 4 else 1))
    with pytest.raises(UsageError, match="more than 3 pages"):
        site.uris(pages=3)
    source = site.source(max_mb=0.002)
    assert "p4" in listing([source])["uri"].to_pylist()
    (large,) = source.read_each(["p4"])
    assert isinstance(large, InputError)
    assert large.error_class == "too_large"


def test_a_server_that_is_busy_is_asked_again_as_it_says(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(guarded_http, "stated_wait", lambda headers: waits.append(1) or 0.0)
    site.page("/", status=429, **{"Retry-After": "7"})
    with pytest.raises(TransientError, match="429"):
        site.uris()
    assert len(waits) == 3


def test_redirects_stay_inside_and_carry_no_secret_elsewhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Site()
    other.page("/", text="other")
    monkeypatch.setenv("WEB_AUTHORIZATION", "Bearer s3cr3t")
    site.page("/", "in", "out")
    site.pages["/in"] = (302, {"Location": "/there"}, b"")
    site.page("/there", text="there")
    site.pages["/out"] = (302, {"Location": f"{other.home}/"}, b"")
    source = site.source(authorization="$WEB_AUTHORIZATION")
    assert listing([source])["uri"].to_pylist() == ["in.html", "index.html"]
    assert b"there" in source.read("in.html")
    assert other.requests == []
    assert all(headers["authorization"] == "Bearer s3cr3t" for headers in site.headers)
    site.pages["/loop.html"] = (302, {"Location": "/loop.html"}, b"")
    with pytest.raises(InputError, match="too often"):
        source.read("loop.html")


def test_what_opens_the_site_is_told_to_no_other_host_that_its_robots_txt_names(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Site()
    monkeypatch.setenv("WEB_AUTHORIZATION", "Bearer s3cr3t")
    site.pages["/robots.txt"] = (200, {}, f"Sitemap: {other.home}/sitemap.xml".encode())
    site.page("/a")
    pages = f"<urlset><url><loc>{site.home}/a</loc></url></urlset>"
    other.pages["/sitemap.xml"] = (200, {}, pages.encode())
    assert site.uris(authorization="$WEB_AUTHORIZATION") == ["a.html"]
    assert other.requests == ["/sitemap.xml"]
    assert "authorization" not in other.headers[0]
    assert site.headers[0]["authorization"] == "Bearer s3cr3t"
    other.server.shutdown()
    other.server.server_close()


class Crawl:
    """Listings of a site, each from the cursor of the one before; ``rows`` is what the engine then holds."""

    def __init__(self, site: Site, **options: Any) -> None:
        self.site, self.options, self.rows = site, options, dict[str, str | None]()
        self.cursor: str | None = None

    def changes(self, since: str | None = None) -> set[str]:
        """The uris that are new, changed or gone since the last listing."""
        changed = set[str]()
        self.rows = {} if since is None and self.cursor is None else self.rows
        for item in self.site.source(**self.options).changes(since or self.cursor):
            if isinstance(item, Cursor):
                self.cursor = item.position
                continue
            changed.add(item.uri)
            if isinstance(item, Removal):
                del self.rows[item.uri]
            else:
                self.rows[item.uri] = item.etag
        return changed


def test_unchanged_pages_cost_no_body_and_changes_are_found(site: Site) -> None:
    site.conditional = by_etag
    site.page("/", "a", "b", "deep/c")
    for name in ("a", "b", "deep/c"):
        site.page(f"/{name}", text="word " * 1000)
    crawl = Crawl(site)
    assert crawl.changes() == {"index.html", "a.html", "b.html", "deep/c.html"}
    first, site.n_bytes = crawl.cursor, 0
    assert crawl.changes() == set()
    assert (site.n_bytes, crawl.cursor) == (0, first)  # an equal state is stored once
    site.page("/b", "new", text="changed")
    site.page("/new", text="new")
    assert crawl.changes() == {"b.html", "new.html"}
    site.page("/b", text="changed")  # a page to which no link leads any more is gone
    assert crawl.changes() == {"b.html", "new.html"}
    assert set(crawl.rows) == {"index.html", "a.html", "b.html", "deep/c.html"}
    del site.pages["/deep/c"]
    assert crawl.changes() == {"deep/c.html"}
    fresh = Crawl(site)
    fresh.changes()
    assert fresh.rows == crawl.rows


def answers(status: int | None = None, **headers: str) -> Conditional:
    """A server whose answers bear these headers; with ``status``, to each request that states a condition that one."""

    def answer(path: str, asked: Message, given: Answer) -> Answer:
        is_conditional = "If-None-Match" in asked or "If-Modified-Since" in asked
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if status is not None and is_conditional:
            return status, {**named, "Content-Length": "0"}, b""
        return given[0], {**given[1], **named}, given[2]

    return answer


OLD = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("server", "finds"),
    [
        pytest.param(answers(), True, id="no validators: each page is read"),
        pytest.param(answers(ETag='"one"'), True, id="an ETag, but conditions are ignored"),
        pytest.param(answers(ETag='W/"one"'), True, id="a weak ETag, but conditions are ignored"),
        pytest.param(answers(304, ETag='"one"'), False, id="a lie: nothing ever changes"),
        pytest.param(answers(304, Last_Modified=OLD), False, id="a lie: no date ever changes"),
        pytest.param(answers(304, Last_Modified="last week"), True, id="a date that is none is not repeated"),
        pytest.param(answers(304, Last_Modified="Fri, 01 Jan 2999 00:00:00 GMT"), True, id="a date in the future"),
        pytest.param(answers(304, Last_Modified=OLD, Date=""), True, id="a date that can be compared with none"),
    ],
)
def test_servers_of_all_sorts(site: Site, server: Conditional, *, finds: bool) -> None:
    """What a lying server hides, a full listing finds: it states no condition."""
    site.conditional = server
    site.page("/", "a")
    site.page("/a", text="one")
    crawl = Crawl(site)
    crawl.changes()
    assert crawl.changes() == set()
    site.page("/a", text="two")
    assert crawl.changes() == ({"a.html"} if finds else set())
    crawl.cursor = None
    crawl.changes()
    fresh = Crawl(site)
    fresh.changes()
    assert crawl.rows == fresh.rows


@pytest.mark.parametrize("date", ["1 Jan 99999999999 00:00:00 GMT", "Mon, 32 Jan 2020 00:00:00 GMT", "yesterday"])
def test_a_date_that_is_none_costs_nothing(site: Site, date: str) -> None:
    site.page("/", text="Home.", **{"Last-Modified": date, "Date": date})
    source = site.source()
    page, cursor = source.changes(None)
    assert (page.uri, page.modified_us) == ("index.html", None)
    assert [one for one in source.changes(cursor.position) if not isinstance(one, Cursor)] == []


def test_a_weak_etag_is_repeated_and_a_304_about_another_state_is_not_believed(site: Site) -> None:
    site.page("/", text="one")
    site.conditional = answers(ETag='W/"one"')
    crawl = Crawl(site)
    crawl.changes()
    site.conditional = answers(304, ETag='"one"')  # equal by the weak comparison
    assert crawl.changes() == set()
    assert site.headers[-1]["if-none-match"] == 'W/"one"'
    site.page("/", text="two")
    site.conditional = answers(304, ETag='"two"')
    assert crawl.changes() == {"index.html"}
    assert "if-none-match" not in site.headers[-1]
    site.conditional = lambda path, asked, given: (304, {"Content-Length": "0"}, b"")
    crawl.cursor = None
    with pytest.raises(TransientError, match="304"):  # nobody stated a condition
        crawl.changes()


def test_a_304_that_states_another_date_is_not_believed(site: Site) -> None:
    """As of a server to which an older page was restored, and that compares dates by their order."""
    site.page("/", text="one")
    site.conditional = answers(Last_Modified=OLD)
    crawl = Crawl(site)
    crawl.changes()
    site.page("/", text="two")
    site.conditional = answers(304, Last_Modified="Sun, 06 Nov 1994 07:00:00 GMT")
    assert crawl.changes() == {"index.html"}


def test_an_etag_that_is_not_ascii_is_not_repeated(site: Site) -> None:
    site.page("/", text="one")
    site.conditional = answers(ETag='"caf\xe9"')
    crawl = Crawl(site)
    crawl.changes()
    site.page("/", text="two")
    assert crawl.changes() == {"index.html"}
    assert "if-none-match" not in site.headers[-1]
    site.conditional = answers(Last_Modified=OLD)
    crawl.changes()
    site.conditional = answers(304, ETag='"caf\xe9"')
    assert crawl.changes() == crawl.changes() == set()


def test_a_page_with_the_name_of_a_sidecar_is_not_removed_by_each_listing(site: Site) -> None:
    site.page("/", "a.html.meta.json")
    site.page("/a.html.meta.json")
    crawl = Crawl(site)
    assert crawl.changes() == {"index.html"}
    assert crawl.changes() == set()


def test_states_of_sites_that_nobody_crawls_any_more_are_deleted(site: Site, tmp_path: Path) -> None:
    PageStates("gone").write({"u": PageState("u")})
    (file,) = tmp_path.rglob("*.json")
    os.utime(file, (0, 0))
    PageStates("other").write({})
    assert not file.exists()


def test_a_user_without_a_home_has_no_states(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(_: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", homeless)
    site.page("/", text="one")
    crawl = Crawl(site)
    assert crawl.changes() == {"index.html"}
    assert crawl.cursor == ""
    with pytest.raises(CursorLost):
        crawl.changes("0" * 64)
    forget_states()


def test_a_page_that_redirects_is_asked_by_the_validators_of_its_own_address(site: Site) -> None:
    site.conditional = by_etag
    site.page("/", "a")
    site.pages["/a"] = (302, {"Location": "/b"}, b"")
    site.page("/b", text="b")
    site.page("/c", text="c")
    crawl = Crawl(site)
    crawl.changes()
    site.headers.clear()
    assert crawl.changes() == set()
    of_page = [headers.get("if-none-match") for headers in site.headers[-2:]]
    assert of_page[0] is None
    assert of_page[1] is not None
    site.pages["/a"] = (302, {"Location": "/c"}, b"")
    assert crawl.changes() == {"a.html"}
    assert site.headers[-1].get("if-none-match") is None


def test_a_sitemap_without_times_is_followed_by_validators(site: Site) -> None:
    site.conditional = by_etag
    pages = "".join(f"<url><loc>{site.home}/{name}</loc></url>" for name in "ab")
    site.pages["/sitemap.xml"] = (200, {}, f"<urlset>{pages}</urlset>".encode())
    site.page("/a", text="a")
    site.page("/b", text="b")
    crawl = Crawl(site)
    assert crawl.changes() == {"a.html", "b.html"}
    assert crawl.changes() == {"a.html", "b.html"}, "now their marks are known"
    assert crawl.changes() == set()
    site.page("/b", text="c")
    assert crawl.changes() == {"b.html"}


def test_a_page_of_a_sitemap_that_is_closed_now_is_reported_and_not_removed(site: Site) -> None:
    site.conditional = by_etag
    pages = "".join(f"<url><loc>{site.home}/{name}</loc></url>" for name in "ab")
    site.pages["/sitemap.xml"] = (200, {}, f"<urlset>{pages}</urlset>".encode())
    for name in "ab":
        site.page(f"/{name}", text=name)
    crawl = Crawl(site)
    for _ in range(3):
        crawl.changes()
    site.page("/b", status=403)
    crawl.changes()
    assert set(crawl.rows) == {"a.html", "b.html"}
    source = site.source()
    assert listing([source])["uri"].to_pylist() == ["a.html", "b.html"]
    (closed,) = source.read_each(["b.html"])
    assert isinstance(closed, InputError)


def mapped(site: Site, *names: str, lastmod: str = "2026-01-01") -> None:
    """A sitemap of these pages."""
    pages = "".join(f"<url><loc>{site.home}/{name}</loc><lastmod>{lastmod}</lastmod></url>" for name in names)
    site.pages["/sitemap.xml"] = (200, {}, f"<urlset>{pages}</urlset>".encode())


def listed_and_read(source: Any) -> bytes:
    listing([source])
    return bytes(source.read("a.html"))


BOT_CHECK = (403, {"cf-mitigated": "challenge"}, b"prove that you are human")


@pytest.mark.parametrize("answer", [(202, {}, b""), (501, {}, b""), (521, {}, b""), BOT_CHECK])
def test_an_outage_is_not_the_end_of_a_page(site: Site, answer: tuple[int, dict[str, str], bytes]) -> None:
    """Neither does a page of a sitemap go to quarantine, nor does one that links lead to count as removed."""
    mapped(site, "a")
    site.page("/", "/a")
    for options in ({}, {"crawl": 1}):
        site.page("/a", text="a")
        listing([site.source(**options)])
        site.pages["/a"] = answer
        listed_pages.drop()
        with pytest.raises(TransientError, match=r"/a (failed|answered)"):
            listed_and_read(site.source(**options))


def test_a_login_that_expires_meanwhile_closes_no_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.page("/", "/a", "/b")
    site.page("/a", text="a")
    site.page("/b", status=403)
    monkeypatch.setenv("WEB_AUTHORIZATION", "Bearer s3cr3t")
    site.authorization = "Bearer s3cr3t"
    source = site.source(authorization="$WEB_AUTHORIZATION")
    assert listing([source])["uri"].to_pylist() == ["a.html", "index.html"], "a page of its own that is closed"
    site.authorization = "Bearer another"
    listed_pages.drop()
    with pytest.raises(UsageError, match="refuses the login that authorization= states; renew it"):
        source.read("a.html")


@pytest.mark.parametrize("status", [400, 410, 418, 451])
def test_a_link_to_what_the_server_refuses_ends_no_listing(site: Site, status: int) -> None:
    site.page("/", "/a", "/b")
    site.page("/a", status=status)
    site.page("/b")
    assert site.uris() == ["b.html", "index.html"]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"\x8b\x02\x80lamp\x03"), ("gzip", gzip.compress(b"<p>lamp</p>" * 99)[:-9]), ("gzip", b"<p>lamp</p>")],
    ids=["another", "cut off", "not packed"],
)
def test_a_page_that_is_not_packed_as_it_says_is_no_page(site: Site, encoding: str, body: bytes) -> None:
    site.page("/", "/a")
    site.pages["/a"] = (200, {"Content-Type": "text/html", "Content-Encoding": encoding}, body)
    with pytest.raises(TransientError, match=r"/a failed after 3 attempts: it"):
        site.uris()
    packed = gzip.compress(b"<p>lamp") + gzip.compress(b"</p>")
    site.pages["/a"] = (200, {"Content-Type": "text/html", "Content-Encoding": "X-GZip"}, packed)
    source = site.source()
    listing([source])
    assert source.read("a.html") == b"<p>lamp</p>"


def test_a_page_that_comes_too_slowly_is_not_left_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_http, "_LONGEST_PAGE", -1.0)
    site.page("/", text="Home.")
    with pytest.raises(TransientError, match="takes longer"):
        site.uris(robots=0)


def test_what_only_might_be_there_may_lead_anywhere(site: Site) -> None:
    site.page("/", "/a")
    site.page("/a")
    for place in ("http://192.0.2.1/login", "/sitemap.xml"):
        site.pages["/sitemap.xml"] = (302, {"Location": place}, b"")
        assert site.uris() == ["a.html", "index.html"]
        with pytest.raises(UsageError, match=r"sitemap.xml can't be used: it redirects .* state another one"):
            site.uris(sitemap=f"{site.home}/sitemap.xml")


def test_rules_of_robots_txt_count_wherever_they_are(site: Site) -> None:
    site.page("/", "/a")
    site.page("/a")
    site.pages["/rules"] = (200, {}, b"User-agent: *\nDisallow: /a")
    site.pages["/robots.txt"] = (301, {"Location": f"{site.home.replace('127.0.0.1', 'localhost')}/rules"}, b"")
    assert site.uris() == ["index.html"]
    site.pages["/robots.txt"] = (301, {"Location": "/robots.txt"}, b"")
    assert site.uris() == ["a.html", "index.html"]
    site.pages["/robots.txt"] = (200, {}, b"#" * 3000)
    with pytest.raises(UsageError, match=r"robots.txt has more than 2,000 bytes.*robots=0"):
        site.uris(max_mb=0.002)


def test_a_sitemap_may_lie_on_another_host(site: Site) -> None:
    other = site.home.replace("127.0.0.1", "localhost")
    index = f"<sitemapindex><sitemap><loc>{other}/more.xml</loc></sitemap></sitemapindex>"
    site.pages["/sitemap.xml"] = (200, {}, index.encode())
    site.pages["/more.xml"] = (200, {}, f"<urlset><url><loc>{site.home}/a</loc></url></urlset>".encode())
    assert site.uris() == ["a.html"]


def test_a_site_that_moved_away_is_told_so(site: Site) -> None:
    site.pages["/"] = (301, {"Location": "https://docs.example.org/"}, b"")
    with pytest.raises(UsageError, match=r"redirects to https://docs.example.org/.*new address after the same NAME="):
        site.uris()


def test_times_of_a_sitemap_that_lie_are_left_aside(site: Site) -> None:
    site.conditional = by_etag
    mapped(site, "a")
    trusting, doubting = Crawl(site), Crawl(site, lastmod=0)
    for text in ("one", "two", "three"):
        site.page("/a", text=text)
        trusting.changes()
        assert doubting.changes() == {"a.html"}
    assert (trusting.changes(), doubting.changes()) == (set(), set())


def test_states_that_are_gone_or_damaged_lead_to_a_full_listing(site: Site, tmp_path: Path) -> None:
    site.page("/", text="one")
    crawl = Crawl(site)
    crawl.changes()
    (kept,) = (tmp_path / "cache" / "raglake" / "web").glob("*/*.json")
    assert kept.parent.stat().st_mode & 0o077 == 0
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(CursorLost):
        crawl.changes()
    kept.unlink()
    with pytest.raises(CursorLost):
        crawl.changes()
    (tmp_path / "cache" / "raglake" / "web").rename(tmp_path / "other")
    (tmp_path / "cache" / "raglake" / "web").write_text("in the way")
    crawl.cursor = None
    crawl.changes()
    assert crawl.cursor == "", "what can't be kept is listed in full the next time"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "::127.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "fec0::1",
    ],
)
def test_private_addresses_are_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in ("93.184.216.34", address)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(PrivateAddressError, match="is not public"):
        check_public("looks.public.example")


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34"]
)
def test_public_addresses_are_used(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert check_public("public.example") == [address]


def test_a_name_that_changes_its_address_is_checked_at_each_connection(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS says a public address at first and a private one later; nothing is ever sent to the private one."""
    site.page("/", text="internal")
    resolve, n_asked = socket.getaddrinfo, []

    def rebinding(host: str, *args: Any, **words: Any) -> Any:
        n_asked.append(host)
        return resolve("127.0.0.1", *args, **words)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    port = site.server.server_port
    for address in (f"web+http://public.example:{port}/", f"web+http://127.0.0.1:{port}/", f"web+http://[::1]:{port}/"):
        with pytest.raises(LakeError, match="is not public"):
            listing([parse_source(address)])
    assert n_asked
    assert site.requests == []
