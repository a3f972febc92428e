"""Who does what: each action is one run of a command, with the product's own code, and is recorded for the auditor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flows.reindex import Job, reindex
from lake import operate
from lake.directory import Lake
from lake.embed import load_embedder
from lake.options import RecipeOptions, Retention
from lake.releases import publishing
from lake.releases.values import Release
from lake.schemas import FINDINGS
from lake.search.known_log import LogReader
from lake.search.reader import Reader
from lake.search.rights import Rights
from lake.search.snapshot import Snapshot
from tasks import steps
from tests.simulation.scheduler import Crash, World
from tests.simulation.source import SimulatedJob, SimulatedSource, Sources
from tests.simulation.store import URL, Medium
from tests.simulation.themes import Theme

SETTINGS = RecipeOptions(embedder="hash", parent_tokens=24, child_tokens=12, overlap_tokens=0, heading_tokens=0)
RETENTION = Retention(keep_last=2, keep_daily=0, keep_monthly=0, grace_hours=2, keep_vectors_days=0.1)


@dataclass
class Op:
    """One call, as its caller saw it: when it began and ended, how it came out, what it returned."""

    actor: str
    kind: str
    start: int
    began_at: float
    end: int | None = None
    ended_at: float | None = None
    outcome: str = "crashed"
    error: str = ""
    raised: Exception | None = None
    n_faults: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


def reader_of(lake: Lake) -> Reader:
    """A reader of its own, as each process has one."""
    return Reader(lake, LogReader(lake))


class Stage:
    """The world with a lake and a source in it, and all that was done there."""

    def __init__(self, world: World, medium: Medium, theme: Theme) -> None:
        self.world, self.medium, self.theme = world, medium, theme
        self.sources = Sources()
        self.ops: list[Op] = []
        self.rows: dict[str, dict[str, str]] = {}  # release -> uri -> text, when it was audited
        self.built_at: dict[str, float] = {}  # release -> moment, a little after it was logged
        self.texts: dict[str, str] = {}  # digest -> text, of all that the source ever held
        self.held: set[Any] = set()  # uri and digest of the same

    def op(self, kind: str, call: Callable[[Op], Any], **facts: Any) -> Op:
        """Run a call in the process of this moment and record how it came out."""
        world = self.world
        op = Op(world.current.name, kind, world.n_steps, world.now, facts=facts)
        self.ops.append(op)
        process = world.current.process
        n_faults = process.n_faults
        world.note(f"begins to {kind}" + "".join(f" {value}" for value in facts.values() if isinstance(value, str)))
        try:
            call(op)
            op.outcome = "ok"
        except Exception as error:  # noqa: BLE001 - one that the product does not raise on purpose is a finding
            op.outcome, op.error, op.raised = "failed", f"{type(error).__name__}: {error}", error
        finally:
            op.end = None if op.outcome == "crashed" else world.n_steps
            op.ended_at = None if op.outcome == "crashed" else world.now
            op.n_faults = process.n_faults - n_faults
            world.note(f"{kind}: {op.outcome} {op.error[:90]}")
        return op

    def act(self, name: str, machine: str, script: Callable[[], None], n: int, pause: float) -> None:
        """An actor: runs its script ``n`` times, each time in a new process, whatever became of the last one."""
        world = self.world

        def life() -> None:
            for _ in range(n):
                world.sleep(world.rng.random() * pause)
                process = world.process(machine, world.rng.choice((0, 0, -20, 40)) if self.medium.is_bucket else 0)
                world.current.process = process
                try:
                    self.op("work", lambda _: script())
                except Crash:
                    world.note("is dead")
                process.is_dead = True
                world.current.process = world.process(machine)

        world.spawn(name, world.process(machine), life)

    # What is done to a lake.

    def ingest(self, **options: Any) -> Op:
        source = SimulatedSource("docs", "/docs", holder=self)
        job = SimulatedJob(("docs=/docs",), URL, settings=SETTINGS, source=source, shard_documents=2, **options)

        def run(op: Op) -> None:
            op.facts["outcome"] = reindex(job, SimulatedSteps(self, op))

        return self.op("ingest", run, scans=source.seen, indexing=[])

    def publish(self, *, force: bool = False) -> None:
        history = Lake.existing(URL).log.read()
        if (candidate := history.newest_candidate()) is not None:
            self.op(
                "publish",
                lambda _: operate.publish(URL, candidate.id, why="by hand", force=force),
                to=candidate.id,
                base=None if force else candidate.base or "",
            )

    def roll_back(self) -> None:
        history = Lake.existing(URL).log.read()
        known = [name for name in history.releases if history.published(name)]
        if known:
            to = self.world.rng.choice(known)
            self.op("rollback", lambda _: operate.rollback(URL, to, why="a bad night"), to=to)

    def name(self) -> None:
        """Name a release, which keeps it for good."""
        known = list(Lake.existing(URL).log.read().releases)
        if known:
            to = self.world.rng.choice(known)
            name = f"n{self.world.n_steps}"
            self.op("name", lambda _: operate.name(URL, to, name, why="keep"), named=to, name=name)

    def rebuild(self) -> None:
        self.op("rebuild", lambda _: operate.rebuild(URL))

    def pin(self) -> None:
        if self.world.rng.random() < self.theme.pins:
            self.op("pin", lambda _: operate.pin(URL, why="audit week"))
            self.world.sleep(self.world.rng.random() * 300)
        self.op("unpin", lambda _: operate.unpin(URL))

    def prune(self) -> Op:
        return self.op("prune", lambda op: op.facts.update(dropped=operate.prune(URL, RETENTION).dropped))

    def forget(self, uri: str) -> Op:
        def run(op: Op) -> None:
            op.facts["forgotten"] = operate.forget(URL, why="a request", uri=uri, source="docs")

        return self.op("forget", run, uri=uri)

    def read(self, reader: Reader, at: str = "live") -> Op:
        def run(op: Op) -> None:
            op.facts |= reader.search(at, _everything)

        return self.op("read", run, at=at)

    def read_slowly(self) -> None:
        """Open the tables of the release that is live, and read them half an hour later."""
        lake = Lake.existing(URL)
        live = lake.log.read().live
        if live is None:
            return

        def run(op: Op) -> None:
            self.world.sleep(1800)
            op.facts |= _everything(
                Snapshot(live, lambda name: lake.tables(live.generation).at(name, live.versions[name]))
            )

        self.op("dataset", run, at=live.id)


class SimulatedSteps:
    """The steps of a run, one after the other; the audit is a light one."""

    are_shown = False
    scan, commit = staticmethod(steps.scan), staticmethod(steps.commit)

    def __init__(self, stage: Stage, op: Op) -> None:
        self._stage, self._op = stage, op

    def progress(self, *_: object) -> None:
        """Reports nothing."""

    def each_indexed(self, job: Job, shards: Any, recipe: Any) -> Iterator[Any]:
        self._op.facts["indexing"].append(self._stage.world.n_steps)
        for shard in shards:
            steps.index_shard(job, shard, recipe)
            yield shard

    def embed(self, job: Job, request: str, recipe: Any) -> int:
        return steps.embed_texts(job, request, recipe, load_embedder("hash"), self.progress)

    def results(self, futures: Any) -> list[int]:
        return list(futures)

    def audit(self, job: Job, candidate: Release) -> Any:
        lake = Lake(URL)
        rows = _rows(lambda name: lake.tables(candidate.generation).at(name, candidate.versions[name]), candidate)
        passed = len(set(rows["doc_ids"])) == len(rows["doc_ids"]) and not rows["mixed"]
        self._stage.rows.setdefault(candidate.id, rows["documents"])
        self._stage.built_at.setdefault(candidate.id, self._stage.world.now)
        lake.keep_findings(candidate.id, FINDINGS.empty_table())
        why = "" if passed else f"{candidate.id} has rows that do not belong together"
        publishing.record_audit(lake.log, candidate, verdict={"passed": passed}, why=why)
        return _Verdict(passed, why)

    def evaluate(self, job: Job, candidate: Release) -> None:
        """There are no questions."""

    def publish(self, job: Job, candidate: Release) -> None:
        base = candidate.base or ""
        op = self._stage.op("publish", lambda _: steps.publish(job, candidate), to=candidate.id, base=base)
        if op.raised is not None:
            raise op.raised


@dataclass(frozen=True)
class _Verdict:
    passed: bool
    why: str

    def summary(self) -> str:
        return self.why


def _everything(snapshot: Snapshot, rights: Rights | None = None) -> dict[str, Any]:
    """All rows of a release, and what somebody without a name sees of it."""
    release = snapshot.release
    found = _rows(lambda name: snapshot.table(name.split("__")[0]), release)
    visible = set(found["documents"])
    if rights is not None:
        visible = set(snapshot.table("chunks").scan(["uri"], rights.predicate(()).sql).column("uri").to_pylist())
    return {"release": release.id, "visible": visible, **found}


def _rows(table: Callable[[str], Any], release: Release) -> dict[str, Any]:
    """``documents``: uri -> digest. ``mixed``: what the tables say of different documents."""
    names = {name.split("__")[0]: name for name in release.versions}
    rows = {kind: table(name) for kind, name in names.items()}
    documents = rows["documents"].scan(["doc_id", "uri", "digest"]).to_pylist()
    uris = {row["doc_id"]: row["uri"] for row in documents}
    texts: dict[str, list[str]] = {}
    for row in rows["chunks"].scan(["doc_id", "text", "start"]).sort_by("start").to_pylist():
        texts.setdefault(row["doc_id"], []).append(row["text"])
    parents = set(rows["parents"].scan(["doc_id"]).column("doc_id").to_pylist())
    whole = {uris[doc_id]: " ".join(" ".join(parts).split()) for doc_id, parts in texts.items() if doc_id in uris}
    mixed = sorted({*texts, *parents} ^ set(uris) | (set(texts) ^ parents))
    return {
        "documents": {row["uri"]: row["digest"] for row in documents},
        "doc_ids": [row["doc_id"] for row in documents],
        "texts": whole,
        "mixed": mixed,
    }
