"""What must be true once all is quiet: the lake becomes equal to its source, and the doctor finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from lake import operate
from lake.directory import Lake
from lake.errors import LakeError
from lake.ids import document_id
from lake.maintenance.doctor import checks, versions
from tests.simulation import auditor
from tests.simulation.actors import Stage, reader_of
from tests.simulation.source import digest_of
from tests.simulation.store import URL

#: How often the doctor examines the lake: it costs as much as all else at the end.
_SHARE_EXAMINED = 0.25


def at_rest(stage: Stage) -> Iterator[str]:
    """What is wrong once nothing fails any more and everybody else is gone."""
    world = stage.world
    world.now += 8 * 3600  # what a dead holder left expires
    for process in world.processes:
        process.is_dead = process is not world.main.process
    world.current.process = world.main.process = world.process("m1")
    try:
        yield from _converges(stage)
        if Lake(URL).exists():
            yield from auditor.traces(stage, _held_by_releases(stage))
    except LakeError as error:
        yield f"stuck: {type(error).__name__}: {error}"


def _converges(stage: Stage) -> Iterator[str]:
    yield from _finish_erasures(stage)
    op = stage.ingest(allow_removals=99, allow_opening=99)
    if op.outcome != "ok":
        yield f"stuck: a clean run fails: {op.error}"
        return
    if not stage.sources.texts and not Lake(URL).exists():
        return
    _publish(stage, op.facts["outcome"])
    again = stage.ingest(allow_removals=99, allow_opening=99)
    if again.outcome != "ok" or "nothing" not in again.facts["outcome"].reason:
        yield f"converge: a second run still has work: {again.error or again.facts['outcome'].reason}"
    read = stage.read(reader_of(Lake.existing(URL)))
    yield from _differences(stage, read)
    yield from _named(stage)
    if stage.world.rng.random() < 0.5:
        stage.prune()
    if stage.world.rng.random() < _SHARE_EXAMINED:
        for issue in _diagnosis(stage):
            yield f"doctor: {issue}"


def _held_by_releases(stage: Stage) -> set[str]:
    """Digests of all documents of all releases."""
    lake = Lake.existing(URL)
    reads = [stage.read(reader_of(lake), name) for name in lake.log.read().releases]
    return {digest for read in reads for digest in read.facts.get("documents", {}).values()}


def _named(stage: Stage) -> Iterator[str]:
    """A named release is kept, whoever pruned."""
    reader, names = reader_of(Lake.existing(URL)), Lake.existing(URL).log.read().names
    for op in [one for one in stage.ops if one.kind == "name" and one.outcome == "ok"]:
        if names.get(op.facts["name"]) != op.facts["named"]:
            yield f"lost: the name {op.facts['name']} of {op.facts['named']} is not in the log"
        read = stage.read(reader, op.facts["named"])
        if read.outcome != "ok":
            yield f"lost: {op.facts['named']} was named and can't be read: {read.error}"


def _finish_erasures(stage: Stage) -> Iterator[str]:
    """Repeat what was cut short, as docs/guarantees.md says."""
    cut = [op.facts["uri"] for op in stage.ops if op.kind == "forget" and op.outcome != "ok"]
    for uri in dict.fromkeys(cut):
        op = stage.forget(uri)
        if op.outcome != "ok" and not op.error.startswith(("UsageError", "NoReleaseError")):
            yield f"stuck: {uri} can't be erased: {op.error}"


def _publish(stage: Stage, outcome: Any) -> None:
    """Make live what a pin or a rollback held back."""
    stage.op("unpin", lambda _: operate.unpin(URL))
    if outcome.refused and outcome.release:
        to = outcome.release
        stage.op("publish", lambda _: operate.publish(URL, to, why="after all", force=True), to=to, base=None)


def _differences(stage: Stage, read: Any) -> Iterator[str]:
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
