"""Options of learning search options from questions, and the record of what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lake.errors import UsageError
from lake.options.boosts import BOOSTED_COLUMNS, is_boosted_by_value
from lake.options.checks import check_measures, check_texts
from lake.options.declaration import check, option
from lake.options.search import is_by_chat
from lake.reporting import either

#: What is learned, in this order: how the ranked lists are fused, boosts, and the reranker's depth and weight.
PARTS = ("fusion", "boosts", "rerank")


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningOptions:
    """What is learned from the questions, and how it is tried."""

    measure: str = option("document nDCG@10", "Measure to raise, such as document nDCG@10 or span recall@5.")
    parts: tuple[str, ...] = option(
        (), "Part to learn: fusion (fusion, alpha, weights), boosts, or rerank (depth, weight).", unset="all"
    )
    boost_by: tuple[str, ...] = option(
        (), "Learn boosts of this column's values too: metadata.KEY, author, language, media_type or tags."
    )
    reranker: str | None = option(
        None, "Reranker to try, such as own or st:MODEL_OR_PATH.", unset="the configured one, if any"
    )
    folds: int = option(
        5, "Number of parts of the questions; each is judged by what the others chose.", least=2, most=20
    )
    most_questions: int = option(
        1000, "Maximum number of questions to learn from, drawn at random.", least=60, most=20_000
    )
    seed: int = option(0, "Random seed of the folds and of the draw.")

    def __post_init__(self) -> None:
        check(self)
        check_measures("measure", [self.measure])
        check_texts("parts", self.parts)
        check_texts("boost_by", self.boost_by)
        if unknown := sorted(set(self.parts) - set(PARTS)):
            raise UsageError(f"there is no part {', '.join(unknown)} to learn; choose {either(PARTS)}")
        if wrong := [name for name in self.boost_by if not is_boosted_by_value(name)]:
            raise UsageError(f"boost_by={wrong[0]!r} must be {either([*BOOSTED_COLUMNS, 'metadata.KEY'])}")
        if is_by_chat(self.reranker):
            raise UsageError("a chat model orders passages together, so its scores can't be tried at several depths")


@dataclass(frozen=True, slots=True)
class TuningRecord:
    """What `raglake tune --apply` last set in the section search, from what, and why; `--undo` goes back."""

    learned: Mapping[str, Any] = option(dict, "Search options that were learned, by name.")
    before: Mapping[str, Any] = option(dict, "Values that they replaced; an option that is missing had its default.")
    measure: str | None = option(None, "Measure that was raised.")
    gain: float | None = option(None, "Mean gain on questions that did not choose.")
    low: float | None = option(None, "Lower bound of the gain's 95 % interval.")
    high: float | None = option(None, "Upper bound of the gain's 95 % interval.")
    n_questions: int | None = option(None, "Number of questions.")
    release: str | None = option(None, "Release that was searched.")
    tuned_at: str | None = option(None, "Time of the change, UTC.")

    def __post_init__(self) -> None:
        check(self)
        for name in ("learned", "before"):
            if not isinstance(getattr(self, name), Mapping):
                raise UsageError(f"tuning.{name}={getattr(self, name)!r} must be an object of search options by name")
