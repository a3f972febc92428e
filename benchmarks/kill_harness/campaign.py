"""The campaign: prepare a command, kill it, look at the lake, run it undisturbed, look again."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kill_harness.corpus import Corpus
from kill_harness.drills import Drills
from kill_harness.figures import Figures
from kill_harness.fork_server import Ended, ForkServer, Kill
from kill_harness.oracle import Drill, Oracle, State, bytes_held, difference, timeless
from kill_harness.watch import Readers, Watch

COMMANDS = ("ingest", "publish", "rollback", "prune", "forget", "rebuild")
#: Runs take longer at times than they did before.
_STRETCH = 1.1
_MOST_PROBLEMS = 20
#: How often a kill is aimed at a file operation of Python's side instead of an instant.
_AIMED, _AIMED_AT_SHORT = 0.2, 0.6
#: How often a killed command is killed once more, its source changes before it runs again, another command
#: comes first, a lake is compared with a new one, and all releases are read again.
_AGAIN, _OTHER_SOURCE, _BETWEEN, _SCRATCH, _DEEP, _NEW_LAKE = 0.3, 0.5, 0.15, 0.2, 0.1, 0.15


class Campaign:
    """A lake, its source and its readers, each of which pauses for ``pause`` seconds after each answer.

    Use as a context manager: ``begin``, then ``kill`` or ``loop``.
    """

    def __init__(
        self,
        lake: str,
        folder: Path,
        *,
        seed: int,
        n_readers: int = 2,
        pause: float | None = None,
        environment: Mapping[str, str] | None = None,
        told: Callable[[Figures], None] = lambda figures: None,
    ) -> None:
        self._rng = random.Random(seed)
        self._lake, self._folder, self._n_readers, self._told = lake, folder, n_readers, told
        self._pause = pause or (0.5 if "://" in lake else 0.05)
        self._corpus, self._oracle = Corpus(folder / "documents", self._rng), Oracle()
        self._mark = secrets.token_hex(8)
        self._environment = {**(environment or {}), "RAGLAKE_KILLS": self._mark}
        self._server = ForkServer(folder, self._environment)
        self._readers: Readers | None = None
        self._state: State = {"head": 0, "live": None, "releases": {}, "entries": []}
        self._typical: dict[str, list[Ended]] = defaultdict(list)
        self._deck: list[str] = []
        self._drills = Drills(
            lake, self._corpus, self._oracle, self._rng, lambda: self._state, self._undisturbed, self._leftovers
        )
        self.figures = Figures(Watch(self._oracle.digests))

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *_: object) -> None:
        if self._readers is not None:
            self._readers.close()
        self._server.close()

    def begin(self) -> None:
        """Fill the lake, start the readers, and let each command run once undisturbed."""
        self._undisturbed(self._drills.make("ingest"))
        self._readers = Readers(self._lake, self._folder, self._n_readers, self._pause, self._rng, self._environment)
        for command in COMMANDS:
            self._undisturbed(self._drills.make(command))
        if self.figures.found:
            raise RuntimeError(f"not even undisturbed: {self.figures.found}")

    def kill(self, n_kills: int, seconds: float = float("inf")) -> None:
        """Drill the commands in random order, each as often as the others, until so many kills struck.

        Ends early once the seconds are over and each command had its turn.
        """
        until, n_turns = time.monotonic() + seconds, 0
        while n_turns < len(COMMANDS) or (self.figures.n_kills < n_kills and self._goes_on(until)):
            n_turns += 1
            command = self._next()
            if command == "ingest" and self._rng.random() < _NEW_LAKE:
                self._drill_new_lake()
            else:
                self._drill(self._drills.make(command))
            self._told(self.figures)
        self._finish()

    def loop(self, seconds: float) -> None:
        """The same without kills, for so long."""
        until = time.monotonic() + seconds
        while self._goes_on(until):
            self._undisturbed(self._drills.make(self._next()))
            self._told(self.figures)
        self._finish()

    def _goes_on(self, until: float) -> bool:
        return time.monotonic() < until and len(self.figures.problems) < _MOST_PROBLEMS

    def _next(self) -> str:
        if not self._deck:
            self._undisturbed(self._drills.make("flip"))
            self._deck = list(COMMANDS)
            self._rng.shuffle(self._deck)
        return self._deck.pop()

    def _finish(self) -> None:
        drill = self._drills.publishing()
        self._compare_with_scratch(drill, self._undisturbed(drill))
        if self._readers is not None:
            self._readers.close()
            self.figures.watch.take(self._readers.answers())
            self._readers = None

    def _drill(self, drill: Drill) -> None:
        started, n_problems = time.monotonic(), len(self.figures.problems)
        n_kills = 0
        while self._kill_once(drill):
            n_kills += 1
            if self._rng.random() > _AGAIN:
                break
        if n_kills and drill.command not in ("publish", "rollback") and self._rng.random() < _BETWEEN:
            self._undisturbed(self._drills.make("prune"))
        if n_kills and drill.command == "ingest" and self._rng.random() < _OTHER_SOURCE:
            drill = self._drills.make(self._rng.choice(("ingest", "after_undoing")))
        self._undisturbed(drill)
        tally = self.figures.tallies[drill.command]
        tally.n_recovered += n_kills if len(self.figures.problems) == n_problems else 0
        tally.seconds += time.monotonic() - started

    def _kill_once(self, drill: Drill) -> bool:
        """Whether the kill struck; looks at the lake either way."""
        ended = self._killed(drill)
        self._look(drill, "killed" if ended.killed else "not quite killed")
        return ended.killed

    def _killed(self, drill: Drill) -> Ended:
        kill = self._when(drill.command)
        ended = self._server.run(drill.command, drill.words, kill)
        tally = self.figures.tallies[drill.command]
        tally.n_kills += ended.killed
        tally.n_too_late += not ended.killed
        if ended.error:
            self._problem(drill, f"failed before its kill ({kill}): {ended.error}")
        if ended.killed:
            self._check_orphans(drill)
        if ended.killed and "://" in self._lake:
            # Only on one machine is a dead holder known to be dead.
            self._must("expire_lease", {"lake": drill.words["lake"]})
        return ended

    def _when(self, command: str) -> Kill:
        """An instant of the time that the command usually takes, or one of its file operations."""
        typical = self._typical[command]
        seconds = sorted(ended.seconds for ended in typical)[len(typical) // 2]
        aimed = _AIMED_AT_SHORT if command in ("publish", "rollback") else _AIMED
        if typical[-1].n_events and self._rng.random() < aimed:
            return Kill(event=self._rng.randrange(typical[-1].n_events))
        return Kill(after=self._rng.uniform(0, _STRETCH * seconds))

    def _undisturbed(self, drill: Drill) -> State:
        ended = self._server.run(drill.command, drill.words)
        if ended.error:
            self._problem(drill, f"failed undisturbed: {ended.error}")
        else:
            self._typical[drill.command] = [*self._typical[drill.command][-4:], ended]
        self.figures.tallies[drill.command].n_undisturbed += 1
        state = self._look(drill, "undisturbed", deep=drill.command in ("prune", "forget", "rebuild"))
        if complaint := drill.complaint(state):
            self._problem(drill, f"undisturbed: {complaint}")
        if drill.words.get("publish") and self._rng.random() < _SCRATCH:
            self._compare_with_scratch(drill, state)
        return state

    def _look(self, drill: Drill, how: str, *, deep: bool = False) -> State:
        """What the lake holds now, held against what is known; what is wrong is noted."""
        deep = deep or self._rng.random() < _DEEP
        known = [] if deep else [release["key"] for release in self._state["releases"].values()]
        ended = self._server.run("look", {"lake": self._lake, "known": known})
        if ended.error:
            self._problem(drill, f"{how}: the lake can't be read: {ended.error}")
            return self._state
        for wrong in self._oracle.check(drill, self._state, ended.answer):
            self._problem(drill, f"{how}: {wrong}")
        self._state = ended.answer
        self._ask(drill, how)
        if self._readers is not None:
            self.figures.watch.log_stood(self._state["entries"], time.time())
            self.figures.watch.take(self._readers.answers())
        return self._state

    def _ask(self, drill: Drill, how: str) -> None:
        """Search for a document's own word in each mode, where live is what the folder holds."""
        live, tokens, model = self._state["live"], self._corpus.tokens(), self._corpus.model()
        if live is None or self._oracle.bytes_of(live) != model:
            return
        token = self._rng.choice(sorted(tokens.values()))
        uris = [uri for uri in tokens if tokens[uri] == token]
        ended = self._server.run("ask", {"lake": self._lake, "token": token, "uris": uris, "all_uris": list(model)})
        if ended.error:
            self._problem(drill, f"{how}: {ended.error}")

    def _compare_with_scratch(self, drill: Drill, state: State) -> None:
        """A new lake of the same folder holds the same rows."""
        scratch = str(self._folder / "scratch")
        self.figures.n_scratch += 1
        self._must("ingest", {"lake": scratch, "source": drill.words["source"]})
        fresh = self._must("look", {"lake": scratch, "known": []})
        mine, new = self._oracle.record[state["live"]], fresh["releases"][fresh["live"]]["content"]
        if timeless(mine) != timeless(new):
            rows = [{uri: digests[1] for uri, digests in content.items()} for content in (new, mine)]
            self._problem(drill, f"{state['live']} differs from a lake made anew: {difference(*rows)}")
        shutil.rmtree(scratch)

    def _drill_new_lake(self) -> None:
        """Kill the first ingest of a lake that is not there yet."""
        started, n_problems = time.monotonic(), len(self.figures.problems)
        words = {"lake": f"{self._lake}-new-{secrets.token_hex(3)}", "source": str(self._corpus.folder)}
        drill, model = Drill("ingest", words), self._corpus.model()
        ended = self._killed(drill)
        if (held := self._held(words["lake"])) not in (None, model):
            self._problem(drill, f"killed: a new lake has {difference(model, held)}")
        self._must("ingest", words)
        if (held := self._held(words["lake"])) != model:
            self._problem(drill, f"undisturbed: a new lake has {difference(model, held)}")
        tally = self.figures.tallies["ingest"]
        tally.n_recovered += ended.killed and len(self.figures.problems) == n_problems
        tally.seconds += time.monotonic() - started
        shutil.rmtree(words["lake"], ignore_errors=True)

    def _held(self, lake: str) -> dict[str, str] | None:
        state = self._must("look", {"lake": lake, "known": []})
        return bytes_held(state["releases"][state["live"]]["content"]) if state["live"] else None

    def _check_orphans(self, drill: Drill) -> None:
        """The parsers that a killed run had started die with it."""
        until = time.monotonic() + 5
        while orphans := _processes(b"lake.ingest.isolated_worker", self._mark.encode()):
            if time.monotonic() > until:
                self._problem(drill, f"killed: parser processes {orphans} outlived it")
                return
            time.sleep(0.01)

    def _leftovers(self) -> list[str]:
        left: list[str] = self._must("leftovers", {"lake": self._lake})
        return left

    def _must(self, command: str, words: dict[str, Any]) -> Any:
        ended = self._server.run(command, words)
        if ended.error:
            raise RuntimeError(f"{command} {words} failed: {ended.error}")
        return ended.answer

    def _problem(self, drill: Drill, what: str) -> None:
        self.figures.found.append(f"after {self.figures.n_kills} kills, {drill} {what}")


def _processes(words: bytes, mark: bytes) -> list[int]:
    """Running processes with these words in their command line and this in their environment."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            command, environment = (Path("/proc", name, what).read_bytes() for what in ("cmdline", "environ"))
        except OSError:  # gone, or somebody else's
            continue
        if words in command and mark in environment:
            found.append(int(name))
    return found
