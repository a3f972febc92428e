"""The campaign: prepare a command, kill it, look at the lake, run it undisturbed, look again."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kill_harness.content import digest_of
from kill_harness.corpus import Corpus
from kill_harness.fork_server import Ended, ForkServer, Kill
from kill_harness.watch import Readers, Watch

#: Runs take this much longer at times than they did before; kills after the end cost a run and prove little.
_STRETCH = 1.1
_MOST_PROBLEMS = 20
_TOKEN = "RAGLAKE_KILLS"
#: How often a kill is aimed at a file operation of Python's side instead of an instant.
_AIMED = {"publish": 0.6, "rollback": 0.6}
_AIMED_OTHERWISE = 0.2

Content = Mapping[str, list[str]]


@dataclass
class Tally:
    """What became of one command's kills."""

    n_kills: int = 0
    n_too_late: int = 0
    n_recovered: int = 0
    n_undisturbed: int = 0
    seconds: float = 0.0


@dataclass
class Drill:
    """One command with its words, what ``live`` may be once it died, and what must hold once it is done.

    ``model`` is what a release that the command builds must hold; None where it may build none.
    """

    command: str
    words: dict[str, Any]
    lives: Callable[[dict[str, Any], str | None], bool]
    done: Callable[[dict[str, Any]], str]
    model: dict[str, str] | None = None
    forgotten: str | None = None


@dataclass
class Figures:
    """Everything a campaign has to tell."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    watch: Watch = field(default_factory=Watch)
    problems: list[str] = field(default_factory=list)
    n_scratch: int = 0

    @property
    def n_kills(self) -> int:
        return sum(tally.n_kills for tally in self.tallies.values())

    def all_problems(self) -> list[str]:
        return self.problems + self.watch.problems


class Campaign:
    """A lake, its source, its readers, and what is known of every release. Use as a context manager."""

    def __init__(
        self, lake: str, folder: Path, *, seed: int, n_readers: int = 2, environment: Mapping[str, str] | None = None
    ) -> None:
        self._rng = random.Random(seed)
        self._lake, self._folder = lake, folder
        self._corpus = Corpus(folder / "documents", self._rng)
        self._mark = f"{_TOKEN}={secrets.token_hex(8)}"
        self._environment = {**(environment or {}), **dict([self._mark.split("=")])}
        self._server = ForkServer(folder, self._environment)
        self._readers: Readers | None = None
        self._n_readers = n_readers
        self._record: dict[str, Content] = {}
        self._by_plan: dict[str, str] = {}
        self._keys: list[str] = []
        self._state: dict[str, Any] = {"head": 0, "live": None, "releases": {}, "entries": []}
        self._typical: dict[str, list[Ended]] = defaultdict(list)
        self._deck: list[str] = []
        self._n_drills = 0
        self.figures = Figures()

    def __enter__(self) -> Campaign:
        return self

    def __exit__(self, *_: object) -> None:
        if self._readers is not None:
            self._readers.close()
        self._server.close()

    def begin(self) -> list[str]:
        """Fill the lake, let each command run once undisturbed, start the readers; the commands there are."""
        commands: list[str] = self._must("available", {})
        for _ in range(3):
            self._undisturbed("ingest")
        self._readers = Readers(self._lake, self._folder, self._n_readers, self._rng, self._environment)
        for command in commands:
            self._undisturbed(command)
        return commands

    def kill(self, commands: list[str], n_kills: int) -> None:
        """Drill commands in random order, each as often as the others, until so many kills struck."""
        while self.figures.n_kills < n_kills and len(self.figures.all_problems()) < _MOST_PROBLEMS:
            command = self._next(commands)
            if command == "ingest" and self._rng.random() < 0.15:
                self._drill_new_lake()
            else:
                self._drill(self._prepared(command))
        self._finish()

    def loop(self, commands: list[str], seconds: float) -> None:
        """The same without kills, for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and len(self.figures.all_problems()) < _MOST_PROBLEMS:
            self._undisturbed(self._next(commands))
        self._finish()

    def _finish(self) -> None:
        if self._readers is not None:
            self._readers.close()
            self.figures.watch.take(self._readers.answers())
            self._readers = None

    def _next(self, commands: list[str]) -> str:
        if not self._deck:
            self._deck = [*commands, "ingest"]
            self._rng.shuffle(self._deck)
        return self._deck.pop()

    # --- one drill

    def _undisturbed(self, command: str) -> None:
        drill = self._prepared(command)
        self._converge(drill)
        self.figures.tallies[command].n_undisturbed += 1

    def _drill(self, drill: Drill) -> None:
        started = time.monotonic()
        tally = self.figures.tallies[drill.command]
        n_problems = len(self.figures.problems)
        n_kills = 0
        while n_kills == 0 or self._rng.random() < 0.3:
            ended = self._killed(drill.command, drill.words)
            tally.n_kills += ended.killed
            tally.n_too_late += not ended.killed
            n_kills += ended.killed
            self._look(drill, f"killed {drill.command}")
            if not ended.killed:
                break
        self._converge(drill)
        if len(self.figures.problems) == n_problems:
            tally.n_recovered += n_kills
        tally.seconds += time.monotonic() - started

    def _killed(self, command: str, words: dict[str, Any]) -> Ended:
        """Run the command and kill it at random over the time, or the file operations, that it usually takes."""
        self._n_drills += 1
        typical = self._typical[command]
        seconds = sorted(ended.seconds for ended in typical)[len(typical) // 2]
        n_events = typical[-1].n_events
        kill = Kill(after=self._rng.uniform(0, _STRETCH * seconds))
        if n_events and self._rng.random() < _AIMED.get(command, _AIMED_OTHERWISE):
            kill = Kill(event=self._rng.randrange(n_events))
        ended = self._server.run(command, words, kill)
        if ended.error:
            self._problem(f"{command} {words} failed before its kill ({kill}): {ended.error}")
        if ended.killed:
            self._check_orphans()
            self._let_lease_expire(words["lake"])
        return ended

    def _let_lease_expire(self, lake: str) -> None:
        if "://" in lake:  # only on one machine is a dead holder known to be dead
            self._must("expire_lease", {"lake": lake})

    def _converge(self, drill: Drill) -> None:
        ended = self._server.run(drill.command, drill.words)
        if ended.error:
            self._problem(f"{drill.command} {drill.words} failed undisturbed: {ended.error}")
        else:
            self._typical[drill.command] = [*self._typical[drill.command][-4:], ended]
        state = self._look(drill, f"undisturbed {drill.command}", deep=drill.command in ("prune", "forget", "rebuild"))
        if complaint := drill.done(state):
            self._problem(f"after an undisturbed {drill.command} {drill.words}: {complaint}")
        if drill.command == "ingest" and drill.words.get("publish", True) and self._rng.random() < 0.2:
            self._compare_with_scratch(state)

    # --- looking

    def _look(self, drill: Drill, after: str, *, deep: bool = False) -> dict[str, Any]:
        """What the lake holds now, held against what is known; problems are noted."""
        known = [] if deep or self._rng.random() < 0.1 else self._keys
        ended = self._server.run("look", {"lake": self._lake, "known": known})
        if ended.error:
            self._problem(f"the lake can't be read after {after} {drill.words}: {ended.error}")
            return self._state
        before, state = self._state, ended.answer
        self._note(drill, after, before, state)
        self._state = state
        self._keys = [release["key"] for release in state["releases"].values()]
        self._probe(after)
        if self._readers is not None:
            self.figures.watch.log_stood(state["entries"], time.time())
            self.figures.watch.take(self._readers.answers())
        return state

    def _note(self, drill: Drill, after: str, before: dict[str, Any], state: dict[str, Any]) -> None:
        for name, release in state["releases"].items():
            if release["content"] is not None:
                self._note_release(drill, after, name, release)
        live = state["live"]
        if live != before["live"] and not drill.lives(state, live):
            self._problem(f"after {after} {drill.words} live went from {before['live']} to {live}")

    def _note_release(self, drill: Drill, after: str, name: str, release: dict[str, Any]) -> None:
        content, was = release["content"], self._record.get(name)
        if was is None:
            held = {uri: digests[2] for uri, digests in content.items()}
            if held != drill.model:
                self._problem(f"after {after} {drill.words} {name} holds {_difference(drill.model, held)}")
        elif content != was and content != _without(was, drill.forgotten):
            self._problem(f"after {after} {drill.words} {name} changed: {_difference(was, content)}")
        self._record[name] = content
        self.figures.watch.known.setdefault(name, set()).add(digest_of(content))
        timeless = _timeless(content)
        if drill.forgotten is None and self._by_plan.setdefault(release["plan"], timeless) != timeless:
            self._problem(f"after {after} {drill.words} {name} holds other rows than an equal release")

    def _probe(self, after: str) -> None:
        """Ask for a document's own word in each mode, where live is what the folder holds."""
        live = self._state["live"]
        tokens, model = self._corpus.tokens(), self._corpus.model()
        if live is None or {uri: digests[2] for uri, digests in self._record[live].items()} != model:
            return
        token = self._rng.choice(sorted(tokens.values()))
        uris = [uri for uri in tokens if tokens[uri] == token]
        probe = {"token": token, "uris": uris, "all": list(model)}
        ended = self._server.run("ask", {"lake": self._lake, "probe": probe})
        if ended.error:
            self._problem(f"after {after}: {ended.error}")

    def _compare_with_scratch(self, state: dict[str, Any]) -> None:
        """A new lake of the same folder holds the same rows."""
        scratch = str(self._folder / f"scratch-{self.figures.n_scratch}")
        self.figures.n_scratch += 1
        self._must("ingest", {"lake": scratch, "source": str(self._corpus.folder)})
        fresh = self._must("look", {"lake": scratch, "known": []})
        mine, new = self._record[state["live"]], fresh["releases"][fresh["live"]]["content"]
        if _timeless(mine) != _timeless(new):
            self._problem(f"{state['live']} differs from a lake made anew: {_difference(new, mine)}")
        shutil.rmtree(scratch)

    def _drill_new_lake(self) -> None:
        """Kill the first ingest of a lake that is not there yet."""
        tally, started = self.figures.tallies["ingest"], time.monotonic()
        lake, n_problems = f"{self._lake}-new-{self._n_drills}", len(self.figures.problems)
        words = {"lake": lake, "source": str(self._corpus.folder)}
        ended = self._killed("ingest", words)
        state = self._must("look", {"lake": lake, "known": []})
        model = self._corpus.model()
        held = _bytes_held(state)
        if held not in (None, model):
            self._problem(f"a new lake after a kill: {_difference(model, held)}")
        self._must("ingest", words)
        if _bytes_held(self._must("look", {"lake": lake, "known": []})) != model:
            self._problem("a new lake does not hold its source after a second run")
        tally.n_kills += ended.killed
        tally.n_too_late += not ended.killed
        tally.n_recovered += ended.killed and len(self.figures.problems) == n_problems
        tally.seconds += time.monotonic() - started
        shutil.rmtree(lake, ignore_errors=True)

    def _check_orphans(self) -> None:
        """The parsers that a killed run had started die with it."""
        until = time.monotonic() + 5
        while orphans := _processes(b"lake.isolated_worker", self._mark.encode()):
            if time.monotonic() > until:
                self._problem(f"parser processes {orphans} outlived their run")
                return
            time.sleep(0.01)

    def _must(self, command: str, words: dict[str, Any]) -> Any:
        ended = self._server.run(command, words)
        if ended.error:
            self._problem(f"{command} {words} failed: {ended.error}")
            raise RuntimeError(self.figures.problems[-1])
        return ended.answer

    def _problem(self, text: str) -> None:
        self.figures.problems.append(f"[{self._n_drills}] {text}")

    # --- the commands

    def _prepared(self, command: str) -> Drill:
        drill: Drill = getattr(self, f"_prepare_{command}")()
        return drill

    def _prepare_ingest(self) -> Drill:
        self._corpus.mutate()
        publish = not self._record or self._rng.random() < 0.85
        words = {"lake": self._lake, "source": str(self._corpus.folder), "publish": publish}
        model = self._corpus.model()

        def holds(state: dict[str, Any], live: str | None) -> bool:
            return publish and live is not None and self._bytes_of(live) == model

        def done(state: dict[str, Any]) -> str:
            if publish:
                return "" if holds(state, state["live"]) else "live does not hold the source"
            return "" if any(self._bytes_of(name) == model for name in state["releases"]) else "there is no candidate"

        return Drill("ingest", words, holds, done, model)

    def _prepare_publish(self) -> Drill:
        self._corpus.mutate()
        words = {"lake": self._lake, "source": str(self._corpus.folder), "publish": False}
        model = self._corpus.model()
        name = self._must("ingest", words)["release"]
        self._look(Drill("ingest", words, lambda *_: False, lambda _: "", model), "building a candidate")
        return self._to(Drill("publish", {"lake": self._lake, "release": name}, _no, _well), name)

    def _prepare_rollback(self) -> Drill:
        choices = sorted(name for name, release in self._state["releases"].items() if release["was_live"])
        choices = [name for name in choices if name != self._state["live"]]
        if not choices:
            self._undisturbed("ingest")
            return self._prepare_rollback()
        name = self._rng.choice(choices)
        return self._to(Drill("rollback", {"lake": self._lake, "release": name}, _no, _well), name)

    @staticmethod
    def _to(drill: Drill, name: str) -> Drill:
        """A drill whose command makes ``name`` live."""
        drill.lives = lambda state, live: live == name
        drill.done = lambda state: "" if state["live"] == name else f"live is {state['live']}, not {name}"
        return drill

    def _prepare_rebuild(self) -> Drill:
        return Drill("rebuild", {"lake": self._lake}, _no, _well)

    def _prepare_prune(self) -> Drill:
        def done(state: dict[str, Any]) -> str:
            left = self._must("leftovers", {"lake": self._lake})
            return f"leftovers: {left[:10]}" if left else ""

        return Drill("prune", {"lake": self._lake}, _no, done)

    def _prepare_forget(self) -> Drill:
        uri = self._rng.choice(sorted(self._record[self._state["live"]]))
        self._corpus.remove(uri)
        for name in self._state["releases"]:
            self.figures.watch.known[name].add(digest_of(_without(self._record[name], uri)))

        def done(state: dict[str, Any]) -> str:
            still = [name for name in state["releases"] if uri in self._record[name]]
            return f"{still} still hold {uri}" if still else ""

        return Drill("forget", {"lake": self._lake, "uri": uri}, _no, done, forgotten=uri)

    def _bytes_of(self, name: str) -> dict[str, str]:
        return {uri: digests[2] for uri, digests in self._record[name].items()}


def _no(state: dict[str, Any], live: str | None) -> bool:
    return False


def _well(state: dict[str, Any]) -> str:
    return ""


def _bytes_held(state: dict[str, Any]) -> dict[str, str] | None:
    if state["live"] is None:
        return None
    return {uri: digests[2] for uri, digests in state["releases"][state["live"]]["content"].items()}


def _without(content: Content, uri: str | None) -> dict[str, list[str]]:
    return {name: digests for name, digests in content.items() if name != uri}


def _timeless(content: Content) -> str:
    return digest_of({uri: (digests[1],) for uri, digests in content.items()})


def _difference(expected: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> str:
    """In words, which documents are missing, too many or other."""
    expected, found = expected or {}, found or {}
    missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    other = sorted(uri for uri in set(expected) & set(found) if expected[uri] != found[uri])
    return f"missing {missing[:5]}, too many {extra[:5]}, other {other[:5]}"


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
