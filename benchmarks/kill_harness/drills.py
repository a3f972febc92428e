"""Each command made ready: what must be so before it runs, its words, and what must hold afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable

from kill_harness.corpus import Corpus
from kill_harness.oracle import Drill, Oracle, State

#: How often an ingest leaves its release unpublished.
_CANDIDATES = 0.15
#: Rollbacks in a row; on an object store, where each reads the whole log anew, fewer.
_FLIPS, _FLIPS_REMOTE = 60, 6


class Drills:
    """Makes drills of a lake whose state ``now`` tells; ``undisturbed`` runs one to its end and looks."""

    def __init__(
        self,
        lake: str,
        corpus: Corpus,
        oracle: Oracle,
        rng: random.Random,
        now: Callable[[], State],
        undisturbed: Callable[[Drill], State],
        leftovers: Callable[[], list[str]],
    ) -> None:
        self._lake, self._corpus, self._oracle, self._rng = {"lake": lake}, corpus, oracle, rng
        self._n_flips = _FLIPS_REMOTE if "://" in lake else _FLIPS
        self._now, self._undisturbed, self._leftovers = now, undisturbed, leftovers

    def make(self, command: str) -> Drill:
        drill: Drill = getattr(self, command)()
        return drill

    def ingest(self) -> Drill:
        return self._ingest(publish=self._now()["live"] is None or self._rng.random() > _CANDIDATES)

    def publishing(self) -> Drill:
        """An ingest whose release goes live."""
        return self._ingest(publish=True)

    def _ingest(self, *, publish: bool) -> Drill:
        self._corpus.mutate()
        model = self._corpus.model()

        def holds(name: str | None) -> bool:
            return name is not None and self._oracle.bytes_of(name) == model

        def complaint(state: State) -> str:
            if publish:
                return "" if holds(state["live"]) else "live does not hold the source"
            return "" if any(map(holds, state["releases"])) else "there is no candidate"

        words = {**self._lake, "source": str(self._corpus.folder), "publish": publish}
        return Drill("ingest", words, lambda name: publish and holds(name), complaint, model)

    def publish(self) -> Drill:
        known = set(self._now()["releases"])
        built = set(self._undisturbed(self._ingest(publish=False))["releases"])
        return self._going_live("publish", (built - known).pop())

    def rollback(self) -> Drill:
        choices = self._earlier()
        if not choices:
            self._undisturbed(self.publishing())
            choices = self._earlier()
        return self._going_live("rollback", self._rng.choice(choices))

    def _earlier(self) -> list[str]:
        state = self._now()
        return sorted(name for name, r in state["releases"].items() if r["was_live"] and name != state["live"])

    def _going_live(self, command: str, name: str) -> Drill:
        def complaint(state: State) -> str:
            return "" if state["live"] == name else f"live is {state['live']}, not {name}"

        return Drill(command, {**self._lake, "release": name}, lambda live: live == name, complaint)

    def flip(self) -> Drill:
        """Readers between two releases; no command of its own, and never killed."""
        there = self.rollback().words["release"]
        releases = [there, self._now()["live"]]
        return Drill(
            "flip", {**self._lake, "releases": releases, "times": self._n_flips}, lambda live: live in releases
        )

    def after_undoing(self) -> Drill:
        """The next ingest, over a source that has forgotten what the last one saw of it."""
        self._corpus.undo()
        return self.ingest()

    def rebuild(self) -> Drill:
        return Drill("rebuild", self._lake)

    def prune(self) -> Drill:
        def complaint(state: State) -> str:
            left = self._leftovers()
            return f"it left {left[:10]}" if left else ""

        return Drill("prune", self._lake, complaint=complaint)

    def forget(self) -> Drill:
        now = self._now()
        uri = self._rng.choice(sorted(self._oracle.record[now["live"]]))
        forgotten = self._oracle.will_forget(uri, now["releases"])
        self._corpus.remove(uri, forgotten.digests)

        def complaint(state: State) -> str:
            self._oracle.forgot()
            held = {name: self._oracle.record[name] for name in state["releases"]}
            still = [name for name, content in held.items() if content != forgotten.leaves(content)]
            return f"{still} still hold {uri} or its bytes" if still else ""

        return Drill("forget", {**self._lake, "uri": uri}, complaint=complaint, forgotten=forgotten)
