"""Drafts a question set by a language model from sections of live, filtered, and marked as not reviewed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from lake.answer.templates import load_prompts
from lake.endpoints.budget import Budget, BudgetError
from lake.errors import UsageError
from lake.questions.alignment import resolve
from lake.questions.anchoring import anchored
from lake.questions.drafts import Drafter, Reason, is_among
from lake.questions.sampling import SampledSection, sections
from lake.questions.store import add
from lake.questions.store import questions as kept_questions
from lake.questions.values import EvalQuestion
from lake.records.calls import Calls
from lake.reporting import Progress, silent

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel
    from lake.answer.templates import Prompts
    from lake.directory import Lake
    from lake.releases.values import Release

#: Sections in progress at a time, and questions per write.
N_WORKERS, _KEPT_AT_ONCE = 4, 25
#: Sections to try for each wanted question, and extra ones: a model that writes nothing usable does not go through
#: the whole corpus.
_TRIES, _SPARE = 4, 10


@dataclass(frozen=True, slots=True)
class Dropped:
    """A section that gave no question."""

    uri: str
    heading: str
    reason: Reason


@dataclass
class Generated:
    """Result of a run: the questions ``added``, the number of generated ones the set ``holds`` now, and the cost.

    ``stopped``: why the set does not hold as many as requested; "" if it does.
    """

    release: str
    set: str
    wanted: int
    holds: int = 0
    added: list[EvalQuestion] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    stopped: str = ""
    budget: Budget = field(default_factory=Budget)

    def to_json(self) -> dict[str, Any]:
        usage = self.budget.usage
        return {
            "release": self.release,
            "set": self.set,
            "wanted": self.wanted,
            "holds": self.holds,
            "added": [question.to_row() for question in self.added],
            "dropped": dict(Counter(one.reason for one in self.dropped).most_common()),
            "dropped_sections": [{"uri": d.uri, "heading": d.heading, "reason": d.reason} for d in self.dropped],
            "stopped": self.stopped,
            "calls": usage.n_calls,
            "calls_remembered": self.budget.n_remembered,
            "tokens_input": usage.n_input,
            "tokens_output": usage.n_output,
            "cost_usd": usage.cost_usd,
            "prices": list(usage.prices),
        }


def generate(
    lake: Lake,
    chat: ChatModel,
    n: int,
    *,
    name: str = "generated",
    seed: int = 0,
    budget: float | None = None,
    unknown_only: bool = False,
    again: bool = False,
    prompts: Prompts | None = None,
    n_workers: int = N_WORKERS,
    progress: Progress = silent,
) -> Generated:
    """Drafts questions until the set holds ``n`` generated ones; running it again adds none.

    The lake keeps the model's replies: a run that was killed, or stopped at its ``budget`` (USD), continues and pays
    for none twice. The same seed draws the same sections. ``unknown_only`` drops what the model answers without the
    passage. ``again`` asks anew where the lake keeps a reply, as after a model answered in no usable form.
    """
    if n < 1:
        raise UsageError(f"n must be 1 or more, got {n}")
    release, kept, spending = lake.log.read().resolve("live"), kept_questions(lake), Budget(budget)
    drafter = Drafter(chat, Calls(lake, again=again), spending, prompts or load_prompts(), name, unknown_only)
    mine = [question for question in kept if question.set == name and question.origin == "generated"]
    made = Generated(release.id, name, n, len(mine), budget=spending)
    drawn = sections(lake, release, seed, _taken(lake, release, mine), _TRIES * n + _SPARE)
    _Run(lake, release, drafter, made, kept, n_workers, progress).fill(drawn)
    return made


def _taken(lake: Lake, release: Release, mine: Sequence[EvalQuestion]) -> dict[str, list[int]]:
    """Starts of sections that questions have been made from, by document, even if reworded since."""
    found: dict[str, list[int]] = {}
    for one in resolve(lake, release, mine):
        for place in one.places:
            if place.start is not None:
                found.setdefault(place.doc_id, []).append(place.start)
    return found


_NO_MORE = "the sections that were drawn gave no more questions; another --seed may draw others"
_UNUSABLE = "no reply of the model can be used; choose another one by --model, or ask it anew by --again"


@dataclass
class _Run:
    """Questions found but not yet stored, while a set is being filled."""

    lake: Lake
    release: Release
    drafter: Drafter
    made: Generated
    asked: list[EvalQuestion]
    n_workers: int
    progress: Progress
    fresh: list[EvalQuestion] = field(default_factory=list)

    def fill(self, drawn: Iterator[SampledSection]) -> None:
        """Works through sections in order until the set is full; keeps what was found, however it ends."""
        self.progress("questions", 0, max(0, self._lacking))
        try:
            with ThreadPoolExecutor(self.n_workers) as pool:
                while self._lacking > 0 and not self.made.stopped:
                    self._next(pool, list(islice(drawn, min(self.n_workers, self._lacking))))
        finally:
            self._keep()

    @property
    def _lacking(self) -> int:
        return self.made.wanted - self.made.holds - len(self.fresh)

    def _next(self, pool: ThreadPoolExecutor, batch: list[SampledSection]) -> None:
        if not batch:
            self.made.stopped = _NO_MORE if self.made.holds or not self._only_unusable() else _UNUSABLE
        asked = tuple(self.asked)
        futures = [pool.submit(self.drafter.make, section, asked) for section in batch]
        for section, future in zip(batch, futures, strict=True):
            try:
                self._take(section, future.result())
            except BudgetError as spent:
                self.made.stopped = str(spent)
        if len(self.fresh) >= _KEPT_AT_ONCE:
            self._keep()

    def _only_unusable(self) -> bool:
        return {one.reason for one in self.made.dropped} == {"no usable reply"}

    def _take(self, section: SampledSection, found: EvalQuestion | Reason) -> None:
        if isinstance(found, EvalQuestion) and is_among(found.text, self.asked):
            found = "asked already"
        if isinstance(found, EvalQuestion):
            self.asked.append(found)
            self.fresh.append(found)
            self.progress("questions", 1, None)
        else:
            self.made.dropped.append(Dropped(section.document["uri"], section.heading, found))

    def _keep(self) -> None:
        """Adds what was found to the lake, without what was erased meanwhile."""
        if not self.fresh:
            return
        wanted = anchored(self.lake, self.release, self.fresh)
        kept = {question.question_id for question in add(self.lake, wanted)}
        self.made.added += [question for question in wanted if question.question_id in kept]
        self.made.holds += sum(question.question_id in kept for question in wanted)
        self.fresh = []
