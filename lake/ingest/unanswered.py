"""Documents that a source could not give or list this time: they stay as they were, and are named."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from lake.ids import derived_id
from lake.ingest.answers import UNANSWERED
from lake.ingest.plan import UNREADABLE, parser_and_suffix
from lake.schemas import tuples

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.ingest.source_listing import ListedSources
    from lake.recipe import Recipe

#: Fingerprints of documents that no run could read.
_NEVER_READ = ("", derived_id(UNREADABLE))


def as_they_were(lake: Lake, found: ListedSources, known: pa.Table, recipe: Recipe) -> tuple[pa.Table, tuple[str, ...]]:
    """DIGESTED rows, in which documents without an answer have the digest that KNOWN rows give, and remarks on all.

    One whose content is not stored, or was erased for good, keeps none, and goes to quarantine.
    """
    asked = {doc_id for doc_id, (_, kind) in found.unreadable.items() if kind == UNANSWERED}
    remarks = [gap.why for name in sorted(found.gaps) for gap in found.gaps[name]]
    if not asked:
        return found.documents, tuple(remarks)
    rows = known.filter(pc.is_in(known.column("doc_id"), pa.array(sorted(asked), pa.string())))
    digests = dict(_kept(lake, rows, recipe))
    for doc_id, source, uri in tuples(found.documents, "doc_id", "source", "uri"):
        if doc_id in asked:
            effect = "stays as it was" if doc_id in digests else "is in quarantine"
            remarks.append(f"{uri} of {source} could not be read and {effect}: {found.unreadable[doc_id][0]}")
    each = zip(*(found.documents.column(name).to_pylist() for name in ("doc_id", "digest")), strict=True)
    place = found.documents.schema.get_field_index("digest")
    kept = pa.array([digests.get(doc_id, digest) for doc_id, digest in each], pa.string())
    return found.documents.set_column(place, found.documents.schema.field(place), kept), tuple(remarks)


def _kept(lake: Lake, known: pa.Table, recipe: Recipe) -> Iterator[tuple[str, str]]:
    """doc_id and digest of KNOWN rows that can be made again from what the lake holds."""
    denylist, identify = lake.denylist(), recipe.identifier()
    lake.contents.refresh()
    for doc_id, uri, digest, fingerprint in tuples(known, "doc_id", "uri", "digest", "fingerprint"):
        if digest is None or fingerprint in _NEVER_READ or denylist.has_content(digest):
            continue
        if not lake.contents.missing([identify(digest, *parser_and_suffix(uri))[0]]):
            yield doc_id, digest


def behind_gaps(known: pa.Table, found: ListedSources, looked_at: Collection[str] | None) -> list[str]:
    """doc_ids of KNOWN rows that the listing lacks and that may be there, since it could not see everything."""
    sources = [name for name, gaps in found.gaps.items() if any(gap.hides for gap in gaps)]
    if not sources:
        return []
    ours = known.filter(pc.is_in(known.column("source"), pa.array(sources, pa.string()))).column("doc_id").to_pylist()
    seen = set(found.documents.column("doc_id").to_pylist())
    return sorted(one for one in ours if one not in seen and (looked_at is None or one in looked_at))
