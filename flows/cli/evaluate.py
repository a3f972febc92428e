"""The commands that measure a release by questions whose answers are known, and compare two."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import lake as library
from expectations.profiles import parse_profile, profile_of, profile_text
from flows.cli import evaluate_answers
from flows.cli.declared import with_options
from flows.cli.options import AtOption, JsonOption, LakeOption, ModelOption, SetOption, show
from flows.cli.show import evaluate as show_evaluate
from flows.cli.show import terminal
from lake.options import SearchOptions

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.comparison import Comparison
    from expectations.retrieval import Evaluation
    from lake.index import Index
    from lake.questions import EvalQuestion

#: Searched in these modes; answered in one.
_MODES, _ANSWER_MODE = "vector,text,hybrid", "hybrid"
Modes = Annotated[
    str | None,
    typer.Option(help=f"Search modes, separated by commas. [default: {_MODES}; {_ANSWER_MODE} with --answers]"),
]
By = Annotated[str | None, typer.Option(help="Slice by source, media_type, language or length, separated by commas.")]
Trec = Annotated[str | None, typer.Option(help="Write judgements and runs in TREC's format into this folder.")]
Answers = Annotated[bool, typer.Option("--answers", help="Let a chat model answer, and measure its answers.")]
JudgeOption = Annotated[str | None, typer.Option(help="Chat model that judges answers; needs --answers.")]
Budget = Annotated[float | None, typer.Option(help="Maximum cost of the models, in USD; needs --answers.", min=0)]
All = Annotated[bool, typer.Option("--all", help="Show every measure, not only the headline ones.")]
_SETTINGS = 'Search options for both sides, as a JSON object such as {"mode": "vector", "alpha": 0.3}.'
Settings = Annotated[str | None, typer.Option(help=_SETTINGS)]
SettingsA = Annotated[str | None, typer.Option(help="Search options for A, over --settings.")]
SettingsB = Annotated[str | None, typer.Option(help="Search options for B, over --settings.")]
Again = Annotated[bool, typer.Option("--again", help="Evaluate again even if scores are stored.")]


@with_options
def evaluate(
    lake: LakeOption,
    search: Annotated[dict[str, Any], SearchOptions, ("alpha", "weights", "rerank")],
    at: AtOption = "live",
    set_: SetOption = None,
    modes: Modes = None,
    by: By = None,
    trec: Trec = None,
    answers: Answers = False,
    model: ModelOption = None,
    judge: JudgeOption = None,
    budget: Budget = None,
    again: Again = False,
    all_: All = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how well a release answers the stored questions, and keep the scores beside it.

    Options you omit fall back to the lake's configuration.
    """
    of_retrieval = {"--trec": trec, "--by": by, "--all": all_}
    of_answers = {"--model": model, "--judge": judge, "--budget": budget, "--again": again}
    evaluate_answers.check(answers, of_retrieval, of_answers)
    index, found = library.open_lake(lake), modes or (_ANSWER_MODE if answers else _MODES)
    ways = [_way(mode, search) for mode in _words(found)]
    if answers:
        words = {"chat": model, "judge": judge, "budget": budget, "again": again}
        evaluate_answers.run(index, at, set_, ways, words, as_json)
        return
    with terminal.progress(quiet=as_json) as progress:
        done = _evaluated(index, at, set_, ways, progress)
    shown = {"release": done[0][0].release, "evaluations": [_shown(one, _words(by), all_) for of in done for one in of]}
    shown["trec"] = _exported(done, trec) if trec else []
    show(shown, as_json, show_evaluate.evaluations)


def _words(listed: str | None) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in (listed or "").split(",") if word.strip()))


def _way(mode: str, search: dict[str, Any]) -> dict[str, Any]:
    return {"mode": mode, **{name: value for name, value in search.items() if name != "alpha" or mode == "hybrid"}}


def _evaluated(
    index: Index, at: str, name: str | None, ways: Sequence[Mapping[str, Any]], progress: Any
) -> list[list[Evaluation]]:
    """Of each set, what each way of asking found; scores are kept as soon as they are there."""
    from expectations import retrieval, scoring

    for way in ways:
        profile_text(way)  # tells what is wrong before the first question is asked
    release, done = index.release(at).id, []
    for asked in scoring.sets_of(index.questions(name)):
        done.append([retrieval.evaluate(index, asked, release, way, progress=progress) for way in ways])
        for one in done[-1]:
            index.keep_scores(one.rows)
    return done


def _shown(evaluation: Evaluation, by: Sequence[str], everything: bool) -> dict[str, Any]:
    from expectations import declining, summary

    rows = summary.means(evaluation.rows, by, None if everything else summary.HEADLINE)
    wanted = (*by, "level", "measure", "n", "mean", "low", "high")
    seconds = [{name: row[name] for name in ("p50", "p95", "p99")} for row in summary.latencies(evaluation.rows)]
    return {
        "set": evaluation.resolved[0].question.set,
        "settings": json.loads(evaluation.settings),
        "questions": len(evaluation.resolved),
        "scored": len(evaluation.scored),
        "measures": [{name: row[name] for name in wanted} for row in rows],
        "seconds": seconds[0] if seconds else None,
        "declining": declining.separation(evaluation.rows),
        "failed": _failed(evaluation),
        "left_out": [_named(one.question) | {"reason": one.left_out} for one in evaluation.left_out],
        "measured_in_part": [_named(one.question) for one in evaluation.measured_in_part],
    }


def _failed(evaluation: Evaluation) -> list[dict[str, Any]]:
    asked = {one.question.question_id: one.question for one in evaluation.resolved}
    return [_named(asked[name]) | {"error": error} for name, error in evaluation.failures.items()]


def _named(question: EvalQuestion) -> dict[str, Any]:
    return {"question_id": question.question_id, "question": question.text}


def _exported(done: Sequence[Sequence[Evaluation]], folder: str) -> list[str]:
    from expectations.trec import write

    return [str(path) for evaluations in done for path in write(Path(folder).expanduser(), evaluations)]


@with_options
def compare(
    a: Annotated[str, typer.Argument(help="Release: live, an id, a name, or a date or time (UTC).")],
    b: Annotated[str, typer.Argument(help="Release to compare with A; the same one to compare two settings.")],
    lake: LakeOption,
    search: Annotated[dict[str, Any], SearchOptions, ("mode",)],
    set_: SetOption = None,
    settings: Settings = None,
    settings_a: SettingsA = None,
    settings_b: SettingsB = None,
    again: Again = False,
    all_: All = False,
    as_json: JsonOption = False,
) -> None:
    """Show whether B answers better or worse than A, and which questions it won and lost."""
    from expectations.scoring import scores_of

    index = library.open_lake(lake)
    common = search | parse_profile(settings or "{}")
    ways = [profile_of(index, common | parse_profile(given or "{}")) for given in (settings_a, settings_b)]
    releases = [index.release(at).id for at in (a, b)]
    questions = index.questions(set_)
    with terminal.progress(quiet=as_json) as progress:
        rows = [scores_of(index, questions, release, way, again=again, progress=progress)
                for release, way in zip(releases, ways, strict=True)]  # fmt: skip
    sides = [{"release": release, "settings": json.loads(profile_text(way))}
             for release, way in zip(releases, ways, strict=True)]  # fmt: skip
    found = [_with_words(one, questions) for one in _compared(rows[0], rows[1], all_)]
    show({"a": sides[0], "b": sides[1], "comparisons": found}, as_json, show_evaluate.comparison)


def _compared(a: pa.Table, b: pa.Table, everything: bool) -> list[Comparison]:
    from expectations import comparison, summary

    found = comparison.compare(a, b, None if everything else summary.HEADLINE)
    order = {measure: number for number, measure in enumerate(summary.HEADLINE)}
    return sorted(found, key=lambda one: (one.set, order.get((one.level, one.measure), len(order))))


def _with_words(one: Comparison, questions: Sequence[EvalQuestion]) -> dict[str, Any]:
    """The comparison with the words of the questions that differ."""
    shown, texts = one.to_json(), {question.question_id: question.text for question in questions}
    changes = [{"question": texts[change["question_id"]], **change} for change in shown["changes"]]
    return shown | {"changes": changes}


COMMANDS = (evaluate, compare)
