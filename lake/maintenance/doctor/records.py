"""Checks of the lake's small records: its marker, the log, the lease, caches, findings, and leftovers."""

from __future__ import annotations

import json
import os
import re
import socket
from itertools import pairwise
from typing import TYPE_CHECKING

from lake.directory import Lake, configuration
from lake.erasure.vacuum import vacuum
from lake.errors import ContractError, UsageError
from lake.ingest.delta import read_deltas
from lake.maintenance.doctor.examination import RESTORE
from lake.options import Retention
from lake.questions.store import newest
from lake.questions.values import from_table
from lake.records.feedback import ANSWERS, PASSAGES
from lake.records.judged_traffic import JUDGED_TRAFFIC
from lake.records.query_log import QUERIES
from lake.records.schemas import CALLS, QUESTIONS, SCORES
from lake.releases import rights
from lake.releases.values import Entry
from lake.reporting import counted
from lake.schemas import DIGESTS, FINDINGS
from lake.storage.lease import is_over
from lake.storage.lease_holder import Holder
from lake.storage.store import open_parquet

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.maintenance.doctor.examination import Examination
    from lake.records.daily_files import DailyFiles

_LOG_NAME = re.compile(r"(\d{10})(\.checkpoint)?\.json")


def check_format(exam: Examination) -> int:
    """Check that raglake.json exists and states a known format."""
    try:
        Lake.existing(exam.lake.url)
    except (ContractError, UsageError):
        exam.report("raglake.json", "is damaged or missing, so no command finds the lake", "write it again", "mark")
    return 1


def check_configuration(exam: Examination) -> int:
    """Check that the configuration, if there is one, can be read and is valid."""
    path = configuration.FILE
    with exam.noticing(path, f"{RESTORE}, or delete it to return to the defaults; until then every run fails"):
        configuration.read(exam.lake.store)
    return int(path in exam.lake.store.names(""))


def check_log(exam: Examination) -> int:
    """Check that every object decodes, no number is missing, times increase, and the log is consistent."""
    numbers, checkpoint = [], 0
    for name in exam.lake.store.names("log"):
        match = _LOG_NAME.fullmatch(name)
        if match is None:
            exam.report(f"log/{name}", "is not a log entry", "move it out of log/")
            continue
        with exam.noticing(f"log/{name}"):
            _decode(exam, f"log/{name}", is_checkpoint=bool(match[2]))
        if match[2]:
            checkpoint = max(checkpoint, int(match[1]))
        else:
            numbers.append(int(match[1]))
    for seq in sorted(set(range(checkpoint + 1, max(numbers, default=0))) - set(numbers)):
        exam.report(f"log/{seq:010}.json", "is missing", RESTORE)
    if not any(issue.check == "log" for issue in exam.issues):
        with exam.noticing("log", what="can't be read any further"):
            exam.history = exam.lake.log.read()
            _check_history(exam)
    return len(numbers)


def _decode(exam: Examination, path: str, *, is_checkpoint: bool) -> None:
    value = json.loads(exam.lake.store.read(path))
    entries = [Entry.from_json(entry) for entry in (value["entries"] if is_checkpoint else [value])]
    if int(path[4:14]) != entries[-1].seq:
        raise ValueError(f"it states that it is entry {entries[-1].seq}")


def _check_history(exam: Examination) -> None:
    history = exam.history
    for before, after in pairwise(history.entries):
        if not before.at < after.at:
            exam.report(f"log/{after.seq:010}.json", f"is not later than entry {before.seq}", RESTORE)
    live = history.entries[-1].live if history.entries else None
    for name, named in {"live": live, **history.names}.items():
        if named is not None and named not in history.releases:
            exam.report(
                "log",
                f"{name} is {named}, which is not kept",
                "`raglake rollback RELEASE --why REASON`",
            )
    order = {name: number for number, name in enumerate(history.releases)}
    for release in history.releases.values():
        base = release.delta_base
        if base is not None and order.get(base, len(order)) >= order[release.id]:
            what = f"the delta of {release.id} builds on {base}, which is not kept before it"
            exam.report("log", what, "restore log/ from a copy of the lake")


def check_lease(exam: Examination) -> int:
    """Check that the lease decodes; a dead holder is not an issue, since the next run replaces it."""
    store, names = exam.lake.store, exam.lake.store.names("lease")
    for name in names:
        with exam.noticing(f"lease/{name}", "delete it once no run is active"):
            holder = Holder(**json.loads(store.read(f"lease/{name}")))
            who = f"{holder.what} (process {holder.pid} on {holder.host})"
            if not is_over(holder):
                if (holder.host, holder.pid) != (socket.gethostname(), os.getpid()):
                    exam.remarks.append(f"{who} is writing to the lake; what looks wrong may be its unfinished work")
            elif not holder.released:
                exam.remarks.append(f"{who} died with the writer lease; the next run takes it")
    return len(names)


def check_cache(exam: Examination) -> int:
    """Check that digests of source files can be read."""
    return _check_files(exam, "cache", DIGESTS, "delete it; the sources are read again")


def check_audits(exam: Examination) -> int:
    """Check that findings can be read."""
    return _check_files(exam, "audits", FINDINGS, "delete it; only the findings of an audit are lost")


def check_questions(exam: Examination) -> int:
    """Check that questions can be read, and that each matches its id."""
    path, n = newest(exam.lake.store), 0
    if path is not None:
        with exam.noticing(path, f"{RESTORE}, or delete it, so that an older one beside it counts, if there is one"):
            rows = open_parquet(exam.lake.store, path).read()
            if not rows.schema.equals(QUESTIONS):
                raise ValueError("it has columns that questions don't have")
            if [question.question_id for question in from_table(rows)] != rows.column("question_id").to_pylist():
                raise ValueError("a question does not match its id")
            n = rows.num_rows
    return n


def check_scores(exam: Examination) -> int:
    """Check that scores can be read."""
    folders = [f"scores/{name}" for name in exam.lake.store.names("scores")]
    remedy = "delete it; `raglake evaluate` measures again"
    return sum(_check_files(exam, folder, SCORES, remedy) for folder in folders)


def check_calls(exam: Examination) -> int:
    """Check that replies of chat models can be read."""
    folders = [f"calls/{name}" for name in exam.lake.store.names("calls")]
    remedy = "delete it; the next request pays for the reply again"
    return sum(_check_files(exam, folder, CALLS, remedy) for folder in folders)


def check_feedback(exam: Examination) -> int:
    """Check that feedback can be read."""
    return _check_daily(exam, PASSAGES, "judgements") + _check_daily(exam, ANSWERS, "judgements")


def check_queries(exam: Examination) -> int:
    """Check that the query log, and what a judge found of it, can be read."""
    return _check_daily(exam, QUERIES, "rows") + _check_daily(exam, JUDGED_TRAFFIC, "verdicts")


def _check_daily(exam: Examination, files: DailyFiles, rows: str) -> int:
    paths = files.paths(exam.lake)
    for path in paths:
        with exam.noticing(path, f"{RESTORE}, or delete it and lose its {rows}", "drop"):
            files.read_file(exam.lake, path)
    return len(paths)


def check_rights(exam: Examination) -> int:
    """Check that the current access rights can be read."""
    path = exam.history.rights
    if path is None:
        return 0
    with exam.noticing(path, f"{RESTORE}; until then every search fails, since access rights are unknown"):
        return len(rights.read(exam.lake.store, path))
    return 0


def _check_files(exam: Examination, folder: str, schema: pa.Schema, remedy: str) -> int:
    names = exam.lake.store.names(folder)
    for name in names:
        with exam.noticing(f"{folder}/{name}", remedy, "drop"):
            open_parquet(exam.lake.store, f"{folder}/{name}").read().cast(schema)
    return len(names)


def check_leftovers(exam: Examination) -> int:
    """Add remarks on files that nobody needs."""
    n_aside = sum(1 for _ in exam.lake.store.walk("damaged"))
    if n_aside:
        exam.remarks.append(
            f"damaged/ holds {counted(n_aside, 'file')} that a repair set aside; `raglake prune` removes them"
        )
    if exam.issues:
        return 0
    spared = Retention(grace_hours=0, keep_vectors_days=0)
    deltas = read_deltas(exam.lake, exam.history)
    vacuumed = vacuum(exam.lake, exam.history, spared, strictly=True, dry_run=deltas)
    counts = {
        name: getattr(vacuumed, f"n_{name}") for name in ("generations", "tables", "contents", "vectors", "files")
    }
    found = ", ".join(counted(n, name.removesuffix("s")) for name, n in counts.items() if n)
    if found:
        exam.remarks.append(f"left over: {found}, {vacuumed.n_bytes:,} bytes; `raglake prune` removes them in time")
    return vacuumed.n_files
