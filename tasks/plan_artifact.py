"""The plan of a run in Prefect's UI: counts, first names, and what the embedding costs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from prefect import artifacts
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.runtime import flow_run

from lake.directory import Lake, configuration
from lake.embed import price_per_million_tokens
from lake.reporting import counted, markdown_cell
from tasks.artifacts import artifact_key, show

if TYPE_CHECKING:
    from lake.ingest.plan import Plan
    from lake.releases.values import Spent
    from tasks.job import Job

#: Names that are shown of each kind of change.
N_NAMES = 10
#: The plan that each flow run of this process shows.
_shown: dict[str, UUID] = {}


def show_plan(job: Job, plan: Plan) -> None:
    """Counts and names of the changes, and the price of a million tokens."""
    shown = show(
        artifacts.create_markdown_artifact,
        markdown=_markdown(plan, _price_words(job, plan)),
        key=artifact_key("plan", job.lake),
        description=f"What this run changes in {job.lake} (over {plan.base or 'an empty lake'})",
    )
    if shown is not None and flow_run.id:
        _shown[flow_run.id] = shown


def show_cost(plan: Plan, spent: Spent) -> None:
    """Complete the plan that this run shows: tokens and price are known once the documents are parsed."""
    shown = _shown.pop(flow_run.id or "", None)
    if shown is not None:
        show(_update, shown=shown, markdown=_markdown(plan, _cost_words(plan, spent)))


def _update(shown: UUID, markdown: str) -> None:
    with get_client(sync_client=True) as client:
        client.update_artifact(shown, ArtifactUpdate(data=markdown))


def _markdown(plan: Plan, cost: str) -> str:
    counts = "\n".join(f"| {change} | {n:,} |" for change, n in plan.counts.items())
    table = f"| change | documents |\n|---|--:|\n{counts}"
    names = (_names(kind, plan.counts[kind], names) for kind, names in plan.examples(N_NAMES).items() if names)
    return "\n\n".join([table, cost, *names]) + "\n"


def _names(kind: str, n: int, names: list[str]) -> str:
    head = f"**{kind.capitalize()}**" + (f", the first {len(names)} of {n:,}" if n > len(names) else "")
    # A line for each, since an erasure replaces whole lines.
    return "\n".join([f"{head}\n", *(f"- {markdown_cell(name)}" for name in names)])


def _price_words(job: Job, plan: Plan) -> str:
    if not plan:
        return "There is nothing to do."
    n, name = len(plan.content_ids()), plan.recipe.embedder.name
    with configuration.in_use(Lake(job.lake).store):
        price = price_per_million_tokens(name, in_batches=job.batch_hours is not None)
    if price is None:
        costs = "has no known price"
    else:
        costs = f"costs {price:g} USD per million tokens" if price else "runs here and costs nothing"
    tokens = "how many tokens it embeds is known once they are parsed"
    return f"The run needs {counted(n, 'content')}; {tokens}. The embedder {markdown_cell(name)} {costs}."


def _cost_words(plan: Plan, spent: Spent) -> str:
    name, n_texts = markdown_cell(plan.recipe.embedder.name), counted(spent.n_texts_embedded, "text")
    tokens = counted(spent.n_tokens_embedded, "token")
    return f"Embedded {n_texts} with {tokens} by {name}: {price_words(spent.cost_usd)}."


def price_words(cost_usd: float | None) -> str:
    """
    >>> price_words(None), price_words(0.0), price_words(0.00314)
    ('price unknown', 'free', '0.0031 USD')
    """
    if cost_usd is None:
        return "price unknown"
    return f"{cost_usd:.4f} USD" if cost_usd else "free"
