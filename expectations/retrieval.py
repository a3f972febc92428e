"""What a release finds for questions whose answers are known: every question searched, every measure taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from expectations import declining
from expectations.measures import RANKED, SPAN_CUTS, SPAN_NAMES, cut_of, of_rankings, of_spans
from expectations.profiles import full_profile, profile_of, profile_text
from lake.errors import GoneError, LakeError
from lake.ids import derived_id
from lake.records.schemas import SCORES
from lake.reporting import Progress, silent
from lake.search.passages import PLACES
from lake.sources.declared import EVERYTHING
from lake.storage import clock

if TYPE_CHECKING:
    from lake.embed.base import Embedder
    from lake.index import Index
    from lake.questions import EvalQuestion, Place, Resolved
    from lake.releases.values import Release

#: Chunks that are asked for at first, and how much deeper a search goes whose chunks are of too few documents for the
#: measures. The time that it takes is that of the first search.
DEPTH, _DEEPER = 100, 4
LEVELS = ("document", "parent", "chunk")
_SPAN = "span"


@dataclass(frozen=True)
class Evaluation:
    """One search profile at one release: SCORES ``rows``, and what they were counted from.

    ``found`` holds where the passages of each question stand, best first (columns of HITS); None if the search failed,
    with the reason in ``failures``.
    """

    release: str
    settings: str
    rows: pa.Table
    resolved: tuple[Resolved, ...]
    found: Mapping[str, list[dict[str, Any]] | None]
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def scored(self) -> list[Resolved]:
        return [one for one in self.resolved if not one.left_out]

    @property
    def left_out(self) -> list[Resolved]:
        return [one for one in self.resolved if one.left_out]

    @property
    def measured_in_part(self) -> list[Resolved]:
        """Questions that are scored by a part of their evidence."""
        return [one for one in self.resolved if one.is_partial]


def basis_of(release: Release) -> str:
    """Digest of what answers: if it differs, scores are not those of this release as it is searched today."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return derived_id("answers", release.digest, version("raglake"))
    except PackageNotFoundError:  # run from its sources
        return derived_id("answers", release.digest)


def evaluate(
    index: Index,
    questions: Sequence[EvalQuestion],
    at: str = "live",
    how: Mapping[str, Any] | None = None,
    *,
    names: Sequence[str] = RANKED,
    depth: int = DEPTH,
    embedder: Embedder | None = None,
    declines: bool | None = None,
    timed: bool = True,
    progress: Progress = silent,
) -> Evaluation:
    """Search one release for each question and measure what is found; ``how`` are fields of ``SearchRequest``.

    Other fields come from the lake's configuration, so that what is measured is what users get. Questions are searched
    as an operator, who sees everything. One that fails, or finds nothing, counts as 0; one with less than half of its
    evidence is left out, and its rows state why. Sections and chunks are judged if all evidence of a question is
    places; evidence that no chunk covers stays in the ideal. An exact copy of a document with evidence counts as that
    document, and only once. ``declines``: also take the measures of ``expectations.declining``; by default if nothing
    answers some of the questions. ``timed``: also take how long each search takes.

    Raises UsageError if ``how`` is no search profile; if all questions fail, the first error is raised.
    """
    profile = profile_of(index, how or {})
    settings, release = profile_text(profile, None if depth == DEPTH else depth), index.release(at)
    resolved = tuple(index.resolve(questions, release.id))
    asked = [one for one in resolved if not one.left_out and not one.question.is_unanswerable]
    words, n_wanted = words_of(profile), cut_of(names) if depth == DEPTH else 0
    found, seconds, failures = _asked(index, asked, release, (depth, n_wanted), words, embedder, progress, timed=timed)
    ranked = {name: [hit["doc_id"] for hit in hits or ()] for name, hits in found.items()}
    as_found = index.resolve_copies(resolved, ranked, release.id)
    values = measured([one for one in as_found if one.question.question_id in found], found, names)
    if declining.is_measured(questions) if declines is None else declines:
        all_asked = [one for one in resolved if not one.left_out]
        for name, more in declining.of_questions(index, all_asked, release, how or {}, embedder).items():
            values[name] = values.get(name, {}) | more
    rows = list(_rows(release, settings, resolved, values, seconds, failures))
    table = pa.Table.from_pylist(rows, schema=SCORES)
    return Evaluation(release.id, settings, table, tuple(as_found), found, failures)


def words_of(profile: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a search that is measured: it is for chunks, and an operator's, who sees everything."""
    return full_profile({"expand": "none", "principals": EVERYTHING, **profile})


def _asked(
    index: Index,
    asked: Sequence[Resolved],
    release: Release,
    depths: tuple[int, int],
    words: Mapping[str, Any],
    embedder: Embedder | None,
    progress: Progress,
    *,
    timed: bool,
) -> tuple[dict[str, list[dict[str, Any]] | None], dict[str, float], dict[str, str]]:
    """Of each question what it found, how long it took if ``timed``, or why it failed.

    ``depths``: chunks to ask for, and documents that have to be among them if there are as many.
    """
    depth, n_wanted = depths
    n_wanted = min(n_wanted, release.counts["n_documents"])
    found: dict[str, list[dict[str, Any]] | None] = {}
    seconds: dict[str, float] = {}
    failures: dict[str, LakeError] = {}

    def search(text: str, k: int) -> pa.Table:
        if timed:  # what users wait for, texts included
            return index.search(text, k, at=release.id, embedder=embedder, **words).hits
        return index.places(text, k, at=release.id, embedder=embedder, **words)

    progress("questions", 0, len(asked))
    for number, one in enumerate(asked):
        name, text = one.question.question_id, one.question.text
        try:
            if timed and not number:  # what is loaded once is nobody's latency
                search(text, 1)
            started = time.perf_counter()
            hits = search(text, depth)
            if timed:
                seconds[name] = time.perf_counter() - started
            found[name] = _deep_enough(hits.select(PLACES).to_pylist(), depth, n_wanted, partial(search, text))
        except GoneError:
            raise
        except LakeError as error:
            found[name], failures[name] = None, error
        progress("questions", 1, None)
    if asked and len(failures) == len(asked):
        raise next(iter(failures.values()))  # it is not the questions then
    return found, seconds, {name: str(error) for name, error in failures.items()}


def _deep_enough(
    hits: list[dict[str, Any]], depth: int, n_wanted: int, search: Callable[[int], pa.Table]
) -> list[dict[str, Any]]:
    """The hits, and after them those of deeper searches until there are enough documents, or no more chunks."""
    n_asked = depth
    while len(hits) >= n_asked and len(ranking(hits, "document")) < n_wanted:
        n_asked *= _DEEPER
        known = {name for hit in hits for name in hit["chunk_ids"]}
        more = search(n_asked).select(PLACES).to_pylist()
        hits = [*hits, *(hit for hit in more if known.isdisjoint(hit["chunk_ids"]))]
    return hits


#: Level and measure -> value.
_Values = dict[tuple[str, str], float]


def measured(
    asked: Sequence[Resolved],
    found: Mapping[str, list[dict[str, Any]] | None],
    names: Sequence[str],
    levels: Sequence[str] = (*LEVELS, _SPAN),
) -> dict[str, _Values]:
    """The values of each question by level and measure; ``found`` has its passages, None for a failed search."""
    values: dict[str, _Values] = {one.question.question_id: {} for one in asked}
    for level in (level for level in levels if level != _SPAN):
        judged = {one.question.question_id: grades for one in asked if (grades := grades_of(one, level))}
        ranked = {name: ranking(found[name] or (), level) for name in judged}
        for name, found_at in of_rankings(judged, ranked, names).items():
            values[name] |= {(level, measure): value for measure, value in found_at.items()}
    for one in asked:
        if _SPAN in levels and is_placed(one):
            values[one.question.question_id] |= _of_spans(one, found[one.question.question_id] or ())
    return values


def ranking(hits: Sequence[Mapping[str, Any]], level: str) -> list[str]:
    """Ids in order; a document or section stands where its first passage stands."""
    if level == "chunk":
        return list(dict.fromkeys(name for hit in hits for name in hit["chunk_ids"]))
    return list(dict.fromkeys(hit["doc_id" if level == "document" else "parent_id"] for hit in hits))


def grades_of(one: Resolved, level: str) -> dict[str, int]:
    """Grade of each document, section or chunk that is judged; empty if the evidence has nothing at this level."""
    if level != "document" and not is_placed(one):
        return {}
    grades: dict[str, int] = {}
    for number, place in enumerate(one.places):
        for name in _ids(place, level) or [f"nowhere-{number}"]:
            grades[name] = max(grades.get(name, 0), place.evidence.grade)
    return grades | {f"lost-{number}": lost.evidence.grade for number, lost in enumerate(one.never_found)}


def _ids(place: Place, level: str) -> Sequence[str]:
    if level == "document":
        return [place.doc_id]
    return place.chunk_ids if level == "chunk" else place.parent_ids


def is_placed(one: Resolved) -> bool:
    """Whether all evidence is places, so that sections, chunks and spans can be judged."""
    return all(place.start is not None for place in one.places if place.evidence.grade)


def _of_spans(one: Resolved, hits: Sequence[Mapping[str, Any]]) -> _Values:
    wanted: dict[str, list[tuple[int, int]]] = {}
    for place in one.places:
        if place.evidence.grade and place.start is not None and place.end is not None:
            wanted.setdefault(place.doc_id, []).append((place.start, place.end))
    passages = [(hit["doc_id"], hit["start"], hit["end"]) for hit in hits]
    values: _Values = {}
    for cut in SPAN_CUTS:
        of_cut = of_spans(wanted, passages[:cut])
        values |= {(_SPAN, f"{name}@{cut}"): of_cut[name] for name in SPAN_NAMES}
    return values


def _rows(
    release: Release,
    settings: str,
    resolved: Sequence[Resolved],
    values: Mapping[str, _Values],
    seconds: Mapping[str, float],
    failures: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    of = {"release": release.id, "recipe": release.recipe.digest, "settings": settings, "basis": basis_of(release)}
    same: dict[str, Any] = {**of, "evaluated_at": clock.now()}
    for one in sorted(resolved, key=lambda one: (one.question.set, one.question.question_id)):
        name = one.question.question_id
        row = {**same, **described(one), "status": "failed" if name in failures else "scored"}
        if one.left_out:
            yield {**row, "status": one.left_out}
            continue
        for (level, measure), value in values[name].items():
            yield {**row, "level": level, "measure": measure, "value": value}
        if name in seconds:
            yield {**row, "level": "search", "measure": "seconds", "value": seconds[name]}


def described(one: Resolved) -> dict[str, Any]:
    """By what scores are sliced."""
    question = one.question
    relevant = {place.doc_id for place in one.places if place.evidence.grade}
    documents = [one.documents[doc_id] for doc_id in sorted(relevant)]

    def of_all(column: str) -> str | None:
        values = {document[column] for document in documents}
        return values.pop() if len(values) == 1 else None

    return {
        "set": question.set,
        "question_id": question.question_id,
        "question_digest": question.digest,
        "source": of_all("source"),
        "media_type": of_all("media_type"),
        "language": question.language or of_all("language"),
        "n_words": len(question.text.split()),
        "evidence_bytes": one.evidence_bytes,
    }
