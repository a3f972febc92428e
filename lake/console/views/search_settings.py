"""How a visitor searches, as his address states it: the release, the options of the search, and the filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lake.console.visit import Visit
from lake.options.search import OWN, is_by_chat
from lake.reporting.words import file_type, tails

#: The columns that a visitor filters by, with their words.
FACETS = {
    "source": "Source",
    "media_type": "Type",
    "language": "Language",
    "tags": "Tags",
    "modified_at": "Changed",
}
#: Stands for documents without a value.
NONE = "-"
#: By words in the boolean syntax, which is no mode of the service.
BOOLEAN = "boolean"
MODES = {
    "hybrid": "meaning and words",
    "vector": "meaning",
    "text": "words",
    BOOLEAN: 'words with "a phrase", +must, -mustnot, part*',
}
#: The options of a profile that does nothing but rerank, and how names of rerankers of the service's machine begin.
_OF_RERANKER, _LOCAL = {"rerank", "rerank_depth", "rerank_weight"}, "st:"
EXPANDS = {"parent": "sections", "window": "neighbours", "none": "chunks"}


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """One column of results: the release, and how it is searched; None is as the lake's configuration has it."""

    at: str
    profile: str | None
    mode: str | None
    alpha: float | None
    expand: str | None
    k: int

    @classmethod
    def of(cls, visit: Visit, suffix: str = "") -> SearchSettings:
        """Those of the address; a second column has its own release, mode and alpha, with ``suffix``."""
        alpha, k = visit.word(f"alpha{suffix}"), visit.word("k", "10")
        at = visit.word(f"at{suffix}", "live") if suffix else visit.at
        mode = visit.word(f"mode{suffix}")
        return cls(
            at,
            visit.word(f"profile{suffix}") or None,
            mode if mode in MODES else None,
            _share(alpha),
            visit.word("expand") if visit.word("expand") in EXPANDS else None,
            int(k) if k.isascii() and k.isdigit() and 0 < int(k) <= 100 else 10,
        )

    def body(self, text: str, filters: dict[str, Any]) -> dict[str, Any]:
        """The request of ``POST /query``."""
        is_boolean = self.mode == BOOLEAN
        chosen = {
            "profile": self.profile,
            "mode": "text" if is_boolean else self.mode,
            "syntax": BOOLEAN if is_boolean else None,
            "alpha": self.alpha,
            "expand": self.expand,
            "filters": filters or None,
        }
        given = {name: value for name, value in chosen.items() if value is not None}
        return {"text": text, "at": self.at, "k": self.k, **given}


def profile_choices(offered: Mapping[str, Any], *chosen: str | None) -> list[tuple[str, str]]:
    """Values and words of a choice among the profiles of ``GET /profiles``, with those that an address has chosen.

    A single one, for no profile, if the service offers none.
    """
    found = {one["name"]: _profile_words(one) for one in offered["profiles"]}
    unknown = {name: name for name in chosen if name and name not in found}
    return [("", "as configured"), *found.items(), *unknown.items()]


def profile_label(offered: Mapping[str, Any]) -> str:
    """What a visitor chooses who chooses a profile.

    >>> profile_label({"profiles": [{"name": "exact", "search": {"rerank": "own"}}]})
    'Reranker'
    """
    return "Reranker" if offered["profiles"] and all(map(_only_reranks, offered["profiles"])) else "Profile"


def _only_reranks(profile: Mapping[str, Any]) -> bool:
    return "rerank" in profile["search"] and profile["search"].keys() <= _OF_RERANKER and not profile.get("model")


def _profile_words(profile: Mapping[str, Any]) -> str:
    reranker, name = profile["search"].get("rerank"), profile["name"]
    words = f"reranked by {reranker_words(reranker)} ({_reranker_cost(reranker)})" if reranker else ""
    parts = ["" if words.startswith(f"{name} ") else name, words, profile.get("model")]
    return " · ".join(filter(None, parts))


def _reranker_cost(name: str) -> str:
    """What a search costs that this reranker reads.

    >>> _reranker_cost("own"), _reranker_cost("cohere:rerank-v3.5"), _reranker_cost("model")
    ('free, on this machine', 'a call to its provider', 'a reply of the chat model')
    """
    if is_by_chat(name):
        return "a reply of the chat model"
    return "free, on this machine" if name == OWN or name.startswith(_LOCAL) else "a call to its provider"


def reranker_words(name: str) -> str:
    """What the option ``rerank`` names.

    >>> reranker_words("own"), reranker_words("model"), reranker_words("cohere:rerank-v3.5")
    ("the lake's own model", 'the chat model', 'cohere:rerank-v3.5')
    """
    return {"own": "the lake's own model", "model": "the chat model"}.get(name, name)


def facet_labels(column: str, values: Sequence[Mapping[str, Any]]) -> dict[Any, str]:
    """The words of each value that a column is filtered by; no two have the same.

    >>> facet_labels("media_type", [{"value": "text/xml"}, {"value": "application/xml"}, {"value": "text/x-go"}])
    {'text/xml': 'text/xml', 'application/xml': 'application/xml', 'text/x-go': 'go'}
    """
    named = [one["value"] for one in values if one["value"] is not None]
    if column == "source":
        return tails(named)
    if column != "media_type":
        return {one: one for one in named}
    words = {one: file_type(one) for one in named}
    n_alike = Counter(words.values())
    return {one: word if n_alike[word] == 1 else one for one, word in words.items()}


def add_picked(facets: Mapping[str, Any], visit: Visit) -> None:
    """Adds what is picked and not among the values, so that it can be seen and removed.

    Its number of documents is 0, or None if the values are not all.
    """
    for column in FACETS.keys() - {"modified_at"}:
        facet = facets[column]
        known = {NONE if one["value"] is None else one["value"] for one in facet["values"]}
        missing = [one for one in dict.fromkeys(visit.words(column)) if one not in known]
        is_whole = facet["n_values"] == len(facet["values"])
        facet["values"][:0] = [{"value": None if one == NONE else one, "n": 0 if is_whole else None} for one in missing]
        facet["n_values"] += len(missing) if is_whole else 0


def filters_of(visit: Visit) -> dict[str, Any]:
    """The filters of a request, from the facets that are chosen in the address."""
    found: dict[str, Any] = {}
    for name in FACETS:
        values = list(dict.fromkeys(visit.words(name)))
        if name == "modified_at":
            found |= _period(values)
        elif name == "tags" and values:
            found["tags"] = {"any": values}
        elif values:
            found[name] = [None if value == NONE else value for value in values]
    return found


def _period(values: list[str]) -> dict[str, Any]:
    """From the first to the last of the months or years; those that are none are left out."""
    spans = [span for span in map(_span, values) if span]
    if not spans:
        return {}
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    return {"modified_at": {">=": first.isoformat(), "<": last.isoformat()}}


def _span(value: str) -> tuple[date, date] | None:
    """The first day of a month or year, and the first day after it."""
    year, _, month = value.partition("-")
    try:
        if not month:
            return date(int(year), 1, 1), date(int(year) + 1, 1, 1)
        start = date(int(year), int(month), 1)
        return start, date(start.year + start.month // 12, start.month % 12 + 1, 1)
    except ValueError:
        return None


def _share(words: str) -> float | None:
    try:
        return min(max(float(words), 0.0), 1.0) if words and words != "nan" else None
    except ValueError:
        return None
