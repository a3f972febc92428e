"""``raglake evaluate --answers``: a chat model answers the questions whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.cli.options import show
from flows.cli.show import evaluate as show_evaluate
from flows.cli.show import terminal
from lake.errors import UsageError

if TYPE_CHECKING:
    from expectations.answers import AnswerEvaluation
    from lake.index import Index
    from lake.reporting import Progress

_FIGURES = ("level", "measure", "n", "mean", "low", "high")
_TOLD_OTHERWISE = ("release", "counts", "failures")


def check(answers: bool, of_retrieval: Mapping[str, Any], of_answers: Mapping[str, Any]) -> None:
    """UsageError for an option that the command would ignore."""
    wrong = of_retrieval if answers else of_answers
    why = "measures what is said, not what is found" if answers else "is missing, to which they belong"
    if used := [name for name, value in wrong.items() if value not in (None, False)]:
        raise UsageError(f"{', '.join(used)} can't be used here: --answers {why}")


def run(
    index: Index, at: str, name: str | None, ways: Sequence[Mapping[str, Any]], words: dict[str, Any], as_json: bool
) -> None:
    """Answer the questions of each set in each way, measure and show; ``words`` are those of ``evaluate_answers``."""
    release = index.release(at).id
    with terminal.progress(quiet=as_json) as progress:
        done = list(_evaluated(index, release, name, ways, words, progress))
    show({"release": release, "evaluations": [_shown(one) for one in done]}, as_json, show_evaluate.answers)


def _evaluated(
    index: Index,
    release: str,
    name: str | None,
    ways: Sequence[Mapping[str, Any]],
    words: dict[str, Any],
    progress: Progress,
) -> Iterator[AnswerEvaluation]:
    """One evaluation after another, all within one budget; scores are kept if it lasted for all questions."""
    from expectations import answers, scoring

    left = words["budget"]
    for asked in scoring.sets_of(index.questions(name)):
        for way in ways:
            done = answers.evaluate_answers(index, asked, release, way, progress=progress, **words | {"budget": left})
            left = None if left is None else max(0.0, left - (done.budget.usage.cost_usd or 0.0))
            if not done.stopped:
                index.keep_scores(done.rows)
            yield done


def _shown(done: AnswerEvaluation) -> dict[str, Any]:
    asked = {one.question.question_id: one for one in done.resolved}
    told = {key: value for key, value in done.to_json().items() if key not in _TOLD_OTHERWISE}
    failed = [_named(asked, key) | {"error": why} for key, why in done.failures.items()]
    left_out = [_named(asked, key) | {"reason": one.left_out} for key, one in asked.items() if one.left_out]
    return told | {
        "set": done.resolved[0].question.set,
        "questions": len(asked),
        "scored": len(done.told) + len(failed),
        "measures": [{figure: row[figure] for figure in _FIGURES} for row in told["measures"]],
        "failed": failed,
        "left_out": left_out,
        "kept": not done.stopped,
    }


def _named(asked: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"question_id": name, "question": asked[name].question.text}
