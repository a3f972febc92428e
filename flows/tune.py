"""Learns a lake's search options from its questions, writes what is better, and goes back to what was before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from expectations.gating import check_measures
from expectations.measures import cut_of
from expectations.profiles import profile_of
from expectations.retrieval import is_placed, words_of
from expectations.tuning import LEAST_QUESTIONS, Scores, Tuning, depth_for, folds_of, learned, plain
from expectations.tuning_space import Space
from lake.directory import Lake, configuration
from lake.errors import ConflictError, LakeError, RefusedError, UsageError
from lake.ids import value_digest
from lake.index import Index, open_lake
from lake.options.boosts import is_metadata
from lake.options.checks import split_measure
from lake.options.search import is_by_chat
from lake.options.tuning import PARTS, TuningOptions, TuningRecord
from lake.reporting import Progress, counted, silent
from lake.search.filters import METADATA
from lake.search.metadata import MetadataCondition
from lake.search.rerank import parse_name
from lake.storage import clock

if TYPE_CHECKING:
    from lake.questions import EvalQuestion, Resolved
    from lake.search.recorded import RecordedSearch

#: Sources, and values of a column, whose boosts are learned: the most frequent ones.
_MOST_VALUES = 8
_ADVICE = (
    "add some with `raglake questions import`, from feedback with `raglake questions from-feedback`, or from traffic "
    "with `raglake questions from-traffic`, and review drafts with `raglake questions review`"
)


def tune(
    lake: str, options: TuningOptions | None = None, name: str | None = None, progress: Progress = silent
) -> Tuning:
    """Learn from the reviewed questions of a set, or of all sets; the lake is only read.

    Raises RefusedError if there are too few questions, UsageError if the options or the configuration allow no tuning.
    """
    options, index = options or TuningOptions(), open_lake(lake)
    release, base = index.release(), index.defaults()
    _check(base.rerank, options)
    asked = index.questions(name)
    usable, n_left_out = _usable(index, [one for one in asked if one.reviewed], options)
    with index.using_endpoints():
        space = space_of(index, options)
        parts = _parts(space, options)
        recorded = _recorded(index, usable, options, progress)
        scores = Scores(index, release.id, recorded, options.measure, progress)
        folds = folds_of(scores.texts, options.folds, options.seed)
        outcomes, whole, total = learned(scores, space, parts, folds)
        of_lake = float(scores.of(space.point).mean())
    stated = configuration.said(Lake(lake).store).get("search", {})
    changes = {key: plain(value) for key, value in whole.items() if value != space.point[key]}
    return Tuning(
        index.status()["lake"],
        release.id,
        options.measure,
        tuple(sorted({one.question.set for one in usable})),
        len(recorded),
        n_left_out + len(usable) - len(recorded),
        sum(not one.reviewed for one in asked),
        options.folds,
        scores.n_profiles,
        of_lake,
        tuple(outcomes),
        total,
        changes,
        {key: stated[key] for key in changes if key in stated},
    )


def _check(reranker: str | None, options: TuningOptions) -> None:
    """Raise UsageError for a lake or options that nothing can be learned for."""
    if is_by_chat(reranker):
        raise UsageError(
            f"the lake reranks by {reranker!r}, a chat model, which orders passages together, so that each trial "
            "would be paid for; `raglake config unset search.rerank` and tune again"
        )
    if options.reranker is not None:
        parse_name(options.reranker)
    check_measures([options.measure])


def _parts(space: Space, options: TuningOptions) -> list[str]:
    """The parts of a search that are tuned. Raises UsageError if there is nothing to learn of them."""
    parts = [part for part in PARTS if not options.parts or part in options.parts]
    if not any(space.axes(part) for part in parts):
        raise UsageError(
            f"there is nothing to learn of {' and '.join(parts)}: fusion wants a hybrid search or several "
            "embedders, rerank a reranker (--rerank own)"
        )
    return parts


def _usable(index: Index, asked: Sequence[EvalQuestion], options: TuningOptions) -> tuple[list[Resolved], int]:
    """The questions that the measure can score, and the number of the others; some by lot if there are too many."""
    level, _ = split_measure(options.measure)
    resolved = index.resolve(asked) if asked else []
    usable = [one for one in resolved if not one.left_out and not one.question.is_unanswerable]
    scored = [one for one in usable if level == "document" or is_placed(one)]
    if len(scored) < LEAST_QUESTIONS:
        placed = "" if level == "document" else ", whose evidence is places in documents"
        raise RefusedError(
            f"{counted(len(scored), 'reviewed question')} can be scored by {options.measure}{placed}; learning "
            f"needs at least {LEAST_QUESTIONS}, {LEAST_QUESTIONS - len(scored)} more; {_ADVICE}"
        )
    drawn = sorted(scored, key=lambda one: value_digest([options.seed, one.question.question_id]))
    return drawn[: options.most_questions], len(asked) - len(scored)


def _recorded(
    index: Index, usable: Sequence[Resolved], options: TuningOptions, progress: Progress
) -> list[tuple[Resolved, RecordedSearch]]:
    """Each question with its search, except those that can't be searched for."""
    level, measure = split_measure(options.measure)
    depth = depth_for(options.measure, 0 if level == "span" else cut_of([measure]))
    words, found = words_of(profile_of(index, {})), []
    failure: LakeError | None = None
    progress("questions", 0, len(usable))
    for one in usable:
        try:
            found.append((one, index.recorded([one.question.text], depth, **words)[0]))
        except LakeError as error:
            failure = failure or error
        progress("questions", 1, None)
    if failure is not None and len(found) < LEAST_QUESTIONS:
        raise failure
    return found


def space_of(index: Index, options: TuningOptions) -> Space:
    """What can be learned of a lake. Raises UsageError for a column that no document has a value of."""
    columns = ["metadata" if is_metadata(column) else column for column in options.boost_by]
    rows = index.dataset("documents").to_table(columns=[*dict.fromkeys(["source", *columns])]).to_pylist()
    for row in rows if "metadata" in columns else ():
        row["metadata"] = json.loads(row["metadata"] or "{}")
    base = index.defaults()
    return Space(
        base,
        [one.name for one in index.release().recipe.embedders],
        _frequent([row["source"] for row in rows]),
        {column: _frequent(_values(rows, column)) for column in options.boost_by},
        options.reranker or base.rerank,
    )


def _values(rows: Sequence[Mapping[str, Any]], column: str) -> list[str]:
    """The documents' values of a column as boosts name them. Raises UsageError if no document has one."""
    condition = MetadataCondition(column.removeprefix(METADATA), "=", None)
    found = [condition.items(row["metadata"] if is_metadata(column) else row) or [] for row in rows]
    values = [str(item) for items in found for item in items if isinstance(item, str | int | float)]
    if not values:
        raise UsageError(f"no document has a value of {column}, so nothing can be learned of it")
    return values


def _frequent(values: Sequence[str]) -> list[str]:
    return sorted(name for name, _ in Counter(values).most_common(_MOST_VALUES))


def apply(lake: str, found: Tuning) -> bool:
    """Set what was learned, in one write with a record of it; returns whether that is anything.

    Raises ConflictError if somebody changed one of the options meanwhile.
    """
    if not found.changes:
        return False
    store = Lake.existing(lake).store
    search = configuration.said(store).get("search", {})
    if {name: search[name] for name in found.changes if name in search} != found.before:
        raise ConflictError(f"{', '.join(found.changes)} of the search configuration changed meanwhile; tune again")
    record = TuningRecord(
        found.changes,
        found.before,
        found.measure,
        round(found.total.difference, 6),
        round(found.total.low, 6),
        round(found.total.high, 6),
        found.n_questions,
        found.release,
        clock.now().isoformat(timespec="seconds"),
    )
    configuration.obey(store, {"search": _with(search, found.changes), "tuning": asdict(record)})
    return True


def undo(lake: str) -> dict[str, Any]:
    """Return to the options from before the last ``apply``: ``restored`` and, if they were changed since, ``kept``.

    Raises UsageError if there is nothing to undo.
    """
    store = Lake.existing(lake).store
    record, search = configuration.read(store).tuning, configuration.said(store).get("search", {})
    if not record.learned:
        raise UsageError("`raglake tune --apply` has set nothing that could be undone; `raglake config show` lists all")
    mine = [name for name, value in record.learned.items() if search.get(name) == value]
    restored = {name: record.before.get(name) for name in mine}
    configuration.obey(store, {"search": _with(search, restored), "tuning": {}})
    return {"restored": restored, "kept": {name: search.get(name) for name in record.learned if name not in mine}}


def _with(search: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The section with these values; None removes one, so that its default holds."""
    return {name: value for name, value in {**search, **changes}.items() if value is not None}
