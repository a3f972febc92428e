"""The end of a run on its page in Prefect: its name says what it came to, and one summary says what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import State
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.runtime import deployment, flow_run
from prefect.settings import PREFECT_UI_URL

from flows.reindex import Outcome
from flows.runtime.run_names import STANDS, called, headline, name_scheduled
from lake.directory import Lake
from lake.reporting import counted, listed, markdown_cell, markdown_message
from tasks.artifacts import artifact_key, show_summary
from tasks.plan_artifact import price_words
from tasks.server_watch import WATCH, is_of_server

if TYPE_CHECKING:
    from prefect.client.schemas.objects import Artifact

_log = logging.getLogger(__name__)

#: The order in which a summary links to what else a run shows.
_KINDS = ("plan", "audit", "gate", "scores", "quarantine", "alarms", "doctor", "maintain", "rollback", "forget")


def conclude(lake: str, state: State[Any]) -> None:
    """Name the run by what it came to, show its summary, and name the deployment's next runs.

    The progress bars go, so that a run's page begins with the summary.
    """
    if flow_run.id is None or WATCH.is_lost or not WATCH.answers:
        return
    try:
        with get_client(sync_client=True) as client:
            _conclude(client, lake, state)
    except Exception as error:  # noqa: BLE001 - what people are shown must not decide how a run ends
        level = logging.DEBUG if is_of_server(error) else logging.WARNING
        _log.log(level, "could not show the outcome: %s: %s", type(error).__name__, error)


def _conclude(client: SyncPrefectClient, lake: str, state: State[Any]) -> None:
    run, action, outcome = UUID(flow_run.id), flow_run.flow_name or "run", _outcome(state)
    name = f"{called(lake)}: {headline(action, state, outcome)}"
    shown = _shown(client, run)
    for bar in shown.pop("progress", []):
        client.delete_artifact(bar.id)
    show_summary(lake, _markdown(lake, state, outcome, _links(lake, shown)), name)
    client.set_flow_run_name(run, name)
    if deployment.id:
        name_scheduled(client, UUID(str(deployment.id)), called(lake), action)


def _outcome(state: State[Any]) -> Outcome | None:
    """The outcome of an ingest; None for any other run, and for one that ended with an error."""
    found = getattr(state.data, "outcome", state.data)
    return found if isinstance(found, Outcome) else None


def _shown(client: SyncPrefectClient, run: UUID) -> dict[str, list[Artifact]]:
    """What this run shows, by key; progress bars as "progress"."""
    of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
    shown: dict[str, list[Artifact]] = {}
    for artifact in client.read_artifacts(artifact_filter=of_run):
        shown.setdefault("progress" if artifact.type == "progress" else artifact.key or "", []).append(artifact)
    return shown


def _links(lake: str, shown: dict[str, list[Artifact]]) -> dict[str, str]:
    """Markdown links to the newest artifact of each kind."""
    base, links = (PREFECT_UI_URL.value() or "").rstrip("/"), {}
    for kind in _KINDS:
        if found := shown.get(artifact_key(kind, lake)):
            newest = max(found, key=lambda one: str(one.created))
            links[kind] = f"[{kind}]({base}/artifacts/artifact/{newest.id})"
    return links


def _markdown(lake: str, state: State[Any], outcome: Outcome | None, links: dict[str, str]) -> str:
    parts = [markdown_message(state.message or state.name or "")]
    if outcome is not None:
        parts.append(_figures(lake, outcome))
    parts.append("**What to do next**\n\n" + "\n".join(f"- {step}" for step in _steps(state, outcome, links)))
    if links:
        parts.append("**Details:** " + " · ".join(links.values()))
    return "\n\n".join(parts) + "\n"


def _figures(lake: str, outcome: Outcome) -> str:
    changed = {kind: getattr(outcome, kind) for kind in ("added", "changed", "moved", "removed", "unchanged")}
    documents = f"{outcome.n_documents:,} searchable, in {counted(outcome.n_chunks, 'chunk')}"
    rows = {
        "Changes": listed(changed),
        "In quarantine": f"{outcome.n_quarantined:,}",
        "Words kept": _share(outcome.n_words_kept, outcome.n_words_source),
        "Embedded": _spent(lake, outcome),
        "Time": f"{outcome.seconds:,.0f} seconds",
    }
    return "\n".join(
        [
            f"| Documents | {documents} |",
            "|---|---|",
            *(f"| {name} | {markdown_cell(value)} |" for name, value in rows.items()),
        ]
    )


def _share(n: int, of: int) -> str:
    return f"{n:,} of {of:,}" + (f" ({n / of:.1%})" if of else "")


def _spent(lake: str, outcome: Outcome) -> str:
    texts = counted(outcome.n_texts_embedded, "text")
    spent = Lake(lake).log.read().spent(outcome.release) if outcome.release and outcome.n_texts_embedded else None
    if spent is None:
        return texts
    return f"{texts}, {counted(spent.n_tokens_embedded, 'token')}, {price_words(spent.cost_usd)}"


def _steps(state: State[Any], outcome: Outcome | None, links: dict[str, str]) -> list[str]:
    steps = list(_steps_of_ingest(outcome, links)) if outcome is not None else []
    if outcome is None and not state.is_completed():
        steps = ["Remove the cause that the message names, then retry this run: what it finished is kept."]
    return steps or ["Nothing."]


def _steps_of_ingest(outcome: Outcome, links: dict[str, str]) -> Iterator[str]:
    release = outcome.release
    if outcome.blocked:
        why = links.get("gate") or links.get("audit") or "the message"
        yield f"Readers keep the release that they have; {why} shows why. Correct the documents, then run it again."
        yield f"To publish it all the same: `raglake publish {release} --force --why '...'`."
    elif outcome.refused:
        yield f"Readers keep the release that they have. Once the reason above is gone: `raglake publish {release}`."
    elif release and not outcome.published and not outcome.reason.startswith(STANDS):
        yield f"Publish it once you have looked at it: `raglake publish {release}`, or the deployment *publish*."
    if outcome.n_quarantined:
        listed_in = links.get("quarantine", "`raglake status`")
        n = counted(outcome.n_quarantined, "document")
        yield f"{n} can't be searched; {listed_in} states the reason of each. Correct or exclude them."
    if outcome.n_remarked:
        n = counted(outcome.n_remarked, "document")
        yield f"{n} lost words or parts, or can't be understood in what is stated of them: `raglake status` names them."
    if outcome.n_sidecar_problems:
        n = counted(outcome.n_sidecar_problems, "sidecar problem")
        yield f"{n}: documents stay hidden until the sidecars named above are corrected."
