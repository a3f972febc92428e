"""Erasure as a Prefect flow, which first lists what would go, and at last cleans Prefect's own records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import State, flow
from prefect.states import Completed

from flows.forms.operations import ForgetParameters
from flows.runtime.run import ended
from flows.runtime.run_names import named
from flows.sync import with_destinations
from lake.ids.uris import spellings
from lake.reporting import counted
from tasks.job import Erasure
from tasks.operation_artifacts import show_chosen, show_erasure
from tasks.redact import find_logs, redact_artifacts, redact_parameters
from tasks.step_tasks import forget as erase

if TYPE_CHECKING:
    from lake.erasure.forget import Forgotten


@flow(name="forget", flow_run_name=named("forget"), persist_result=False)
def forget(params: ForgetParameters) -> State[Any]:
    """Erase documents for good, from every release and every file of the lake, and prove it.

    A dry run, which is the default, lists what would go. Completed: the message states how much was erased; the
    artifact holds the proof, and the runs whose logs still name a document. Failed: nothing matches, another
    run is writing, or a trace was found; a retry goes on from there.
    """
    return ended(params, lambda: _erased(params))


def _erased(params: ForgetParameters) -> State[Any]:
    state = _forgotten(params.erasure(), dry_run=params.dry_run)
    return state if params.dry_run else with_destinations(params.lake, state)


def _forgotten(erasure: Erasure, *, dry_run: bool) -> State[Any]:
    chosen = erase.with_options(task_run_name="choose documents")(erasure, dry_run=True)
    if dry_run:
        show_chosen(erasure.lake, chosen)
        return Completed(message=f"dry run: would erase {_counts(chosen)}; the artifact lists them")
    # First, since a run that is tried again after it was killed may no longer know the names of all copies.
    names = erasure.words | {spelling for document in chosen.documents for spelling in spellings(document.uri)}
    redact_artifacts(erasure.lake, names)
    runs = find_logs(erasure.lake, names)
    erased = erase(erasure, dry_run=False)
    show_erasure(erasure.lake, _account(erased, runs))
    redact_parameters(erasure.lake, names)
    return Completed(message=_told(erased, len(runs)))


def _counts(forgotten: Forgotten) -> str:
    return f"{counted(len(forgotten.documents), 'document')} from {counted(len(forgotten.releases), 'release')}"


def _told(erased: Forgotten, n_runs: int) -> str:
    # None is left where an attempt that was cut short had erased them and left the rest to this one.
    done = f"erased {_counts(erased)}" if erased.documents else "finished an erasure that was cut short"
    logs = "1 log of Prefect still names" if n_runs == 1 else f"{n_runs:,} logs of Prefect still name"
    return f"{done}, and no trace of them is left in the lake" + (f"; {logs} them" if n_runs else "")


def _account(erased: Forgotten, runs: list[str]) -> str:
    """Markdown: what was erased and looked through, and what is left to do in Prefect."""
    proof = erased.proof
    searched = (
        f"The proof decoded {proof.n_files:,} files: {proof.n_rows:,} rows, {proof.n_strings:,} texts and "
        f"{proof.n_vectors:,} vectors; none holds anything of them."
        if proof
        else ""
    )
    deletions = "\n".join(f"    prefect flow-run delete {run}" for run in runs)
    logs = f"These runs still name them in their logs, which go with the run only:\n\n{deletions}" if runs else ""
    return "\n\n".join(part for part in (f"Erased {_counts(erased)}.", searched, logs) if part)
