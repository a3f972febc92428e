"""The commands that draft questions with a language model, and review them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

import lake as library
from flows.cli.declared import with_options
from flows.cli.options import JsonOption, LakeOption, ModelOption, parsed_time, show
from flows.cli.show import drafts as show_drafts
from flows.cli.show import terminal
from lake.directory import Lake, configuration
from lake.errors import UsageError
from lake.options import AnswerOptions
from lake.plugins.later import Later
from lake.sources.declared import EVERYTHING

if TYPE_CHECKING:
    from lake.answer import ChatModel, registry, templates
    from lake.answer.templates import Prompts
    from lake.directory import Lake
    from lake.questions import EvalQuestion
else:
    registry, templates = Later("lake.answer.registry"), Later("lake.answer.templates")

_BUDGET = "Maximum cost in USD; no call that could exceed it is made. Needs a known price, or RAGLAKE_CHAT_PRICE."
_AGAIN = "Ask the model anew, also if the lake keeps its reply."
_UNKNOWN = "Drop questions that the model answers without the passage."


@with_options
def generate(
    lake: LakeOption,
    answering: Annotated[dict[str, Any], AnswerOptions, ("prompts",)],
    n: Annotated[int, typer.Option("-n", help="Number of generated questions that the set should hold.", min=1)] = 100,
    set_: Annotated[str, typer.Option("--set", help="Question set.")] = "generated",
    model: ModelOption = None,
    seed: Annotated[int, typer.Option(help="Random seed for choosing sections.")] = 0,
    budget: Annotated[float | None, typer.Option(help=_BUDGET, min=0)] = None,
    unknown_only: Annotated[bool, typer.Option("--unknown-only", help=_UNKNOWN)] = False,
    again: Annotated[bool, typer.Option("--again", help=_AGAIN)] = False,
    workers: Annotated[int, typer.Option(help="Number of sections worked on at the same time.", min=1)] = 4,
    as_json: JsonOption = False,
) -> None:
    """Draft questions about live with a language model.

    Drafts are filtered, and marked as not reviewed.
    """
    from lake.questions.generation import generate as made

    place = Lake.existing(lake)
    chat, told = _model(place, model, answering)
    words: dict[str, Any] = {"name": set_, "seed": seed, "budget": budget, "unknown_only": unknown_only, "again": again}
    with terminal.progress(quiet=as_json) as progress:
        found = made(
            place,
            chat,
            n,
            prompts=told,
            n_workers=workers,
            progress=progress,
            **words,
        )
    show(found.to_json(), as_json, show_drafts.generated)


@with_options
def from_traffic(
    lake: LakeOption,
    answering: Annotated[dict[str, Any], AnswerOptions, ("prompts",)],
    n: Annotated[int, typer.Option("-n", help="Maximum number of questions to draft.", min=1)] = 20,
    set_: Annotated[str, typer.Option("--set", help="Question set.")] = "traffic",
    since: Annotated[str | None, typer.Option(help="Only requests since this date or time (UTC).")] = None,
    model: ModelOption = None,
    budget: Annotated[float | None, typer.Option(help=_BUDGET, min=0)] = None,
    as_json: JsonOption = False,
) -> None:
    """Draft questions from the query log.

    A model finds the words of live that answer what callers asked. Drafts are marked as not reviewed; questions without
    an answer are listed.
    """
    from lake.questions.from_traffic import from_traffic as made

    place, index = Lake.existing(lake), library.open_lake(lake)
    chat, prompts = _model(place, model, answering)
    words: dict[str, Any] = {"prompts": prompts, "name": set_, "since": parsed_time("--since", since)}
    with terminal.progress(quiet=as_json) as progress:
        search = partial(index.search, principals=EVERYTHING)
        found = made(place, search, chat, n, **words, budget=budget, progress=progress)
    show(found.to_json(), as_json, show_drafts.from_traffic)


def _model(place: Lake, name: str | None, answering: Mapping[str, Any]) -> tuple[ChatModel, Prompts]:
    with configuration.in_use(place.store):
        return registry.load_chat(name), templates.load_prompts(answering.get("prompts"))


def review(
    lake: LakeOption,
    set_: Annotated[str, typer.Option("--set", help="Question set.")] = "generated",
    every: Annotated[bool, typer.Option("--all", help="Also show reviewed questions, after the others.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Accept, edit or drop questions one by one.

    Each decision is saved at once.
    """
    from lake.questions import reviewing, store

    place = Lake.existing(lake)
    questions, live = reviewing.to_review(place, set_, every=every), place.log.read().live
    counts = {"accepted": 0, "edited": 0, "dropped": 0, "skipped": 0}
    for number, (question, evidence) in enumerate(zip(questions, reviewing.shown(place, live, questions), strict=True)):
        show_drafts.question(question, evidence, number + 1, len(questions), quiet=as_json)
        decided = _decided(place, question, quiet=as_json)
        if decided == "quit":
            break
        counts[decided] += 1
    left = sum(question.set == set_ and not question.reviewed for question in store.questions(place))
    show({"set": set_, **counts, "not_reviewed": left}, as_json, show_drafts.reviewed)


def _decided(place: Lake, question: EvalQuestion, *, quiet: bool) -> str:
    """What the person decided, kept already."""
    from lake.questions import reviewing

    while True:
        key = show_drafts.key(quiet=quiet)
        if key in ("", "q"):
            return "quit"
        if key == "s":
            return "skipped"
        if key == "a":
            show_drafts.kept(reviewing.accept(place, question), quiet=quiet)
            return "accepted"
        if key == "d":
            show_drafts.kept(reviewing.turn_down(place, question), quiet=quiet)
            return "dropped"
        if key == "e" and _edited(partial(reviewing.edit, place, question), question, quiet=quiet):
            return "edited"


def _edited(edit: Callable[..., Any], question: EvalQuestion, *, quiet: bool) -> bool:
    """Whether other words were given and kept; not if they can't be a question, or nobody gave any."""
    words = show_drafts.words(question, quiet=quiet)
    if words is None:
        return False
    try:
        show_drafts.kept(edit(*words), quiet=quiet)
    except UsageError as wrong:
        show_drafts.refused(str(wrong), quiet=quiet)
        return False
    return True
