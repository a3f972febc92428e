"""Visits the pages and forms of the console with odd words, and looks for what a request put into a page."""

from __future__ import annotations

import random
import re
import time
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

from lake.console.views import SECTIONS
from tests.lake.service.drawn_requests import MARKUP, TEXTS
from tests.lake.service.fuzzed_service import OPERATOR, READER, SECRET, FuzzedService
from tests.lake.service.in_process import Reply, call

_ADDRESSES = ("href", "src", "action", "formaction", "data", "srcset", "poster")
_ODD_ADDRESSES = ("javascript:", "data:", "//evil")
_HOST = "http://127.0.0.1"
#: Words of addresses and forms.
_WORDS = (
    *(
        "q",
        "at",
        "a",
        "b",
        "kind",
        "start",
        "end",
        "doc",
        "doc_id",
        "uri",
        "chunk",
        "chunk_id",
        "query_id",
        "name",
        "why",
    ),
    *("act", "force", "useful", "comment", "back", "set", "settings", "measure", "text", "answers", "decision", "full"),
    *("before", "hunk", "lines", "from", "to", "days", "k", "mode", "alpha", "profile", "expand", "compare", "mode_b"),
    *(
        "alpha_b",
        "at_b",
        "profile_b",
        "f.uri",
        "f.source",
        "f.tags",
        "source",
        "tags",
        "r",
        "done",
        "drafted",
        "next",
        "key",
    ),
)
_ACTS = ("publish", "rollback", "pin", "unpin", "name", "unname", "accept", "edit", "drop", "yes", "off")


class _Markup(HTMLParser):
    """Whether a page has markup that came with a request."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = [
            (value or "").strip().lower() for name, value in attrs if name in _ADDRESSES or name.startswith("hx-")
        ]
        odd = [name for name, _ in attrs if name.startswith("zq7")]
        if tag.startswith("zq7") or odd or any(value.startswith(_ODD_ADDRESSES) for value in values):
            self.found.append(f"<{tag} {attrs}")


def reflected(page: str) -> list[str]:
    """Elements and attributes that a request put into a page."""
    parser = _Markup()
    parser.feed(page)
    return parser.found


async def signed_in(service: FuzzedService, key: str) -> tuple[str, str]:
    """The cookie of a session and the token of its forms."""
    page = await call(service.app, "GET", "/console/sign-in")
    form = urlencode({"key": key, "csrf": _token(page)}).encode()
    headers = [("cookie", _cookie(page)), ("origin", _HOST)]
    done = await call(service.app, "POST", "/console/sign-in", headers=headers, body=form)
    assert done.status == 303, done
    shown = await call(service.app, "GET", "/console/ask", headers=[("cookie", _cookie(done))])
    return _cookie(done), _token(shown)


def _cookie(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]


def _token(reply: Reply) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', reply.body.decode())
    assert found, reply.body[:2000]
    return found[1]


async def fuzz_console(service: FuzzedService, seed: int, n: int) -> None:
    """Sends ``n`` requests; what is wrong is added to the service's findings."""
    rng, known = random.Random(seed), await service.known()
    sessions = [(key, *await signed_in(service, key)) for key in (OPERATOR, READER)]
    views = ["/", "/sign-in", "/static/x.js", *(path for one in SECTIONS for path in one.views)]
    acts = ["/sign-out", "/sign-in", *(path for one in SECTIONS for path in one.acts)]
    values = [*TEXTS, *_ACTS, MARKUP, "javascript:alert(1)", f"data:text/html,{MARKUP}", "//evil", "x\r\ny: z"]
    for _ in range(n):
        key, cookie, token = rng.choice(sessions)
        method, route = ("POST", rng.choice(acts)) if rng.random() < 0.4 else ("GET", rng.choice(views))
        pairs = [
            (one, str(rng.choice([*known.get(one, ()), *values]))) for one in rng.choices(_WORDS, k=rng.randrange(7))
        ]

        def part(found: re.Match[str]) -> str:
            return quote(str(rng.choice([*known.get(found[1], ()), *values])), safe="", errors="replace") or "x"

        path = "/console" + re.sub(r"\{(\w+)(?::\w+)?\}", part, route)
        words = urlencode(pairs, errors="replace")
        headers = [("cookie", cookie), ("origin", _HOST), *([("hx-request", "true")] if rng.random() < 0.3 else [])]
        body = f"csrf={token}&{words}".encode() if method == "POST" else b""
        begun = time.process_time()
        shown = f"{method} {path[:300]} {words[:600]} {headers[2:]}"
        try:
            reply = await call(service.app, method, path, words if method == "GET" else "", headers, body)
        except Exception as error:  # noqa: BLE001 - a finding, whatever it is
            service.find(f"console {method} {route} raises {type(error).__name__}: {error!s:.80}", shown)
            continue
        service.statuses[f"{method} /console{route}", reply.status] += 1
        _judge(service, f"console {method} {route}", shown, key, reply, f"{path}{words}")
        if time.process_time() - begun > 5:
            service.find(f"console {method} {route} is slow", shown)


def _judge(service: FuzzedService, route: str, shown: str, key: str, reply: Reply, sent: str) -> None:
    page = reply.body.decode("utf-8", "replace")
    if reply.status >= 500 or not reply.status:
        service.find(f"{route}: status {reply.status}", f"{shown} -> {page[-300:]}")
    if "html" in reply.headers.get("content-type", "") and (found := reflected(page)):
        service.find(f"{route}: markup of the request is in the page", f"{shown} -> {found[:3]}")
    if key == READER and SECRET in page.lower() and SECRET not in sent.lower():
        service.find(f"{route}: shows what the key may not see", shown)
    to = reply.headers.get("location", reply.headers.get("hx-redirect", "/console/"))
    if not to.startswith("/console") or "\n" in to or "\r" in to:
        service.find(f"{route}: leads to {to[:60]}", shown)
    if any("\n" in value or "\r" in value for value in reply.headers.values()):
        service.find(f"{route}: a header has a line break", shown)
