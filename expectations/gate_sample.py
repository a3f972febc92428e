"""The gate of a run over some documents: a sample of the questions, compared with a release measured in full."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from lake.ids.uris import folded
from lake.ingest.delta import Delta

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.directory.configuration import Gate
    from lake.questions import EvalQuestion
    from lake.releases.values import Release


def samples(
    lake: Lake, candidate: Release, questions: Sequence[EvalQuestion], policy: Gate
) -> list[frozenset[str] | None]:
    """The ids of the questions to measure, and of more of them if these leave a doubt; None stands for all.

    Of each set those about documents that the candidate changed, and a sample of the others, first as few as a verdict
    needs: another sample for each candidate, and the same one for equal rows.
    """
    if policy.sample is None:
        return [None]
    changed = _changed_uris(lake, candidate)
    of_changes = {q.question_id for q in questions if any(folded(e.uri) in changed for e in q.evidence)}
    others: dict[str, list[str]] = {}
    for question in questions:
        if question.question_id not in of_changes:
            others.setdefault(question.set, []).append(question.question_id)
    chosen, n = random.Random(candidate.digest), max(policy.sample, policy.least)
    drawn = [chosen.sample(sorted(ids), min(n, len(ids))) for ids in others.values()]
    sizes = sorted({policy.least, n})
    parts = (of_changes.union(*(ids[:size] for ids in drawn)) for size in sizes)
    return list(dict.fromkeys(frozenset(part) if len(part) < len(questions) else None for part in parts))


def _changed_uris(lake: Lake, candidate: Release) -> set[str]:
    """Uris, folded, of documents that a release wrote or deleted."""
    delta = Delta.read(lake, candidate.commit)
    rows = [delta.documents.select(["uri"]), delta.quarantine.select(["uri"])]
    base = lake.log.read().releases.get(candidate.base or "")
    if base is not None and delta.deleted:
        before = lake.tables(base.generation)
        for name in ("documents", "quarantine"):
            rows.append(before.at(name, base.versions[name]).take("doc_id", delta.deleted, ["uri"]))
    return {folded(uri) for uri in pa.concat_tables(rows).column("uri").to_pylist()}
