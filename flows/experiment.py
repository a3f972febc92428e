"""An experiment: each recipe built into a lake of its own, each search profile tried there, all judged together."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from expectations.experiment.grid import OF_RECIPE, Cell, by_recipe, cells, worded
from expectations.experiment.judging import judged, n_left_out
from expectations.experiment.sampling import Sample, sampled
from expectations.experiment.timing import timed
from expectations.experiment.values import Built, Experiment
from expectations.gating import check_measures
from expectations.measures import RANKED
from expectations.retrieval import evaluate
from expectations.scoring import scores_of
from flows.reindex import reindex
from flows.steps import PlainSteps
from lake.directory import Lake, configuration
from lake.embed import price_per_million_tokens
from lake.errors import RefusedError, UsageError
from lake.index import Index, open_lake
from lake.ingest.sentences import sentences_of_release
from lake.ingest.vector_sharing import share_vectors
from lake.options.checks import split_measure
from lake.records import synonyms
from lake.reporting import Progress, silent
from tasks.job import Job, of_lake

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.questions import EvalQuestion
    from lake.releases.values import Release

_MANY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Trial:
    """The parameters of an experiment.

    ``axes``: what is varied. ``sources`` are those that the lake is made from, named alike; without a recipe and a
    sample they are not needed, since the lake itself is searched then. ``keep``: a folder for the lakes of the recipes,
    where another experiment finds them; without it they are deleted in the end.
    """

    lake: str
    axes: Mapping[str, tuple[Any, ...]]
    sources: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0
    set: str | None = None
    measures: tuple[str, ...] = ()
    keep: str | None = None

    @property
    def builds(self) -> bool:
        """Whether lakes are built; else the lake's own live release is searched."""
        return self.sample is not None or any(name in OF_RECIPE for name in self.axes)


def experiment(trial: Trial, progress: Progress = silent, *, n_workers: int | None = None) -> Experiment:
    """Try every combination on the same documents and questions; nothing is written to the lake itself.

    Raises UsageError if something can't be varied, before anything is built; raises RefusedError if a recipe's release
    fails its audit.
    """
    index = open_lake(trial.lake)
    release, questions = index.release(), index.questions(trial.set)
    _check(trial, questions)
    with index.using_endpoints():
        found = cells(release.recipe, index.defaults(), trial.axes)
    sample = sampled(index, questions, trial.sample, trial.seed)
    progress("cells", 0, len(found))
    with _folder(trial.keep) as folder:
        tried = sorted(_tried(trial, found, index, questions, sample, folder, (progress, n_workers)), key=_number)
        times = timed([(one.cell, one.place) for one in tried], [question.text for question in questions], progress)
    outcomes, choice, fronts = judged([one[:3] for one in tried], times, trial.measures)
    return Experiment(
        index.status()["lake"],
        release.id,
        tuple(sorted({question.set for question in questions})),
        tuple(outcomes[0].scores),
        outcomes,
        choice,
        fronts,
        len(sample.documents),
        sample.n_all,
        trial.seed,
        n_left_out(tried[0].rows),
    )


def _check(trial: Trial, questions: Sequence[EvalQuestion]) -> None:
    check_measures(list(trial.measures))
    if not questions:
        raise UsageError("the lake knows no questions yet; `raglake questions import FORMAT PATH` adds some")
    if trial.builds and not trial.sources:
        of_recipe = [name for name in trial.axes if name in OF_RECIPE]
        why = f"to vary {', '.join(of_recipe)}, lakes are built" if of_recipe else "a sample is drawn from documents"
        raise UsageError(f"{why}; name the sources of the lake, as in `raglake experiment docs/ ...`")


class _Tried(NamedTuple):
    """A cell, its release, its SCORES rows, and an index for further searches."""

    cell: Cell
    built: Built
    rows: pa.Table
    place: Index


def _number(one: _Tried) -> int:
    return one.cell.number


@contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    if keep is not None:
        yield Path(keep).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="raglake-experiment-") as name:
        yield Path(name)


def _tried(
    trial: Trial,
    found: Sequence[Cell],
    index: Index,
    questions: Sequence[EvalQuestion],
    sample: Sample,
    folder: Path,
    how: tuple[Progress, int | None],
) -> Iterator[_Tried]:
    """Each cell, recipe by recipe; vectors of one are there for the next."""
    origins = [Lake(trial.lake)]
    for part in by_recipe(found):
        if trial.builds:
            place = _built(trial, part[0], sample, folder, origins, how)
            origins.append(place)
            asked = Index(place)
        else:
            place, asked = Lake(trial.lake), index
        known = _facts(place, asked, is_own=not trial.builds)
        for cell in part:
            yield _Tried(cell, known, _scores(trial, asked, questions, cell, how[0]), asked)
            how[0]("cells", 1, None)


def _built(
    trial: Trial, cell: Cell, sample: Sample, folder: Path, origins: Sequence[Lake], how: tuple[Progress, int | None]
) -> Lake:
    """The lake of a recipe, as it is left by an ingest of the sample; what is there of it is not made again."""
    place = Lake(str(folder / cell.recipe.digest[:16]))
    place.create()
    said = configuration.said(Lake(trial.lake).store)
    # So that the same documents are in quarantine, and models are called at the same places.
    configuration.obey(place.store, {name: said.get(name, {}) for name in ("completeness", "endpoints")})
    synonyms.share(Lake(trial.lake), place)
    for origin in origins:
        share_vectors(origin, place, cell.recipe)
    job = Job(
        of_lake(trial.sources, trial.lake),
        place.url,
        cell.settings,
        include=trial.include,
        exclude=trial.exclude,
        allow_removals=_MANY,
        documents=sample.documents,
    )
    with PlainSteps(n_workers=how[1], progress=how[0]) as steps:
        outcome = reindex(job, steps)
    n_found = outcome.n_documents + outcome.n_quarantined
    if n_found < len(sample.documents):
        names = sorted({source for source, _ in sample.documents})
        raise UsageError(
            f"the sources hold {n_found:,} of the {len(sample.documents):,} documents wanted of live; name them as "
            f"raglake ingest was told ({', '.join(names)}), and ingest what changed since"
        )
    if outcome.refused or outcome.release is None:
        raise RefusedError(f"{worded(cell.varied)} makes no release: {outcome.reason}")
    return place


def _scores(trial: Trial, index: Index, questions: Sequence[EvalQuestion], cell: Cell, progress: Progress) -> pa.Table:
    names = [name for level, name in map(split_measure, trial.measures) if level != "span"]
    if trial.builds:
        return scores_of(index, questions, "live", cell.profile, names=names, depth=cell.depth, progress=progress)
    # Not kept: what is tried out should not stand among the scores of a release.
    measures = tuple(dict.fromkeys([*RANKED, *names]))
    return evaluate(index, questions, "live", cell.profile, names=measures, depth=cell.depth, progress=progress).rows


def _facts(place: Lake, index: Index, *, is_own: bool) -> Built:
    history = place.log.read()
    release = history.resolve("live")
    n_texts, n_tokens = _texts(place, index, release)
    with index.using_endpoints():
        prices = [price_per_million_tokens(one.name) for one in release.recipe.embedders]
    stated = [price for price in prices if price is not None]
    price = sum(stated) if len(stated) == len(prices) else None
    spent = history.spent(release.id)
    known = Built(
        release.counts["n_documents"],
        release.counts["n_chunks"],
        n_texts,
        n_tokens * len(prices),
        None if price is None else price * n_tokens / 1e6,
    )
    if is_own or spent is None:
        return known
    n_bytes = sum(stored.size for stored in place.store.walk(f"tables/{release.generation}"))
    return replace(known, n_texts_embedded=spent.n_texts_embedded, n_bytes=n_bytes, seconds=spent.seconds)


def _texts(place: Lake, index: Index, release: Release) -> tuple[int, int]:
    """Distinct texts that were embedded for a release, and their tokens."""
    rows = index.dataset("chunks", release.id).to_table(columns=["text_digest", "n_tokens"])
    texts = pl.concat([pl.DataFrame(rows), sentences_of_release(place, release)]).unique("text_digest")
    return texts.height, int(texts["n_tokens"].sum())
