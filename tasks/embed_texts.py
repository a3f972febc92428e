"""The task that embeds one request's texts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lake.words import counted
from tasks.plain import embed_one, lake_of_thread
from tasks.policy import step

if TYPE_CHECKING:
    from lake.recipe import Recipe
    from tasks.job import Job

_log = logging.getLogger(__name__)


@step("embed texts")
def embed_texts(job: Job, request: str, recipe: Recipe) -> int:
    """Embed a request's texts and store their vectors; how many. What is stored already is not embedded again."""
    n_texts = embed_one(lake_of_thread(job.lake), request, recipe)
    _log.info("embedded %s with %s by %s", counted(n_texts, "text"), recipe.embedder.name, recipe.embedder.computed_by)
    return n_texts
