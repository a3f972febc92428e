"""A small lake that has some of everything, its service, and a judge of what the service answers."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import lake
from expectations.report.measured import Measurements
from expectations.retrieval import evaluate
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.answer import AnswerOptions, Completion
from lake.console.app import mount
from lake.directory import Lake, configuration
from lake.endpoints.usage import Usage
from lake.options import RecipeOptions
from lake.questions import store
from lake.questions.values import EvalQuestion, Evidence
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.guard import Guard
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.profiles import Profile
from tests.lake.service.drawn_requests import DrawnRequest, RequestDrawer
from tests.lake.service.in_process import Reply, call

#: A word of a document that only "hr" may see.
SECRET = "quetzalcoatl"
READER, HR, OPERATOR, WRITER = (f"a-key-of-{name}-0123456789" for name in ("readers", "hr", "operators", "writers"))
_ALLOWED = ("k", "mode", "filters", "fuzziness", "context", "expand", "alpha")
KEYS = (
    Key("reader", digest_of(READER), ("staff",), _ALLOWED),
    Key("hr", digest_of(HR), ("hr",)),
    Key("operator", digest_of(OPERATOR), "*", operator=True),
    Key("writer", digest_of(WRITER), ("staff",), writes=("uploads",)),
)
HOOK_SECRET, HOOK_VARIABLE = "a-secret-of-a-hook-that-is-long", "RAGLAKE_FUZZ_HOOK"
#: Acts change the log, which then grows; documents change the inbox.
SELDOM = ("/publish", "/rollback", "/pin", "/unpin", "/name", "/unname", "/disk", "/pages/{page}")
_SLOW = 5.0
#: What the description of 422 says beyond the schema: fields that contradict one another, names, forms of hooks.
_RULES = re.compile(r"Value error|no_rights|no_uri|no_metadata|known forms")


@dataclass(frozen=True, slots=True)
class ScriptedChat:
    """A chat model that writes the same words about every question."""

    name: str = "scripted:one"
    text: str = "Lamp 1 burns whale oil [1]. The moon is made of owls."

    def complete(self, messages: Any, **_: Any) -> Completion:
        return Completion(self.text, Usage(100, 20), self.name, "stop", 0.1)

    def stream(self, messages: Any, **_: Any) -> Iterator[str | Completion]:
        yield from (f"{word} " for word in self.text.split(" "))
        yield Completion(self.text, Usage(100, 20), self.name, "stop", 0.1)


def made_lake(folder: Path) -> str:
    """Two releases of a folder and of documents that were pushed, with questions, scores, a name and a hook."""
    docs = folder / "docs"
    docs.mkdir()
    for oil in ("whale", "olive"):
        for n in range(6):
            head = f"---\ntitle: Lamp {n}\ntags: [oil, n{n % 2}]\nproject: p{n % 3}\n---\n# Lamp {n}\n\n"
            text = f"Lamp {n} burns {oil} oil.\n\n## Safety\n\nNever leave lamp {n} alone."
            (docs / f"{n}.md").write_text(head + text)
        (docs / "payroll.md").write_text(f"---\nacl: [hr]\n---\n# {SECRET}\n\nThe {SECRET} of {oil} earns 7 ducats.")
        (docs / "broken.json").write_text("{")
        job = Job((f"docs={docs}", "uploads=pushed:"), str(folder / "lake"), RecipeOptions(embedder="hash"))
        with PlainSteps(n_workers=1) as steps:
            reindex(job, steps)
    place, index = Lake.existing(str(folder / "lake")), lake.open_lake(str(folder / "lake"))
    store.add(place, [_question("lamps", n) for n in (1, 2)])
    for release in place.log.read().releases:
        index.keep_scores(evaluate(index, index.questions("lamps"), release, {"mode": "text"}).rows)
    store.add(place, [_question("drafted", n, origin="generated", reviewed=False) for n in (3, 4)])
    operate.name(place.url, "live", "olive", why="the oil")
    configuration.obey(place.store, {"hooks": {"secrets": {"docs": f"env:{HOOK_VARIABLE}"}}})
    return place.url


def _question(set_: str, n: int, **words: Any) -> EvalQuestion:
    return EvalQuestion(set_, f"What does lamp {n} burn?", evidence=(Evidence(f"{n}.md", grade=1),), **words)


@dataclass
class FuzzedService:
    """The service of a lake with its console; ``findings`` counts what is wrong, with an example of each."""

    url: str
    anonymous: bool = False
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: dict[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        index, many = lake.open_lake(self.url), 1e9
        limits = Capacity(rate=many, burst=int(many), feedback_a_day=int(many), seconds=20)
        keys = KeyRing(anonymous=Key("anonymous")) if self.anonymous else KeyRing(KEYS)
        words: dict[str, Any] = {"chat": ScriptedChat(), "answers": AnswerOptions(min_evidence=0.0)}
        words |= {"profiles": {"texts": Profile({"mode": "text"})}, "measured": Measurements(index)}
        self.app: Guard = mount(create_app(index, keys, limits, **words))
        self.text: dict[str, Any] = self.app.app.openapi()  # type: ignore[attr-defined]
        self._validators: dict[int, Draft202012Validator] = {}

    async def known(self) -> dict[str, list[Any]]:
        """Values that the lake has, by the parameters that take them."""
        log = Lake.existing(self.url).log.read()
        found = json.loads((await self.ask("POST", "/query", HR, {"text": "lamp oil", "k": 20, "mode": "text"})).body)
        hits = found["hits"]
        releases = [*log.releases, "live", "olive", "2026-11-29"]
        uris = [hit["uri"] for hit in hits]
        return {
            **dict.fromkeys(("at", "release", "a", "b", "from", "to", "before"), releases),
            "doc_id": [*{hit["doc_id"] for hit in hits}, "uploads/a.md", "new.txt"],
            "chunk_id": [hit["chunk_id"] for hit in hits],
            "query_id": [found["query_id"]],
            "uri": uris,
            "source": ["docs", "uploads", None],
            "name": ["lamps", "drafted", "olive", "lamp"],
            "question_id": [one.question_id for one in lake.open_lake(self.url).questions()],
            "quote": ["Lamp 1 burns olive oil."],
            "wait": [0, 0.01],
            "text": ["lamp oil", "What does lamp 1 burn?", SECRET],
            "question": ["What does lamp 1 burn?"],
            "profile": ["texts"],
            "settings": ['{"mode": "text"}', "{}", "[]", "null", "1"],
            "measure": ["document nDCG@10", "RR", "chunk MRR"],
            "metadata": ['{"title": "A"}', '{"acl": ["hr"]}', "{}", "[]", "1", '{"tags": [1]}'],
            "content-type": ["text/markdown"],
        }

    async def ask(self, method: str, path: str, key: str, body: Any = None) -> Reply:
        headers = [("authorization", f"Bearer {key}"), ("content-type", "application/json")]
        return await call(self.app, method, path, headers=headers, body=json.dumps(body).encode() if body else b"")

    async def fuzz(self, seed: int, n: int, seconds: float = float("inf")) -> int:
        """Sends ``n`` drawn requests, and judges each response; returns how many were sent."""
        rng, until = random.Random(seed), time.monotonic() + seconds
        drawer = RequestDrawer(self.text, rng, await self.known(), SELDOM)
        for sent, request in enumerate(islice(drawer, n)):
            if time.monotonic() > until:
                return sent
            key = rng.choice(("", READER, HR, OPERATOR, OPERATOR, WRITER))
            headers = (*request.headers, *([("authorization", f"Bearer {key}")] if key else []))
            if request.route == "/hooks/{source}" and rng.random() < 0.8:
                headers = (*request.headers, ("authorization", f"Bearer {HOOK_SECRET}"))
            started = time.process_time()
            try:
                reply = await asyncio.wait_for(
                    call(self.app, request.method, request.path, request.query, headers, request.body), 60
                )
            except Exception as error:  # noqa: BLE001 - a finding, whatever it is
                self.find(f"{request.route} raises {type(error).__name__}", f"{request}: {error}")
                continue
            self.statuses[f"{request.method} {request.route}", reply.status] += 1
            self._judge(request, key, reply, time.process_time() - started)
        return n

    def _judge(self, request: DrawnRequest, key: str, reply: Reply, seconds: float) -> None:
        route, shown = f"{request.method} {request.route}", f"{request} -> {reply.status} {reply.body[:300]!r}"
        operation = self.text["paths"].get(request.route, {}).get(request.method.lower())
        if reply.status >= 500 or reply.status == 0:
            self.find(f"{route}: status {reply.status}", shown)
        elif request.fits and operation and str(reply.status) not in operation["responses"]:
            self.find(f"{route}: status {reply.status} is not in its description", shown)
        if request.fits and reply.status == 422 and not _RULES.search(reply.body.decode()):
            self.find(f"{route}: 422 for what its description allows: {json.loads(reply.body)['message'][:90]}", shown)
        if seconds > _SLOW:
            self.find(f"{route}: slow", f"{seconds:.1f} s for {shown}")
        if reply.status >= 400 and request.method != "HEAD":
            self._judge_refusal(route, shown, reply)
        if request.fits and reply.status < 300 and operation:
            self._judge_shape(route, shown, operation, reply)
        is_hidden = (
            key in (READER, WRITER, "") and SECRET not in f"{request.body!r}{request.query}{request.path}".lower()
        )
        if is_hidden and SECRET in reply.body.decode("utf-8", "replace").lower():
            self.find(f"{route}: shows what the key may not see", shown)

    def _judge_refusal(self, route: str, shown: str, reply: Reply) -> None:
        try:
            body = json.loads(reply.body)
            good = isinstance(body["error"], str) and body["message"] and body["request_id"]
        except (ValueError, KeyError, TypeError):
            good = False
        if not good or not reply.headers.get("content-type", "").startswith("application/problem+json"):
            self.find(f"{route}: {reply.status} is no problem with a message", shown)
        if b"Traceback" in reply.body or b'File "' in reply.body:
            self.find(f"{route}: shows code", shown)

    def _judge_shape(self, route: str, shown: str, operation: Any, reply: Reply) -> None:
        content = operation["responses"].get(str(reply.status), {}).get("content", {})
        schema = content.get(reply.headers.get("content-type", "").partition(";")[0], {}).get("schema")
        if schema is None or reply.headers["content-type"] != "application/json":
            return
        if id(schema) not in self._validators:
            self._validators[id(schema)] = Draft202012Validator({**schema, "components": self.text["components"]})
        if error := next(self._validators[id(schema)].iter_errors(json.loads(reply.body)), None):
            self.find(f"{route}: the body is not as described: {error.json_path} {error.message[:80]}", shown)

    def find(self, what: str, example: str) -> None:
        n, kept = self.findings.get(what, (0, example))
        self.findings[what] = (n + 1, min(kept, example, key=len))
