"""The commands for questions with known answers, and the places of these answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import drafts, feedback
from flows.cli.help import group
from flows.cli.options import JsonOption, LakeOption, show
from flows.cli.show import questions as show_questions
from lake.directory import Lake

if TYPE_CHECKING:
    from lake.questions import EvalQuestion, Resolved

#: Taken as one group: ``raglake questions import`` and so on.
app = group("questions", "Manage the questions by which releases are measured.")

SetOption = Annotated[str | None, typer.Option("--set", help="Question set. [all]")]
At = Annotated[str, typer.Option("--at", help="live, a release, or a date or time (UTC).")]
_URI = (
    "URI pattern of the documents: {id} in beir; {title}, {article}, {paragraph}, {n} in squad; {uri} in jsonl and csv."
)
_UNKNOWN = "Also import questions about documents that live does not hold."
_SPLIT = "Split whose judgements to read, in a BEIR folder."


@app.command("import")
def import_(
    format: Annotated[str, typer.Argument(help="beir, squad, jsonl or csv.")],
    path: Annotated[str, typer.Argument(help="Folder or file.")],
    lake: LakeOption,
    set_: Annotated[str | None, typer.Option("--set", help="Name of the set. [the file's name]")] = None,
    source: Annotated[str | None, typer.Option(help="Source of the documents. [any that has the URI]")] = None,
    uri: Annotated[str | None, typer.Option(help=_URI)] = None,
    split: Annotated[str, typer.Option(help=_SPLIT)] = "test",
    allow_unknown: Annotated[bool, typer.Option("--allow-unknown", help=_UNKNOWN)] = False,
    as_json: JsonOption = False,
) -> None:
    """Import questions with the passages that answer them.

    If live lacks a document that answers a question, nothing is imported without --allow-unknown.
    """
    from lake.questions import load, take

    name = set_ or Path(path).resolve().stem.lower()
    loaded = load(format, path, set=name, source=source, uri=uri, split=split)
    taken = take(Lake.existing(lake), name, loaded, allow_unknown=allow_unknown)
    shown = {"set": name, "imported": taken.n_taken, "erased": taken.n_erased, "checked_at": taken.checked_at}
    show({**shown, "left_out": _checked(taken.left_out)}, as_json, show_questions.taken)


@app.command()
def check(lake: LakeOption, set_: SetOption = None, at: At = "live", as_json: JsonOption = False) -> None:
    """List questions that can't be measured at a release, and why."""
    from lake.questions import questions, resolve

    place = Lake.existing(lake)
    release, asked = place.log.read().resolve(at), questions(place, set_)
    found = _checked(resolve(place, release, asked))
    shown = {"release": release.id, "questions": len(asked), "left_out": found}
    show(shown, as_json, show_questions.checked)


def _checked(resolved: Iterable[Resolved]) -> list[dict[str, Any]]:
    return [
        {
            "set": one.question.set,
            "question_id": one.question.question_id,
            "question": one.question.text,
            "reason": one.left_out,
            "evidence": [{"uri": lost.evidence.uri, "quote": lost.evidence.quote, "reason": lost.reason}
                         for lost in one.lost if lost.evidence.grade],
        }
        for one in resolved
        if one.left_out
    ]  # fmt: skip


@app.command("list")
def list_(lake: LakeOption, set_: SetOption = None, as_json: JsonOption = False) -> None:
    """List the question sets, or the questions of one."""
    from lake.questions import questions

    found = questions(Lake.existing(lake), set_)
    shown = {"sets": _sets(found), "questions": [question.to_row() for question in found] if set_ else []}
    show(shown, as_json, show_questions.listed)


def _sets(questions: Sequence[EvalQuestion]) -> list[dict[str, Any]]:
    """Of each set how many questions, how many that nobody looked at, and how their evidence is given."""
    found = []
    for name in sorted({question.set for question in questions}):
        mine = [question for question in questions if question.set == name]
        kinds = Counter("place" if piece.is_place else "document" for one in mine for piece in one.evidence)
        unreviewed = sum(not question.reviewed for question in mine)
        found.append({"set": name, "questions": len(mine), "unreviewed": unreviewed, "evidence": dict(kinds)})
    return found


@app.command("drop")
def drop_(
    set_: Annotated[str, typer.Argument(metavar="SET", help="Question set.")],
    lake: LakeOption,
    as_json: JsonOption = False,
) -> None:
    """Delete a question set."""
    from lake.questions import drop

    show({"set": set_, "dropped": drop(Lake.existing(lake), set_)}, as_json, show_questions.dropped)


app.command()(drafts.generate)
app.command()(drafts.review)
app.command("from-feedback")(feedback.from_feedback)
app.command("from-traffic")(drafts.from_traffic)
