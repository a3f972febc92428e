"""Makes ground truth from feedback: votes become grades of a draft that a person has yet to review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from lake.errors import UsageError
from lake.questions.anchoring import anchored
from lake.questions.store import add, questions
from lake.questions.values import EvalQuestion, Evidence
from lake.records.calls import Calls
from lake.records.feedback import PASSAGES

if TYPE_CHECKING:
    from lake.directory import Lake

#: Voters agree if at least this share of votes is equal.
AGREED = 2 / 3


@dataclass(frozen=True, slots=True)
class Votes:
    """The votes on one passage as an answer to one question."""

    question: str
    source: str
    uri: str
    quote: str
    start: int
    end: int
    useful: int
    useless: int

    @property
    def n(self) -> int:
        return self.useful + self.useless

    @property
    def grade(self) -> int | None:
        """1 for useful, 0 for not; None if voters disagree."""
        share = self.useful / self.n
        return 1 if share >= AGREED else 0 if share <= 1 - AGREED else None


@dataclass(frozen=True, slots=True)
class Drafted:
    """Questions made from feedback, and counts of what was skipped."""

    set: str
    n_judgements: int
    drafted: tuple[str, ...]
    conflicting: tuple[Votes, ...]
    n_too_few: int  # passages with too few votes
    n_nothing_useful: int  # questions without a useful passage
    n_decided: int  # reviewed or rejected in this set, and left unchanged
    n_erased: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def votes_of(rows: Iterable[Mapping[str, Any]]) -> list[Votes]:
    """Counts FEEDBACK rows, oldest first, by question and passage; each voter's last vote counts."""
    last: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        passage = (_words(row["question"]), row["source"], row["uri"], row["quote"])
        last[*passage, row["voter"] or row["feedback_id"]] = row
    counted: defaultdict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for key, row in last.items():
        counted[key[:-1]].append(row)
    found = []
    for (question, source, uri, quote), mine in counted.items():
        useful = sum(row["useful"] for row in mine)
        place = mine[-1]["start"], mine[-1]["end"]
        found.append(Votes(question, source, uri, quote, *place, useful, len(mine) - useful))
    return found


def _words(question: str) -> str:
    return " ".join(question.split())


def from_feedback(lake: Lake, name: str, at_least: int = 1) -> Drafted:
    """Drafts a question for each that has a passage with ``at_least`` votes on which voters agree."""
    if at_least < 1:
        raise UsageError(f"--at-least {at_least} must be 1 or more")
    rows = PASSAGES.read(lake).to_pylist()
    votes = votes_of(rows)
    enough = [one for one in votes if one.n >= at_least]
    made = _questions(name, enough)
    useful = [one for one in made if any(piece.grade for piece in one.evidence)]
    decided = _decided(lake, name, useful)
    new = anchored(lake, lake.log.read().live, [one for one in useful if one.question_id not in decided])
    kept = {one.question_id for one in add(lake, new)} if new else set()
    return Drafted(
        set=name,
        n_judgements=len(rows),
        drafted=tuple(one.text for one in new if one.question_id in kept),
        conflicting=tuple(one for one in enough if one.grade is None),
        n_too_few=len(votes) - len(enough),
        n_nothing_useful=len(made) - len(useful),
        n_decided=len(decided),
        n_erased=sum(one.question_id not in kept for one in new),
    )


def _questions(name: str, votes: Iterable[Votes]) -> list[EvalQuestion]:
    evidence: dict[str, list[Evidence]] = {}
    for one in votes:
        mine = evidence.setdefault(one.question, [])
        if one.grade is not None:
            mine.append(Evidence(one.uri, one.source, one.quote, start=one.start, end=one.end, grade=one.grade))
    drafted = EvalQuestion(name, "any", origin="feedback", reviewed=False)
    return [replace(drafted, text=text, evidence=tuple(pieces)) for text, pieces in evidence.items()]


def _decided(lake: Lake, name: str, drafted: Iterable[EvalQuestion]) -> set[str]:
    """Ids of questions that a person has already decided about."""
    calls = Calls(lake)
    reviewed = {one.question_id for one in questions(lake) if one.set == name and one.reviewed}
    turned_down = {one.question_id for one in drafted if calls.is_turned_down(name, one.text)}
    return (reviewed & {one.question_id for one in drafted}) | turned_down
