"""The questions behind the figures: those answered worst, and those that another release won or lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.comparison import compare
from expectations.profiles import how_of, whole
from expectations.report.values import Compared, FoundPassage, Worst
from expectations.series import ANSWERS
from expectations.summary import HEADLINE
from lake.errors import GoneError, LakeError, UsageError
from lake.sources.declared import EVERYTHING

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.index import Index
    from lake.questions import EvalQuestion

_N_WORST, _N_FOUND = 10, 3
#: By what questions are ordered: the first of these that was measured.
MAIN = (("document", "nDCG@10"), ("answer", "correctness"), ("answer", "token_f1"), ("answer", "answered"))


def worst(index: Index, release: str, settings: str, rows: pa.Table, asked: Mapping[str, EvalQuestion]) -> list[Worst]:
    """The questions that score least, if any is below 1; each is asked again for what is found now."""
    frame = pl.DataFrame(rows)
    measured = [frame.filter(level=level, measure=measure) for level, measure in MAIN]
    ordered = next((part for part in measured if part.height), frame.clear()).sort("value", "question_id")
    least = ordered.filter(pl.col("value") < 1, pl.col("question_id").is_in(list(asked))).head(_N_WORST)
    return [_worst(index, release, settings, asked[name], value)
            for name, value in least.select("question_id", "value").iter_rows()]  # fmt: skip


def _worst(index: Index, release: str, settings: str, question: EvalQuestion, value: float) -> Worst:
    relevant = [evidence for evidence in question.evidence if evidence.grade]
    wanted, uris = [(e.uri, e.quote or "") for e in relevant], {e.uri for e in relevant}
    try:
        return Worst(question.text, value, wanted, list(_found(index, release, settings, question.text, uris)))
    except GoneError:
        raise
    except LakeError as error:  # the report is worth having without it
        return Worst(question.text, value, wanted, [], str(error))


def _found(index: Index, release: str, settings: str, text: str, uris: set[str]) -> Iterator[FoundPassage]:
    how = {name: value for name, value in json.loads(settings).items() if name != "answers"}
    words = whole({"expand": "none", "principals": EVERYTHING, **how_of(json.dumps(how))})
    for hit in index.search(text, _N_FOUND, at=release, **words).to_pylist():
        yield FoundPassage(hit["uri"], hit["heading"] or "", hit["text"], hit["uri"] in uris)


def compared(a: pa.Table, b: pa.Table, asked: Mapping[str, EvalQuestion], names: tuple[str, str]) -> Compared | None:
    """``b`` against ``a``; None where they share no question."""
    try:
        found = compare(a, b, (*HEADLINE, *ANSWERS))
    except UsageError:
        return None
    order = {measure: number for number, measure in enumerate((*HEADLINE, *ANSWERS))}
    found.sort(key=lambda one: order[one.level, one.measure])
    return Compared(*names, [_in_words(one.to_json(), asked) for one in found])


def _in_words(shown: dict[str, Any], asked: Mapping[str, EvalQuestion]) -> dict[str, Any]:
    changes: Sequence[dict[str, Any]] = shown["changes"]
    texts = {name: question.text for name, question in asked.items()}
    return shown | {
        "changes": [{**row, "question": texts.get(row["question_id"], row["question_id"])} for row in changes]
    }
