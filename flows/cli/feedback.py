"""The commands about judgements of passages that were found."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

import lake as library
from flows.cli.help import group
from flows.cli.options import JsonOption, LakeOption, parsed_time, show
from flows.cli.show import feedback as show_feedback
from lake.directory import Lake

#: Taken as one group: ``raglake feedback compare`` and so on.
app = group("feedback", "See how people judged the passages that were found.")

_AT_LEAST = "Minimum number of votes on a passage."
_SINCE = "Only feedback since this date or time (UTC)."


@app.command("list")
def list_(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Count judgements by release; list them all with --json."""
    index = library.open_lake(lake)
    rows, answers = index.judgements().to_pylist(), index.answer_judgements().to_pylist()
    n, useful = Counter(row["release"] for row in rows), Counter(row["release"] for row in rows if row["useful"])
    counts = [{"release": name, "judgements": n[name], "useful": useful[name]} for name in sorted(n)]
    show({"releases": counts, "judgements": rows, "answers": answers}, as_json, show_feedback.listed)


@app.command()
def compare(
    a: Annotated[str, typer.Argument(help="live, a release, its name, a date or time (UTC), or a profile on trial.")],
    b: Annotated[str, typer.Argument(help="What to compare with A, given in the same way.")],
    lake: LakeOption,
    since: Annotated[str | None, typer.Option(help=_SINCE)] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the share of useful passages of two releases, or of two sides of a trial."""
    from expectations.feedback import compared

    found, _ = compared(library.open_lake(lake), a, b, parsed_time("--since", since))
    show(found.to_json(), as_json, show_feedback.compared)


def from_feedback(
    lake: LakeOption,
    set_: Annotated[str, typer.Option("--set", help="Question set.")] = "feedback",
    at_least: Annotated[int, typer.Option("--at-least", help=_AT_LEAST, min=1)] = 1,
    as_json: JsonOption = False,
) -> None:
    """Draft questions from feedback.

    Drafts are marked as not reviewed. Conflicting votes are reported.
    """
    from lake.questions.from_feedback import from_feedback as made

    show(made(Lake.existing(lake), set_, at_least).to_json(), as_json, show_feedback.drafted)
