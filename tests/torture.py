"""The torture table of a source: what each kind must survive, whatever it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import pytest

from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.erasure.forget import forget
from lake.errors import LakeError, RefusedError, TransientError, UsageError
from lake.options import RecipeOptions
from lake.releases import rights

#: More than ten, so that the guard against mass removals counts shares.
N_DOCUMENTS = 24


class Rig(ABC):
    """A source of one kind that a test edits. Names of documents are short words without a suffix."""

    #: Whether the source states who may see a document.
    has_rights = True
    #: Documents added, changed, moved and removed by an edit, a renaming and a removal.
    edited = (0, 1, 1, 1)

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def put(self, name: str, text: str, acl: list[str] | None = None) -> None: ...

    @abstractmethod
    def delete(self, name: str) -> None: ...

    def rename(self, name: str, new: str, text: str) -> None:
        self.delete(name)
        self.put(new, text)

    def settle(self) -> None:  # noqa: B027 - most kinds show each edit at once
        """Make what was edited visible, if it takes a step of its own."""

    def uri(self, name: str) -> str:
        return f"{name}.txt"

    @abstractmethod
    def broken(self) -> AbstractContextManager[Any]:
        """While it lasts, a listing breaks off half-way."""

    @abstractmethod
    def refused(self) -> AbstractContextManager[Any]:
        """While it lasts, nobody is let in."""


class Dead(Exception):
    """A run that is killed."""


class DyingEmbedder:
    def __getattr__(self, name: str) -> Any:
        raise Dead


def text(name: str, n: int = 0) -> str:
    return f"The paper {name} says in edition {n} that the crane of the harbour lifts ballast of sort {name}.\n"


class Torture:
    """A lake over one rig."""

    def __init__(self, rig: Rig, lake_url: str) -> None:
        self.rig, self.lake_url = rig, lake_url

    def run(self, lake_url: str | None = None, embedder: Any = None, **job: Any) -> Outcome:
        self.rig.settle()
        words = {"sources": (f"docs={self.rig.url}",), "settings": RecipeOptions(embedder="hash"), **job}
        with PlainSteps(n_workers=1, embedder=embedder) as steps:
            return reindex(Job(lake=lake_url or self.lake_url, **words), steps)

    @property
    def lake(self) -> Lake:
        return Lake(self.lake_url)

    def live(self) -> str:
        live = self.lake.log.read().live
        assert live is not None
        return live.digest

    def state(self) -> Any:
        return self.lake.listing_state("docs")

    def may_see(self) -> dict[str, Any]:
        """Who may see each restricted document today, by uri."""
        history = self.lake.log.read()
        assert history.live is not None
        rows = self.lake.tables(history.live.generation).at("documents", history.live.versions["documents"])
        named = rows.scan(["doc_id", "uri"])
        uris = dict(zip(*(named.column(name).to_pylist() for name in ("doc_id", "uri")), strict=True))
        held = rights.read(self.lake.store, history.rights).to_pylist()
        return {uris[row["doc_id"]]: row["acl"] for row in held if row["doc_id"] in uris and row["acl"] is not None}

    def everything(self, tmp_url: str, *, erasing: bool = False) -> None:
        """The whole table, on one history of the source; an erasure takes longer than all the rest."""
        self.build()
        self.change()
        self.fail()
        self.remove_many()
        if erasing:
            self.erase()
        self.compare(tmp_url, erased=erasing)

    def build(self) -> None:
        for n in range(N_DOCUMENTS):
            self.rig.put(f"d{n:02}", text(f"d{n:02}"))
        assert (built := self.run()).published
        assert built.added == N_DOCUMENTS
        assert self.run().reason == "nothing to do"

    def change(self) -> None:
        """A change, a rename, a removal and a change of rights, in a run that dies and in one that does not."""
        self.rig.put("d00", text("d00", 1))
        self.rig.rename("d01", "moved", text("d01"))
        self.rig.delete("d02")
        if self.rig.has_rights:
            self.rig.put("d03", text("d03"), ["anna", "board"])
        before, state = self.live(), self.state()
        with pytest.raises(Dead):
            self.run(embedder=DyingEmbedder())
        assert (self.live(), self.state()) == (before, state)
        assert self.may_see() == ({self.rig.uri("d03"): ["anna", "board"]} if self.rig.has_rights else {})
        outcome = self.run()
        added, changed, moved, removed = self.rig.edited
        expected = (added, changed + self.rig.has_rights, moved, removed)
        assert (outcome.added, outcome.changed, outcome.moved, outcome.removed) == expected
        assert outcome.n_texts_embedded == 1

    def fail(self) -> None:
        """Neither a listing that breaks off nor a closed door removes anything or moves the cursor."""
        self.rig.put("d04", text("d04", 1))
        before, state = self.live(), self.state()
        with self.rig.broken(), pytest.raises((TransientError, UsageError)):
            self.run(full=True)
        with self.rig.refused(), pytest.raises(LakeError) as raised:
            self.run()
        assert "s3cr3t" not in str(raised.value)
        assert (self.live(), self.state()) == (before, state)
        outcome = self.run()
        assert outcome.added + outcome.changed == 1

    def remove_many(self) -> None:
        before, state = self.live(), self.state()
        for n in range(5, N_DOCUMENTS - 2):
            self.rig.delete(f"d{n:02}")
        with pytest.raises(RefusedError, match="--allow-removals 17"):
            self.run()
        assert (self.live(), self.state()) == (before, state)
        assert self.run(allow_removals=17).removed == 17

    def erase(self) -> None:
        """What was erased stays out, though the source holds it and its next listing could start from a cursor."""
        forget(self.lake, uri=self.rig.uri("d04"), why="a test", source="docs")
        for _ in range(2):
            assert (again := self.run()).n_denied == 1
            assert again.reason == "nothing to do"

    def compare(self, tmp_url: str, *, erased: bool = False) -> None:
        """A lake that was made at once is equal, but for what was erased in the other."""
        fresh = self.run(tmp_url, exclude=(self.rig.uri("d04"),) if erased else ())
        assert fresh.published
        other = Lake(tmp_url).log.read().live
        assert other is not None
        assert other.digest == self.live()
