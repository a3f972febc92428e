"""Documents of a release, and of its quarantine, that questions name as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from lake.ids import value_digest
from lake.ids.uris import alike, exactly, folded
from lake.releases.copies import COPY_COLUMNS, Copy, standing
from lake.schemas import CANONICAL_DIGEST

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.questions.values import EvalQuestion, Evidence
    from lake.releases.values import Release
    from lake.tables.reader import TableReader

#: Why evidence can't be used: no such document; several sources have it; it is in quarantine; its text no longer
#: contains the quote; the quote occurs several times and nothing identifies the right one.
Reason = Literal["absent", "several sources", "quarantined", "text gone", "ambiguous"]

#: Reasons that are the pipeline's: the document is there, and its text can't be found.
BY_PIPELINE = ("quarantined", "text gone")

_DIGEST = CANONICAL_DIGEST.name
_FACTS = ("doc_id", "source", "uri", "digest", "media_type")
MANIFEST_COLUMNS = tuple(dict.fromkeys((*_FACTS, *COPY_COLUMNS, "content_id", "language")))

_Row = dict[str, Any]
#: Source, if the evidence names one, and uri.
_Place = tuple[str | None, str]


@dataclass(frozen=True)
class Manifest:
    """Rows of documents and of quarantine at the URIs in question.

    ``moved``: by source and uri of evidence that is gone, the row of a document with its text or its bytes. ``was``
    is the doc_id that it had, and ``content_id`` is None if the document is in quarantine.
    """

    documents: Mapping[str, list[_Row]]
    quarantine: Mapping[str, list[_Row]]
    moved: Mapping[_Place, _Row] = field(default_factory=dict)

    @classmethod
    def of(cls, lake: Lake, release: Release, uris: set[str]) -> Manifest:
        tables = lake.tables(release.generation)

        def rows(name: str, columns: Iterable[str]) -> dict[str, list[_Row]]:
            return _by_uri(tables.at(name, release.versions[name]), columns, uris)

        return cls(rows("documents", MANIFEST_COLUMNS), rows("quarantine", _FACTS))

    def find(self, evidence: Evidence) -> _Row | Reason:
        """The document's row, or why there is none. Documents of several sources with the same text count as one."""
        found = _of_source(self.documents, evidence)
        if found:
            return _of_one_text(found) or "several sources"
        if _of_source(self.quarantine, evidence):
            return "quarantined"
        row = self.moved.get((evidence.source, evidence.uri))
        if row is None:
            return "absent"
        return row if row["content_id"] else "quarantined"

    def following(self, lake: Lake, release: Release, evidence: Iterable[Evidence]) -> Manifest:
        """The manifest with ``moved``; the newest other release with a document that is gone tells what it was."""
        wanted = {(e.source, e.uri): e for e in evidence if self.find(e) == "absent"}
        gone: dict[_Place, _Row] = {}
        for other in reversed(lake.log.read().releases.values() if wanted else ()):
            if wanted and other.id != release.id:
                known = Manifest.of(lake, other, {e.uri for e in wanted.values()}).documents
                rows = {key: _of_one_text(_of_source(known, e)) for key, e in wanted.items()}
                gone |= {key: row for key, row in rows.items() if row is not None}
                wanted = {key: e for key, e in wanted.items() if key not in gone}
        return replace(self, moved=_followed(lake, release, gone)) if gone else self

    def bytes_of(self, question: EvalQuestion) -> str:
        rows = [row for e in question.evidence for part in (self.documents, self.quarantine)
                for row in _of_source(part, e)]  # fmt: skip
        moved = [row for e in question.evidence if (row := self.moved.get((e.source, e.uri)))]
        places = {(row["doc_id"], row["digest"] or "") for row in rows}
        return value_digest(sorted(places | {(row["was"], row["digest"] or "") for row in moved}))


def _by_uri(reader: TableReader, columns: Iterable[str], uris: set[str]) -> dict[str, list[_Row]]:
    rows = reader.scan(list(columns))
    found: dict[str, list[_Row]] = {}
    for row in alike(rows, uris).to_pylist():
        found.setdefault(folded(row["uri"]), []).append(row)
    return found


def _of_source(rows: Mapping[str, list[_Row]], evidence: Evidence) -> list[_Row]:
    named = rows.get(folded(evidence.uri), ())
    return exactly([row for row in named if evidence.source in (None, row["source"])], evidence.uri)


def _of_one_text(rows: Sequence[_Row]) -> _Row | None:
    """The row that stands for all; None if they have different texts, or there are none."""
    digests = {row[_DIGEST] for row in rows}
    if not rows or (len(rows) > 1 and (len(digests) > 1 or None in digests)):
        return None
    return min(rows, key=_standing)


def _standing(row: _Row) -> tuple[object, ...]:
    return standing(Copy(*(row[name] for name in Copy._fields)))


def _followed(lake: Lake, release: Release, gone: Mapping[_Place, _Row]) -> dict[_Place, _Row]:
    """For each document that is gone, one of the release with the same text, else with the same bytes."""
    tables = lake.tables(release.generation)
    documents, quarantine = (tables.at(name, release.versions[name]) for name in ("documents", "quarantine"))
    by_text = _by(documents, _DIGEST, gone.values(), MANIFEST_COLUMNS)
    by_bytes = _by(documents, "digest", gone.values(), MANIFEST_COLUMNS)
    failed = _by(quarantine, "digest", gone.values(), _FACTS)
    found = {}
    for key, was in gone.items():
        rows = by_text.get(was[_DIGEST]) or by_bytes.get(was["digest"])
        row = min(rows, key=_standing) if rows else next(iter(failed.get(was["digest"], ())), None)
        if row is not None:
            found[key] = {"content_id": None, **row, "was": was["doc_id"]}
    return found


def _by(reader: TableReader, column: str, like: Iterable[_Row], columns: Sequence[str]) -> dict[str, list[_Row]]:
    """Rows that have a value of ``like`` in a column, by that value."""
    values = sorted({row[column] for row in like} - {None})
    found: dict[str, list[_Row]] = {}
    if values and column in reader.schema.names:
        for row in reader.take(column, values, columns).to_pylist():
            found.setdefault(row[column], []).append(row)
    return found
