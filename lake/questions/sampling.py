"""Draws sections for questions by source and media type, in an order that depends on a seed and their texts alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from lake.ids import derived_id, text_digest

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.releases.values import Release

#: Minimum tokens of a section; shorter ones offer hardly any question.
LEAST_TOKENS = 40
_AT_A_TIME = 64
_OF_DOCUMENT = ("doc_id", "source", "uri", "digest", "media_type", "title", "language")
_OF_PARENT = ("parent_id", "doc_id", "start", "end", "heading", "n_tokens")


@dataclass(frozen=True, slots=True)
class SampledSection:
    """A parent of a release, its text, and the manifest's row of its document."""

    parent_id: str
    start: int
    end: int
    heading: str
    text: str
    document: Mapping[str, Any]

    @property
    def about(self) -> tuple[str, str]:
        """The fields that identify the origin of the text."""
        return self.document["doc_id"], self.document["digest"]


def sections(
    lake: Lake, release: Release, seed: int, taken: Mapping[str, Sequence[int]], most: int | None = None
) -> Iterator[SampledSection]:
    """The first ``most`` sections of a release, drawn so that any first part is spread over sources, media types
    and documents.

    A stratum's share grows with the square root of its size, so that small ones count beside large ones. Omits
    sections that contain a place in ``taken`` (starts by doc_id), and repeated texts.
    """
    tables = lake.tables(release.generation)
    documents = tables.at("documents", release.versions["documents"]).scan(_OF_DOCUMENT).to_pylist()
    by_id = {row["doc_id"]: row for row in documents}
    parents = tables.at("parents", release.versions["parents"])
    ordered = _ordered(parents.scan(_OF_PARENT, f"n_tokens >= {LEAST_TOKENS}").to_pylist(), by_id, seed)[:most]
    free = (row for row in ordered if not any(row["start"] <= at < row["end"] for at in taken.get(row["doc_id"], ())))
    seen = set()
    while batch := list(islice(free, _AT_A_TIME)):
        found = parents.take("parent_id", [row["parent_id"] for row in batch], ["parent_id", "text"]).to_pylist()
        texts = {row["parent_id"]: row["text"] for row in found}
        for row in batch:
            text, document = texts[row["parent_id"]], by_id[row["doc_id"]]
            if (digest := text_digest(text)) not in seen:
                seen.add(digest)
                yield SampledSection(row["parent_id"], row["start"], row["end"], row["heading"] or "", text, document)


def _ordered(
    rows: Iterable[dict[str, Any]], documents: Mapping[str, Mapping[str, Any]], seed: int
) -> list[dict[str, Any]]:
    strata: defaultdict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for row in rows:
        document = documents[row["doc_id"]]
        drawn = derived_id("drawn", str(seed), row["parent_id"])
        strata[document["source"], document["media_type"]].append((drawn, row))
    placed = [place for drawn in strata.values() for place in _placed(drawn)]
    return [row for _, _, row in sorted(placed, key=lambda place: place[:2])]


def _placed(drawn: list[tuple[str, dict[str, Any]]]) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Each section of a stratum with its position among all: one of each document before a second of any."""
    of_document: Counter[str] = Counter()
    turns = []
    for name, row in sorted(drawn, key=lambda pair: pair[0]):
        turns.append((of_document[row["doc_id"]], name, row))
        of_document[row["doc_id"]] += 1
    step = len(turns) ** -0.5
    for number, (_, name, row) in enumerate(sorted(turns, key=lambda turn: turn[:2])):
        yield (number + 0.5) * step, name, row
