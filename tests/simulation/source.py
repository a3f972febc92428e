"""The source of documents: a folder in memory that somebody edits, with sidecars that restrict documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows.reindex import Job
from lake.errors import InputError
from lake.sources.protocol import SourceFile
from lake.sources.source import Source
from tests.simulation.scheduler import World

URIS = ("a.txt", "b.txt", "c/d.txt", "e.txt", "f.txt")


@dataclass(frozen=True)
class Sources:
    """What the source holds at one moment: texts, documents with an ``acl``, and documents with a broken sidecar."""

    texts: dict[str, str] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    before: dict[str, str] = field(default_factory=dict)  # the text that each document had before its last change
    n_written: dict[str, int] = field(default_factory=dict)  # texts of each document so far

    @property
    def restricted(self) -> frozenset[str]:
        """Documents that nobody sees without a name."""
        return self.stated | self.broken

    def edited(self, world: World, edits: Sequence[str]) -> Sources:
        """One change more: a document written, copied, deleted, put back as it was, restricted or opened."""
        rng, texts = world.rng, dict(self.texts)
        uri, what = rng.choice(URIS), rng.choice(edits)
        world.note(f"somebody does: {what} {uri}")
        if what == "write":
            n = self.n_written.get(uri, 0) + 1
            # The same words in all histories, so that what was computed of them in one is known in the next.
            texts[uri] = _text(uri, hashlib.sha256(f"{uri} {n}".encode()).hexdigest()[:6])
            return replace(self._with(texts), n_written={**self.n_written, uri: n})
        if what == "copy" and texts:
            texts[uri] = texts[rng.choice(sorted(texts))]
        elif what == "revert" and uri in self.before:
            texts[uri] = self.before[uri]
        elif what == "delete" and len(texts) > 2:
            del texts[rng.choice(sorted(texts))]
        elif what == "restrict":
            return replace(self, stated=self.stated | {uri}, broken=self.broken - {uri})
        elif what == "break":
            return replace(self, broken=self.broken | {uri}, stated=self.stated - {uri})
        elif what == "open":  # its sidecar vanishes
            return replace(self, stated=self.stated - {uri}, broken=self.broken - {uri})
        return self._with(texts)

    def _with(self, texts: dict[str, str]) -> Sources:
        changed = {one: text for one, text in self.texts.items() if texts.get(one) != text}
        return replace(self, texts=texts, before=self.before | changed)

    def files(self) -> dict[str, bytes]:
        sidecars = {f"{uri}.meta.json": json.dumps({"acl": ["anna"]}).encode() for uri in sorted(self.stated)}
        sidecars |= {f"{uri}.meta.json": b"{" for uri in sorted(self.broken)}
        return {uri: text.encode() for uri, text in self.texts.items()} | sidecars


def _text(uri: str, word: str) -> str:
    return f"The paper {uri} says word{word} and nothing else, as the crane of the harbour lifts ballast.\n"


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class SimulatedSource(Source):
    """Reads the world's source; ``seen`` collects what each listing found, with its step."""

    holder: Any = None
    seen: list[tuple[int, Sources]] = field(default_factory=list)

    def list(self) -> Iterator[SourceFile]:
        world: World = self.holder.world
        world.step("list the source")
        self.seen.append((world.n_steps, self.holder.sources))
        for uri, data in self.holder.sources.files().items():
            yield SourceFile(uri, len(data), None, hashlib.sha256(data).hexdigest())

    def read(self, uri: str) -> bytes:
        found: bytes | None = self.holder.sources.files().get(uri)
        if found is None:
            raise InputError(f"{uri} is gone", "vanished")
        return found

    def digest(self, uri: str) -> str:
        return hashlib.sha256(self.read(uri)).hexdigest()


@dataclass(frozen=True, slots=True)
class SimulatedJob(Job):
    """A job whose one source is in memory."""

    source: Any = None

    def open_sources(self) -> dict[str, Source]:
        return {"docs": self.source}
