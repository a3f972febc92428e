"""The guard against sidecars that vanish: a run opens few restricted documents unless it is allowed to open more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import polars as pl

from lake.errors import RefusedError
from lake.ids.uris import folded, places
from lake.ingest.rows import stated_of
from lake.releases import rights
from lake.reporting import counted
from lake.schemas import tuples
from lake.tables.sql import one_of

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.directory import Lake
    from lake.ingest.plan import Plan
    from lake.releases.history import History
    from lake.releases.values import Release

#: A run may open this many restricted documents, or this share of them.
MAX_OPENED, MAX_OPENED_SHARE = 1, 0.10
_NAMED = 3

#: doc_id, source, uri and content_id, which is None if no kept release has the document.
_NAMES = ("doc_id", "source", "uri", "content_id")
_Document = tuple[str, str, str, str | None]


def guard_opening(
    lake: Lake,
    history: History,
    plan: Plan,
    listed: pa.Table,
    sidecars: pa.Table,
    *,
    allow_opening: int = 0,
    origin: Release | None = None,
) -> None:
    """Raise RefusedError if sidecars no longer restrict more documents than a run may open.

    ``listed`` are DIGESTED rows, ``sidecars`` DIGESTS rows, those of documents aside. What is restricted are today's
    rights, which a rollback leaves as they are: also of documents that live lacks, or has without an acl. A document
    that was moved without its sidecar is one too many as long as that stands at the old place: who wants to open it
    would not leave it there. A document whose own front matter restricts it does not count;
    neither does one that is gone from its source. ``origin``: what was live before a row of runs that looked at some
    documents each; what they opened since counts as well, so that opening one by one is noticed as opening at once is.
    """
    base = history.live
    if base is None:
        return
    restricted = _restricted_today(lake, history, base, plan)
    opened = list(_opened(restricted, plan, dict(tuples(listed, "doc_id", "stated"))))
    contents = {content_id for _, _, content_id in opened if content_id}
    of_themselves = _restricted_by_themselves(lake, contents)
    as_it_was = _restricted_as_before(lake, base, plan) if contents - of_themselves else frozenset()
    uris = sorted(
        uri for doc_id, uri, content_id in opened if content_id not in of_themselves and doc_id not in as_it_was
    )
    if len(uris) <= allow_opening or not uris:
        return
    _guard_moved([one for one in restricted if one[2] in uris], plan, listed, sidecars, len(uris))
    earlier, n_restricted = _opened_since(lake, origin, base) if origin else ([], 0)
    n_restricted = max(n_restricted, len(restricted))
    if len(uris) + len(earlier) <= max(MAX_OPENED, MAX_OPENED_SHARE * n_restricted):
        return
    named = ", ".join(uris[:_NAMED]) + (" ..." if len(uris) > _NAMED else "")
    raise RefusedError(
        f"everybody could see {counted(len(uris), 'document')} of {len(restricted)} that are restricted today, since "
        f"no sidecar restricts them any more ({named}){_before(earlier)}; nothing was written. Restore the sidecars "
        f"or, if everybody may see these documents, allow it with --allow-opening {len(uris)}"
    )


def restricted_places(lake: Lake) -> dict[str, str]:
    """The uris by doc_id of the documents of live that are restricted today."""
    history = lake.log.read()
    if history.live is None:
        return {}
    today = dict(tuples(rights.read(lake.store, history.rights), "doc_id", "acl"))
    return {doc_id: uri for doc_id, _, uri, _ in _restricted(lake, history.live, today)}


def opening_remark(lake: Lake, restricted: Mapping[str, str], candidate: Release, plan: Plan) -> str | None:
    """Which of the documents that were restricted (``restricted_places``) everybody may see in a candidate.

    However few they are, and whether a sidecar or their own front matter restricted them: what an author opens by
    mistake has no guard, so somebody should read it.
    """
    if not restricted:
        return None
    rows = lake.tables(candidate.generation).at("documents", candidate.versions["documents"])
    is_open = dict(tuples(rows.scan(["doc_id", "uri"], "acl IS NULL"), "doc_id", "uri"))
    now = (plan.moved.get(doc_id, doc_id) for doc_id in restricted)
    uris = sorted(is_open[doc_id] for doc_id in now if doc_id in is_open)
    if not uris:
        return None
    named = ", ".join(uris[:_NAMED]) + (" ..." if len(uris) > _NAMED else "")
    were = "was" if len(uris) == 1 else "were"
    return f"with {candidate.id} everybody may see {counted(len(uris), 'document')} that {were} restricted: {named}"


def _guard_moved(opened: Iterable[_Document], plan: Plan, listed: pa.Table, sidecars: pa.Table, n_opened: int) -> None:
    """Raise RefusedError if one of them was moved, and a sidecar still restricts its old place."""
    moved = {
        (source, folded(uri)): (uri, plan.moved[doc_id]) for doc_id, source, uri, _ in opened if doc_id in plan.moved
    }
    if not moved:
        return
    for source, sidecar, states in tuples(sidecars, "source", "uri", "states"):
        for document, stated in json.loads(states or "{}").get("of", {}).items():
            if (source, folded(document)) in moved and "acl" in stated:
                uri, now = moved[source, folded(document)]
                place = dict(tuples(listed, "doc_id", "uri"))[now]
                raise RefusedError(
                    f"{uri} was moved to {place} without what restricts it: {sidecar} still names its old place, and "
                    f"everybody could see the document; nothing was written. Move the sidecar along, or correct its "
                    f"row; if everybody may see the document, delete that or use --allow-opening {n_opened}"
                )


def _opened(
    restricted: Iterable[_Document], plan: Plan, stated: Mapping[str, str | None]
) -> Iterator[tuple[str, str, str | None]]:
    """doc_id, uri and content_id of those that are listed, and that no sidecar restricts any more."""
    for doc_id, source, uri, content_id in restricted:
        # A file whose name has another Unicode form than in live is still the same document.
        found = next((one for one in (plan.moved.get(doc_id), *places(source, uri)) if one in stated), None)
        if found is not None and "acl" not in json.loads(stated[found] or "{}"):
            yield doc_id, uri, content_id


def _restricted_as_before(lake: Lake, base: Release, plan: Plan) -> frozenset[str]:
    """Restricted documents of live that a plan leaves as they are, and so what sidecars state of them as well.

    If these state no acl, the documents restrict themselves. That tells it without their contents, which may be lost.
    """
    rows = lake.tables(base.generation).at("documents", base.versions["documents"])
    closed = rows.scan(["doc_id"], "acl IS NOT NULL").column("doc_id").to_pylist()
    return frozenset(closed).difference(plan.write["doc_id"], plan.moved, plan.removed)


def _before(earlier: list[str]) -> str:
    return f", after {counted(len(earlier), 'other')} since the last run over everything" if earlier else ""


def _opened_since(lake: Lake, origin: Release, base: Release) -> tuple[list[str], int]:
    """The uris that were restricted in ``origin`` and are open in ``base``, and the number of those restricted then."""
    restricted = _restricted(lake, origin, {})
    rows = lake.tables(base.generation).at("documents", base.versions["documents"])
    is_open = set(rows.scan(["doc_id"], "acl IS NULL").column("doc_id").to_pylist()) if restricted else set()
    opened = [(uri, content_id) for doc_id, _, uri, content_id in restricted if doc_id in is_open]
    of_themselves = _restricted_by_themselves(lake, {content_id for _, content_id in opened if content_id})
    return [uri for uri, content_id in opened if content_id not in of_themselves], len(restricted)


def _restricted_today(lake: Lake, history: History, base: Release, plan: Plan) -> list[_Document]:
    """Those of live, and of the documents that the plan writes: live may have them in quarantine, or not at all."""
    today = dict(tuples(rights.read(lake.store, history.rights), "doc_id", "acl"))
    closed = [doc_id for doc_id, acl in today.items() if acl is not None]
    found = _restricted(lake, base, today)
    in_base = [one[0] for one in found]
    absent = plan.write.filter(pl.col("doc_id").is_in(closed) & ~pl.col("doc_id").is_in(in_base))
    contents = _last_contents(lake, history, absent["doc_id"].to_list())
    places_of = absent.select("doc_id", "source", "uri").iter_rows()
    return [*found, *((doc_id, source, uri, contents.get(doc_id)) for doc_id, source, uri in places_of)]


def _last_contents(lake: Lake, history: History, doc_ids: list[str]) -> dict[str, str]:
    """The content_id of each document in the newest kept release that has it."""
    found: dict[str, str] = {}
    for release in reversed(history.releases.values()):
        missing = [doc_id for doc_id in doc_ids if doc_id not in found]
        if not missing:
            break
        rows = lake.tables(release.generation).at("documents", release.versions["documents"])
        found |= dict(tuples(rows.scan(["doc_id", "content_id"], one_of("doc_id", missing)), "doc_id", "content_id"))
    return found


def _restricted(lake: Lake, release: Release, today: Mapping[str, object]) -> list[_Document]:
    """The release's documents that are restricted: by ``today``'s rights, else by its own."""
    rows = lake.tables(release.generation).at("documents", release.versions["documents"])
    found = rows.scan([*_NAMES, "acl"], None if any(today.values()) else "acl IS NOT NULL")
    return [row[:-1] for row in tuples(found, *_NAMES, "acl") if today.get(row[0], row[-1]) is not None]


def _restricted_by_themselves(lake: Lake, content_ids: set[str]) -> frozenset[str]:
    """The contents whose own front matter states an acl."""
    if not content_ids:
        return frozenset()
    lake.contents.refresh()
    wanted = sorted(content_ids - set(lake.contents.missing(sorted(content_ids))))
    if not wanted:
        return frozenset()
    stored: Mapping[str, str | None] = dict(
        zip(wanted, lake.contents.read(wanted, ["metadata"]).column("metadata").to_pylist(), strict=True)
    )
    return frozenset(content_id for content_id, metadata in stored.items() if "acl" in stated_of(metadata, None))
