"""The questions behind the figures: the worst ones, and those gained or lost between two releases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.comparison import compare
from expectations.profiles import full_profile, parse_profile
from expectations.report.values import FoundPassage, ReleaseComparison, WorstQuestion
from expectations.series import ANSWERS
from expectations.summary import HEADLINE
from lake.errors import GoneError, LakeError, UsageError
from lake.ids.uris import folded
from lake.sources.declared import EVERYTHING

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.index import Index
    from lake.questions import EvalQuestion

_N_WORST, _N_FOUND = 10, 3
#: Questions are ordered by the first of these that was measured.
MAIN = (("document", "nDCG@10"), ("answer", "correctness"), ("answer", "token_f1"), ("answer", "answered"))


def worst(
    index: Index, release: str, settings: str, rows: pa.Table, questions: Mapping[str, EvalQuestion]
) -> list[WorstQuestion]:
    """Returns the lowest-scoring questions below 1, each searched again for what is found now."""
    frame = pl.DataFrame(rows)
    measured = [frame.filter(level=level, measure=measure) for level, measure in MAIN]
    ordered = next((part for part in measured if part.height), frame.clear()).sort("value", "question_id")
    least = ordered.filter(pl.col("value") < 1, pl.col("question_id").is_in(list(questions))).head(_N_WORST)
    return [_worst(index, release, settings, questions[name], value)
            for name, value in least.select("question_id", "value").iter_rows()]  # fmt: skip


def _worst(index: Index, release: str, settings: str, question: EvalQuestion, value: float) -> WorstQuestion:
    relevant = [evidence for evidence in question.evidence if evidence.grade]
    expected, uris = [(e.uri, e.quote or "") for e in relevant], {folded(e.uri) for e in relevant}
    try:
        found = list(_found(index, release, settings, question.text, uris))
    except GoneError:
        raise
    except LakeError as error:  # the report is worth having without it
        return WorstQuestion(question.text, value, expected, [], str(error))
    return WorstQuestion(question.text, value, expected, found)


def _found(index: Index, release: str, settings: str, text: str, uris: set[str]) -> Iterator[FoundPassage]:
    how = {name: value for name, value in json.loads(settings).items() if name != "answers"}
    words = full_profile({"expand": "none", "principals": EVERYTHING, **parse_profile(json.dumps(how))})
    for hit in index.search(text, _N_FOUND, at=release, **words).to_pylist():
        yield FoundPassage(hit["uri"], hit["heading"] or "", hit["text"], folded(hit["uri"]) in uris)


def compared(
    a: pa.Table, b: pa.Table, questions: Mapping[str, EvalQuestion], names: tuple[str, str]
) -> ReleaseComparison | None:
    """Compares ``b`` with ``a``; None if they share no question."""
    try:
        found = compare(a, b, (*HEADLINE, *ANSWERS))
    except UsageError:
        return None
    order = {measure: number for number, measure in enumerate((*HEADLINE, *ANSWERS))}
    found.sort(key=lambda one: order[one.level, one.measure])
    return ReleaseComparison(*names, [_with_text(one.to_json(), questions) for one in found])


def _with_text(shown: dict[str, Any], questions: Mapping[str, EvalQuestion]) -> dict[str, Any]:
    changes: Sequence[dict[str, Any]] = shown["changes"]
    texts = {name: question.text for name, question in questions.items()}
    return shown | {
        "changes": [{**row, "question": texts.get(row["question_id"], row["question_id"])} for row in changes]
    }
