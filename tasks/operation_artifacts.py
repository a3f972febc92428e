"""What a run of an operation shows in Prefect's UI: what it did, or would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect import artifacts

from lake.reporting import counted, in_bytes, with_lake
from tasks.artifacts import artifact_key, show

if TYPE_CHECKING:
    from lake.erasure.forget import Forgotten
    from lake.erasure.vacuum import Vacuumed
    from lake.inspect.diff import Difference
    from lake.maintenance.doctor import Diagnosis
    from lake.maintenance.prune import Pruned
    from lake.questions import Taken

CHOSEN_ROWS = QUESTION_ROWS = 200


def show_pruned(lake: str, pruned: Pruned) -> None:
    """Each release, newest first, whether it is kept and why, as a table."""
    fates = {release: ("kept", why) for release, why in pruned.kept.items()}
    gone = "would be dropped" if pruned.dry_run else "dropped"
    fates |= dict.fromkeys(pruned.dropped, (gone, "no rule keeps it"))
    newest_first = sorted(fates, key=lambda name: (name.rsplit(".", 1)[0], int(name.rsplit(".", 1)[1])), reverse=True)
    show(
        artifacts.create_table_artifact,
        table=[{"release": name, "is": fates[name][0], "because": fates[name][1]} for name in newest_first],
        key=artifact_key("maintain", lake),
        description=f"Releases of {lake}; {_given_back(pruned.vacuumed, dry_run=pruned.dry_run)}",
    )


def _given_back(vacuumed: Vacuumed, *, dry_run: bool) -> str:
    """What a vacuum removed, by kind.

    >>> from lake.erasure.vacuum import Vacuumed
    >>> _given_back(Vacuumed(n_tables=3, n_bytes=1_200_000), dry_run=False)
    'gave back 1.2 MB: 3 tables'
    """
    counts = {
        "old generations": vacuumed.n_generations,
        "tables": vacuumed.n_tables,
        "contents": vacuumed.n_contents,
        "vectors": vacuumed.n_vectors,
        "other files": vacuumed.n_files,
    }
    parts = ", ".join(f"{n:,} {what}" for what, n in counts.items() if n)
    verb = "would give back at least" if dry_run else "gave back"
    return f"{verb} {in_bytes(vacuumed.n_bytes)}{': ' if parts else ''}{parts}"


def show_difference(lake: str, difference: Difference) -> None:
    """How far two releases differ, as a table of counts; it names no document."""
    changes = {
        "documents": {kind: len(rows) for kind, rows in difference.documents.items()},
        "chunks": {kind: n for kind, n in difference.chunks.items() if kind != "kept"},
        "quarantined": {kind: len(rows) for kind, rows in difference.quarantine.items()},
    }
    was, now = difference.totals
    rows = [_compared(what, was[f"n_{what}"], now[f"n_{what}"], kinds) for what, kinds in changes.items()]
    rows += [_compared(f"recipe: {name}", *values, {}) for name, values in difference.recipe.items()]
    a, b = difference.a, difference.b
    told = f"From {a}, which was live, to {b}; `raglake diff {a} {b}` names the documents"
    show(
        artifacts.create_table_artifact,
        table=rows,
        key=artifact_key("rollback", lake),
        description=with_lake(told, lake),
    )


def _compared(what: str, was: object, now: object, kinds: dict[str, int]) -> dict[str, str]:
    changes = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if n)
    was, now = (f"{value:,}" if isinstance(value, int) else str(value) for value in (was, now))
    return {"of": what, "was": was, "is now": now, "changes": changes}


def show_chosen(lake: str, chosen: Forgotten) -> None:
    """The first documents that an erasure would take, as a table, which ``tasks.redact`` rewrites in its time."""
    n, rows = len(chosen.documents), chosen.documents[:CHOSEN_ROWS]
    more = f", the first {len(rows)} shown" if n > len(rows) else ""
    show(
        artifacts.create_table_artifact,
        table=[{"document": d.uri, "source": d.source, "because": d.because} for d in rows],
        key=artifact_key("forget", lake),
        description=f"Dry run: {counted(n, 'document')} would be erased from {lake}{more}",
    )


def show_erasure(lake: str, markdown: str) -> None:
    """What an erasure did, in words that name no document."""
    show(
        artifacts.create_markdown_artifact,
        markdown=markdown,
        key=artifact_key("forget", lake),
        description=f"An erasure from {lake}",
    )


def show_rebuilt(lake: str, generation: str, releases: list[str]) -> None:
    """The releases whose tables were made again, newest first, as a table."""
    show(
        artifacts.create_table_artifact,
        table=[{"release": release, "generation": generation} for release in reversed(releases)],
        key=artifact_key("rebuild", lake),
        description=f"Tables of {lake}, made again from Parquet",
    )


def show_diagnosis(diagnosis: Diagnosis) -> None:
    """Each issue with its remedy, or each check if there is none, as a table."""
    issues = [{"where": one.where, "what": one.what, "remedy": one.remedy} for one in diagnosis.issues]
    n = f"{counted(len(issues), 'issue')} of {diagnosis.lake}"
    checks = [{"check": one.name, "found": one.skipped or f"{one.n:,} {one.unit}"} for one in diagnosis.checks]
    show(
        artifacts.create_table_artifact,
        table=issues or checks,
        key=artifact_key("doctor", diagnosis.lake),
        description=with_lake(f"{n}; `raglake doctor --repair` fixes what it can", diagnosis.lake),
    )


def show_left_out(lake: str, taken: Taken) -> None:
    """The first questions that live can't be measured by, and why, as a table; it repeats no question."""
    n, rows = len(taken.left_out), taken.left_out[:QUESTION_ROWS]
    more = f", the first {len(rows)} shown" if n > len(rows) else ""
    show(
        artifacts.create_table_artifact,
        table=[{"question": one.question.question_id, "because": one.left_out} for one in rows],
        key=artifact_key("unmeasured", lake),
        description=f"{counted(n, 'question')} of {taken.set} can't be measured at {taken.checked_at}{more}",
    )
