"""Documents as the releases of a lake hold them, for a caller with some rights."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from lake.errors import UsageError
from lake.ingest.accounts import stored_account
from lake.ingest.completeness import remarks
from lake.ingest.plan import parser_and_suffix
from lake.inspect.document import account_json, content_of, inspected, sections_of, texts_of
from lake.inspect.document_history import changes_of
from lake.inspect.lines import lines_of
from lake.inspect.text_diff import text_diff
from lake.releases.copies import COPY_COLUMNS, exact_groups
from lake.schemas import ACCOUNT, CANONICAL_DIGEST
from lake.search.reading import find_document
from lake.sources.declared import EVERYTHING
from lake.tables.sql import quoted

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.options.completeness import Completeness
    from lake.releases.history import At, History
    from lake.releases.values import Release
    from lake.search.predicate import Predicate
    from lake.search.reader import Reader
    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot

T = TypeVar("T")
Principals = Collection[str] | str
_ROW = (
    "doc_id", "source", "uri", "digest", "content_id", "media_type", "size", "modified_at", "indexed_at", "title",
    "author", "language", "metadata", "tags", "acl", "n_parents", "n_chunks", CANONICAL_DIGEST.name,
)  # fmt: skip
_TIMES = ("modified_at", "indexed_at")
#: Hunks of a difference that one call returns, and the characters that end a call earlier.
_HUNKS, _HUNK_CHARACTERS = 100, 100_000
#: Headings of an outline, and copies that are named.
_MOST_HEADINGS, _MOST_COPIES = 1000, 50


class IndexedDocuments:
    """What releases hold of single documents, as JSON-like values.

    Each call raises UsageError for a document that the release lacks or that ``principals`` may not see, with the
    same message.
    """

    def __init__(
        self, lake: Lake, reader: Reader, log: Callable[[], History], rules: Callable[[], Completeness]
    ) -> None:
        self._lake, self._reader, self._log, self._rules = lake, reader, log, rules

    def inspected(self, uri: str, at: At, source: str | None = None, *, chunks: bool = False) -> dict[str, Any]:
        """A document or a quarantined one by its uri, whatever its rights; see ``lake.inspect.document``."""

        def read(release: Release) -> dict[str, Any]:
            return inspected(self._lake, self._reader.snapshot(release), self._rules(), uri, source, chunks=chunks)

        return self._reader.of_release(at, read)

    def place(self, doc_id: str, at: str, principals: Principals = ()) -> dict[str, Any]:
        """``release``, ``source``, ``uri``, ``digest``, ``media_type`` and ``size`` of a document."""
        columns = ("source", "uri", "digest", "media_type", "size")

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            row = find_document(snapshot, rights.may_see(principals), doc_id, columns)
            return {"release": snapshot.release.id, **row}

        return self._reader.search(at, read)

    def description(self, doc_id: str, at: str, principals: Principals = ()) -> dict[str, Any]:
        """Everything but the text: metadata, rights, lineage, what became of its words, outline and copies.

        ``rights`` names who may see it if ``principals`` see everything. ``copies`` are those that they may see.
        """
        rules = self._rules()

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            visible = rights.predicate(principals)
            row = find_document(snapshot, rights.may_see(principals), doc_id, _ROW)
            content = content_of(self._lake, row["content_id"])
            spoken = _described(row, content, rules)
            spoken["rights"] = _rights(row, rights, principals)
            spoken["copies"] = _copies(snapshot, visible, row)
            return {"release": snapshot.release.id, **spoken}

        found = self._reader.search(at, read)
        return found | {"lineage": self._lineage(self._log(), found)}

    def _lineage(self, history: History, found: Mapping[str, Any]) -> dict[str, Any]:
        release = history.releases[found["release"]]
        build = next((e for e in history.entries if (e.action, e.release) == ("build", release.id)), None)
        parser = parser_and_suffix(found["uri"])[0]
        return {
            "parser": found["parser"] or parser,
            "parser_version": release.recipe.parsers.get(parser),
            "recipe": release.recipe.to_json(),
            "source_version": history.source_versions(release.id).get(found["source"]),
            "release_built_at": (build.at if build else release.created_at).isoformat(),
        }

    def sections(
        self, doc_id: str, at: str, principals: Principals = (), start: int = 0, characters: int = 20_000
    ) -> dict[str, Any]:
        """Whole sections with their chunks, from the one that holds character ``start`` on.

        The first section is returned whatever its length; more follow until their texts exceed ``characters``.
        ``next_start`` and ``previous_start`` are where to read on, None at the ends.
        """

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            row = find_document(snapshot, rights.may_see(principals), doc_id, _ROW)
            content = content_of(self._lake, row["content_id"])
            parents = content.get("parents") or []
            first = next((n for n, one in enumerate(parents) if one["end"] > start), len(parents))
            n = len(list(_within(parents[first:], characters, _length)))
            before = len(list(_within(parents[:first][::-1], characters, _length)))
            return {
                "release": snapshot.release.id,
                **{name: row[name] for name in ("doc_id", "source", "uri", "title")},
                "n_characters": len(content.get("text") or ""),
                "n_sections": len(parents),
                "first_section": first,
                "sections": _with_lines(
                    sections_of(content, doc_id, chunks=True, between=(first, first + n)), content.get("text") or ""
                ),
                "previous_start": parents[first - before]["start"] if first and parents else None,
                "next_start": parents[first + n]["start"] if first + n < len(parents) else None,
            }

        return self._reader.search(at, read)

    def lines(self, spans: Sequence[tuple[str, int, int]], at: str, principals: Principals = ()) -> dict[str, Any]:
        """The lines of the indexed text that each ``(doc_id, start, end)`` is on, as ``sections`` counts them.

        ``first_line`` and ``last_line`` are None for a document that the release lacks or that ``principals`` may not
        see, and where its text has ended before ``start``.
        """

        def read(snapshot: Snapshot, rights: Rights) -> dict[str, Any]:
            doc_ids, may_see = {doc_id for doc_id, _, _ in spans}, rights.may_see(principals)
            rows = snapshot.document_rows.several(snapshot.table("documents"), doc_ids, may_see, ("content_id",))
            contents = {doc_id: row["content_id"] for doc_id, row in rows.items() if row["content_id"]}
            lines = dict[tuple[str, int, int], tuple[int, int]]()
            for content_id, text in texts_of(self._lake, contents.values()):
                of = [span for span in spans if contents.get(span[0]) == content_id and span[1] < len(text)]
                lines |= zip(of, lines_of(text, [(start, end) for _, start, end in of]), strict=True)
            named = ((span, lines.get(span, (None, None))) for span in spans)
            return {
                "release": snapshot.release.id,
                "spans": [
                    {"doc_id": doc_id, "start": start, "end": end, "first_line": first, "last_line": last}
                    for (doc_id, start, end), (first, last) in named
                ],
            }

        return self._reader.search(at, read)

    def history(self, doc_id: str, at: str, principals: Principals = ()) -> dict[str, Any]:
        """The releases that changed the document, newest first; ``at`` must hold it."""
        place = self.place(doc_id, at, principals)
        changes, n_earlier = changes_of(self._lake, self._log(), doc_id)
        return {**place, "doc_id": doc_id, "changes": changes, "n_earlier": n_earlier}

    def difference(self, doc_id: str, a: str, b: str, principals: Principals = (), first: int = 0) -> dict[str, Any]:
        """How its text differs between two releases, from hunk ``first`` on; ``next_hunk`` is None at the end.

        A release that lacks the document counts as one with an empty text; at least one of the two has it.
        """
        sides = [self._side(doc_id, release, principals) for release in (a, b)]
        row = sides[1][1] or sides[0][1]
        if row is None:
            raise UsageError(f"no document {doc_id!r} in {sides[0][0]} or {sides[1][0]}")
        (release_a, row_a, text_a), (release_b, row_b, text_b) = sides
        found = text_diff(text_a, text_b)
        hunks = found.hunks()
        shown = list(_within(hunks[first : first + _HUNKS], _HUNK_CHARACTERS, lambda hunk: hunk.b[1] - hunk.b[0]))
        end = first + len(shown)
        return {
            "from": release_a, "to": release_b, "doc_id": doc_id, "source": row["source"], "uri": row["uri"],
            "in_from": row_a is not None, "in_to": row_b is not None, "equal": text_a == text_b,
            "n_words_removed": found.n_words("removed"), "n_words_added": found.n_words("added"),
            "is_coarse": found.is_coarse, "n_hunks": len(hunks), "hunks": [hunk.to_json() for hunk in shown],
            "next_hunk": end if end < len(hunks) else None,
        }  # fmt: skip

    def _side(self, doc_id: str, at: str, principals: Principals) -> tuple[str, dict[str, Any] | None, str]:
        """The id of a release, the document's row in it, None if it has none, and the text, then empty."""

        def read(snapshot: Snapshot, rights: Rights) -> tuple[str, dict[str, Any] | None, str]:
            row = None
            with suppress(UsageError):
                row = find_document(snapshot, rights.may_see(principals), doc_id, ("source", "uri", "content_id"))
            text = content_of(self._lake, row["content_id"]).get("text") if row else None
            return snapshot.release.id, row, text or ""

        return self._reader.search(at, read)


def _described(row: Mapping[str, Any], content: Mapping[str, Any], rules: Completeness) -> dict[str, Any]:
    parser = content.get("parser") or parser_and_suffix(row["uri"])[0]
    account = stored_account(*(content.get(name) for name in ACCOUNT.names))
    parents = content.get("parents") or []
    plain = {name: row[name] for name in _ROW if name not in ("acl", "content_id", CANONICAL_DIGEST.name)}
    return {
        **plain,
        **{name: row[name].isoformat() if row[name] else None for name in _TIMES},
        "metadata": json.loads(row["metadata"] or "{}"),
        "tags": row["tags"] or [],
        "parser": parser,
        "n_characters": len(content.get("text") or ""),
        "account": account_json(account, content.get("omitted")),
        "remarks": remarks(account, rules.remark_of(parser, row["media_type"])) if account else [],
        "outline": list(_outline(parents))[:_MOST_HEADINGS],
    }


def _outline(parents: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The heading of each section that has another one than the section before."""
    last = None
    for parent in parents:
        if parent["heading"] and parent["heading"] != last:
            yield {"heading": parent["heading"], "start": parent["start"], "page": parent["page"]}
        last = parent["heading"]


def _rights(row: Mapping[str, Any], rights: Rights, principals: Principals) -> dict[str, Any]:
    """Today's rights. ``may_see``: names, None for everybody; ``indexed_with``: those of the release."""
    indexed_with = row["acl"]
    acl = rights.changed[row["doc_id"]][1] if row["doc_id"] in rights.changed else indexed_with
    if principals != EVERYTHING:
        return {"is_restricted": acl is not None, "may_see": None, "indexed_with": None}
    names = None if acl is None else sorted(acl)
    return {"is_restricted": acl is not None, "may_see": names, "indexed_with": indexed_with}


def _copies(snapshot: Snapshot, visible: Predicate, row: Mapping[str, Any]) -> dict[str, Any]:
    """The exact copies among the visible documents: their number, and the first ones."""
    digest = row[CANONICAL_DIGEST.name]
    if digest is None:
        return {"n": 0, "documents": []}
    where = f"{CANONICAL_DIGEST.name} = {quoted(digest)}"
    sql = f"({where}) AND ({visible.sql})" if visible.sql else where
    groups = exact_groups(snapshot.table("documents").scan(COPY_COLUMNS, sql)).values()
    group = next((group for group in groups if any(copy.doc_id == row["doc_id"] for copy in group)), [])
    others = [{"doc_id": one.doc_id, "source": one.source, "uri": one.uri} for one in group]
    others = [one for one in others if one["doc_id"] != row["doc_id"]]
    return {"n": len(others), "documents": others[:_MOST_COPIES]}


def _length(span: Mapping[str, Any]) -> int:
    return int(span["end"] - span["start"])


def _within(items: Collection[T], most: int, size: Callable[[T], int]) -> Iterator[T]:
    """The first items, at least one, until their sizes exceed ``most``."""
    total = 0
    for number, item in enumerate(items):
        total += size(item)
        if number and total > most:
            return
        yield item


def _with_lines(sections: Sequence[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Each section with the numbers of its first and last line in the text."""
    lines = lines_of(text, [(section["start"], section["end"]) for section in sections])
    pairs = zip(sections, lines, strict=True)
    return [{**section, "first_line": first, "last_line": last} for section, (first, last) in pairs]
