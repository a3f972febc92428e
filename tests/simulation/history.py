"""One history from one seed: who takes part, what happens, and what is true when all is quiet again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest.mock import patch

from lake import operate
from lake.directory import Lake
from lake.errors import LakeError
from lake.ids import document_id
from lake.maintenance.doctor import checks, versions
from lake.search.reader import Reader
from tests.simulation import auditor
from tests.simulation.actors import Stage
from tests.simulation.scheduler import Endless, World
from tests.simulation.source import URIS, digest_of
from tests.simulation.stand_ins import installed
from tests.simulation.store import URL, Medium

#: Who may take part.
CAST = ("ingest1", "ingest2", "reader1", "reader2", "slow", "editor", "operator", "pinner", "pruner", "eraser")


@dataclass(frozen=True)
class Outcome:
    """What a seed came to. ``violations`` are in plain words; ``trace`` is every step."""

    seed: int
    digest: str
    violations: tuple[str, ...]
    n_steps: int
    trace: tuple[str, ...]


class Held(NamedTuple):
    uri: str
    digest: str


def simulate(seed: int, *, cast: tuple[str, ...] = CAST, length: float = 1.0, plant: Any = None) -> Outcome:
    """Run one history. ``cast`` and ``length`` shorten it; ``plant`` is a bug, as a context manager over a stage."""
    world = World(seed)
    medium = Medium(world, is_bucket=world.rng.random() < 0.4)
    stage = Stage(world, medium)
    with installed(world, medium), plant(stage) if plant else nullcontext():
        found = _violations(stage, cast, length)
    return Outcome(seed, world.digest, tuple(dict.fromkeys(found)), world.n_steps, tuple(world.lines))


def _violations(stage: Stage, cast: tuple[str, ...], length: float) -> list[str]:
    try:
        _begin(stage)
        _play(stage, cast, length)
        stage.medium.can_fail = False
        stage.world.note("quiet")
        late = list(_at_rest(stage))
    except Endless as error:
        return [f"endless: {error}"]
    except Exception as error:  # noqa: BLE001 - a defect of the product shows as any error
        return [f"defect: {type(error).__name__}: {error}"]
    return [*auditor.violations(stage), *late]


def _begin(stage: Stage) -> None:
    for _ in range(6):
        edit(stage)


def edit(stage: Stage) -> None:
    stage.sources = stage.sources.edited(stage.world)
    for uri, text in stage.sources.texts.items():
        stage.texts[digest_of(text)] = text
        stage.held.add(Held(uri, digest_of(text)))


def _play(stage: Stage, cast: tuple[str, ...], length: float) -> None:
    world, n = stage.world, lambda most: max(1, round(most * length))
    stage.medium.can_fail = world.rng.random() < 0.9
    machines = {name: name if stage.medium.is_bucket else "m1" for name in CAST}
    scripts: dict[str, tuple[Callable[[], Any], int, float]] = {
        "ingest1": (lambda: stage.ingest(allow_removals=9, allow_opening=9), 4, 400),
        "ingest2": (lambda: stage.ingest(allow_removals=9, allow_opening=9), 4, 400),
        "reader1": (lambda: _read(stage), 6, 250),
        "reader2": (lambda: _read(stage), 6, 250),
        "slow": (stage.read_slowly, 2, 900),
        "editor": (lambda: edit(stage), 8, 200),
        "operator": (lambda: _operate(stage), 3, 700),
        "pinner": (stage.pin, 2, 900),
        "pruner": (lambda: _prune(stage), 2, 1500),
        "eraser": (lambda: stage.forget(world.rng.choice(URIS)), 1, 1500),
    }
    for name in CAST:
        if name in cast:
            script, most, pause = scripts[name]
            stage.act(name, machines[name], script, n(most), pause)
    world.run()


def _read(stage: Stage) -> None:
    """Read live several times with one open index, and sometimes an old release."""
    lake = Lake.existing(URL)
    reader = Reader(lake)
    for _ in range(3):
        stage.read(reader)
        known = list(lake.log.read().releases)
        if known and stage.world.rng.random() < 0.4:
            stage.read(reader, stage.world.rng.choice(known))
        stage.world.sleep(stage.world.rng.random() * 120)


def _operate(stage: Stage) -> None:
    if stage.world.rng.random() < 0.6:
        stage.roll_back()
    else:
        stage.publish(force=stage.world.rng.random() < 0.3)


def _prune(stage: Stage) -> None:
    stage.prune()
    stage.world.now += stage.world.rng.choice((0, 0, 20_000))


def _at_rest(stage: Stage) -> Any:
    """Everything converges: a clean run makes the lake equal to its source, and the doctor finds nothing."""
    world = stage.world
    world.now += 8 * 3600  # what a dead holder left expires
    for process in world.processes:
        process.is_dead = process is not world.main.process
    world.current.process = world.main.process = world.process("m1")
    try:
        yield from _converges(stage)
        yield from auditor.traces(stage, _held_by_releases(stage))
    except LakeError as error:
        yield f"stuck: {type(error).__name__}: {error}"


def _converges(stage: Stage) -> Any:
    Lake.existing(URL)
    _finish_erasures(stage)
    op = stage.ingest(allow_removals=99, allow_opening=99)
    if op.outcome != "ok":
        yield f"stuck: a clean run fails: {op.error}"
        return
    _publish(stage, op.facts["outcome"])
    again = stage.ingest(allow_removals=99, allow_opening=99)
    if again.outcome != "ok" or "nothing" not in again.facts["outcome"].reason:
        yield f"converge: a second run still has work: {again.error or again.facts['outcome'].reason}"
    read = stage.read(Reader(Lake.existing(URL)))
    yield from _differences(stage, read)
    for issue in _diagnosis(stage):
        yield f"doctor: {issue}"
    stage.prune()
    for issue in _diagnosis(stage):
        yield f"doctor: after prune: {issue}"


def _held_by_releases(stage: Stage) -> set[str]:
    """Digests of all documents of all releases."""
    lake = Lake.existing(URL)
    reads = [stage.read(Reader(lake), name) for name in lake.log.read().releases]
    return {digest for read in reads for digest in read.facts.get("documents", {}).values()}


def _finish_erasures(stage: Stage) -> None:
    """Repeat what was cut short, as docs/guarantees.md says."""
    cut = [op.facts["uri"] for op in stage.ops if op.kind == "forget" and op.outcome != "ok"]
    for uri in dict.fromkeys(cut):
        stage.forget(uri)


def _publish(stage: Stage, outcome: Any) -> None:
    """Make live what a pin or a rollback held back."""
    stage.op("unpin", lambda _: operate.unpin(URL))
    if outcome.refused and outcome.release:
        to = outcome.release
        stage.op("publish", lambda _: operate.publish(URL, to, why="after all", force=True), to=to, base=None)


def _differences(stage: Stage, read: Any) -> Any:
    """What anybody sees of live against what the source holds, without what was erased."""
    if read.outcome != "ok":
        if stage.sources.texts and "nothing is published" not in read.error:
            yield f"converge: {read.error}"
        return
    denylist = Lake.existing(URL).denylist()
    wanted = {
        uri: digest_of(text)
        for uri, text in stage.sources.texts.items()
        if not denylist.has_place(document_id("docs", uri)) and not denylist.has_content(digest_of(text))
    }
    if read.facts["documents"] != wanted:
        yield f"converge: live holds {sorted(read.facts['documents'])} instead of {sorted(wanted)}, or other bytes"
    elif read.facts["visible"] != set(wanted) - stage.sources.restricted:
        yield f"converge: anybody sees {sorted(read.facts['visible'])}; restricted: {sorted(stage.sources.restricted)}"


def _diagnosis(stage: Stage) -> list[str]:
    nothing = {"check_files": lambda exam: 0, "check_indices": lambda exam: 0}
    with patch.multiple(versions, **nothing):
        found = checks.examine(Lake.existing(URL), every=True)
    return [f"{issue.check}: {issue.where}: {issue.what}" for issue in found.issues]


def shrink(seed: int, plant: Any = None, tell: Callable[[str], None] = lambda _: None) -> Outcome:
    """The shortest history of the seed that still breaks the same kind of promise."""
    cast, length = CAST, 1.0
    worst = simulate(seed, plant=plant)
    if not worst.violations:
        return worst
    kinds = {one.split(":")[0] for one in worst.violations}

    def still(cast: tuple[str, ...], length: float) -> Outcome | None:
        found = simulate(seed, cast=cast, length=length, plant=plant)
        return found if kinds & {one.split(":")[0] for one in found.violations} else None

    for name in CAST:
        fewer = tuple(one for one in cast if one != name)
        if found := still(fewer, length):
            cast, worst = fewer, found
            tell(f"without {name}")
    for shorter in (0.75, 0.5, 0.25):
        if found := still(cast, shorter):
            length, worst = shorter, found
            tell(f"with {shorter:.0%} of the work")
    return worst
