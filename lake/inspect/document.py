"""A document as a release holds it: the text section by section, what was left out, and why it is in quarantine."""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from itertools import repeat
from typing import TYPE_CHECKING, Any

from lake.errors import ContractError, UsageError
from lake.ids import place_ids
from lake.ids.uris import alike
from lake.ingest.accounts import stored_account
from lake.ingest.completeness import remarks
from lake.ingest.plan import parser_and_suffix
from lake.inspect.duplicates import copies_of
from lake.recipe.chunking import SUMMARY
from lake.schemas import ACCOUNT
from lake.tables.sql import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lake.directory import Lake
    from lake.options.completeness import Completeness
    from lake.parse.account import Account
    from lake.search.snapshot import Snapshot

_PLACE = ("doc_id", "source", "uri", "digest", "content_id", "media_type")
_INDEXED = ("size", "modified_at", "indexed_at", "title", "author", "language", "metadata", "tags", "acl")
_FAILED = ("error_class", "reason", "first_seen_at")
_SPAN = ("start", "end", "heading", "page", "first_page", "last_page", "kind", "n_tokens")
_STATED = ("title", "author", "language", "metadata")
#: Names of other documents in a message, and how many are compared with a mistyped one.
_NEAR, _COMPARED = 3, 50_000


def inspected(
    lake: Lake, snapshot: Snapshot, rules: Completeness, uri: str, source: str | None = None, *, chunks: bool = False
) -> dict[str, Any]:
    """Everything that a release holds of a document, in the release or in its quarantine, as JSON-like values.

    ``sections`` have ``text``, place, heading and page, and with ``chunks`` their chunks. ``account`` has the words of
    the source and what became of them, None if an older release indexed the document or it could not be parsed.
    ``quarantine`` is None for an indexed document, ``copies`` for one without an exact copy.
    ``uri`` may be a doc_id. Raises UsageError for an unknown uri, or one of several sources, and ContractError if the
    lake has lost the text.
    """
    row, table = _row(snapshot, uri, source)
    content = content_of(lake, row["content_id"])
    if not content and table == "documents":
        raise ContractError(
            f"the text of {row['uri']!r} is not in contents/ of {lake.url}; `raglake doctor` shows what else is "
            "missing, and `raglake ingest SOURCE --verify` parses it again"
        )
    parser = parser_and_suffix(row["uri"])[0]
    account = stored_account(*(content.get(name) for name in ACCOUNT.names))
    stated = {name: content.get(name) for name in _STATED} | {k: v for k, v in row.items() if k in _INDEXED}
    return {
        "release": snapshot.release.id,
        **{name: row[name] for name in _PLACE},
        "parser": content.get("parser") or parser or None,
        **dict.fromkeys(_INDEXED),
        **stated,
        "metadata": json.loads(stated["metadata"] or "{}"),
        "quarantine": {name: row[name] for name in _FAILED} if table == "quarantine" else None,
        "account": account_json(account, content.get("omitted")),
        "remarks": remarks(account, rules.remark_of(parser, row["media_type"])) if account else [],
        "copies": copies_of(snapshot, row["doc_id"]) if table == "documents" else None,
        "sections": sections_of(content, row["doc_id"], chunks=chunks),
    }  # fmt: skip


def account_json(account: Account | None, omitted: str | None) -> dict[str, Any] | None:
    """What became of the words of a source; ``omitted`` is the stored list of what was left out."""
    if account is None:
        return None
    return {
        "n_words_source": account.n_words_source,
        "n_words_kept": account.n_words_kept,
        "n_words_lost": account.n_words_lost,
        "share_kept": account.share_kept,
        "omitted": json.loads(omitted or "[]"),
    }


def _row(snapshot: Snapshot, uri: str, source: str | None) -> tuple[dict[str, Any], str]:
    of_source = None if source is None else f"source = {quoted(source)}"
    exact = f"uri = {quoted(uri)}" + (f" AND {of_source}" if of_source else "")
    found = _found(snapshot, exact) or _found(snapshot, of_source, [uri])
    found = found or _found(snapshot, f"doc_id = {quoted(uri)}")  # as remarks of audits name documents
    if not found:
        raise UsageError(_unknown(snapshot, uri, source))
    if len(found) > 1:
        names = ", ".join(sorted(row["source"] for row, _ in found))
        raise UsageError(f"{uri!r} is in several sources: {names}; choose one with --source")
    return found[0]


def _found(snapshot: Snapshot, where: str | None, named: Sequence[str] = ()) -> list[tuple[dict[str, Any], str]]:
    """Rows of documents and of quarantine with their table; if any are ``named``, only those, in any spelling."""
    found: list[tuple[dict[str, Any], str]] = []
    for table, more in (("documents", _INDEXED), ("quarantine", _FAILED)):
        rows = snapshot.table(table).scan([*_PLACE, *more], where)
        found += [(row, table) for row in (alike(rows, named) if named else rows).to_pylist()]
    return found


def _unknown(snapshot: Snapshot, uri: str, source: str | None) -> str:
    rows = [
        row for name in ("documents", "quarantine") for row in snapshot.table(name).scan(["source", "uri"]).to_pylist()
    ]
    here = sorted({row["uri"] for row in rows if source in (None, row["source"])})
    told = f"no document {uri!r}{f' of {source}' if source else ''} in {snapshot.release.id} or its quarantine"
    if source is not None and not here:
        return f"{told}; its sources: {', '.join(sorted({row['source'] for row in rows}))}"
    near = _near(uri, here)
    return f"{told}; do you mean {', '.join(near)}?" if near else f"{told}; `raglake query WORDS` shows URIs"


def _near(uri: str, uris: Sequence[str]) -> list[str]:
    """Uris that contain this one, or are spelt like it.

    >>> _near("pump.md", ["a/pump.md", "b/lamp.md"]), _near("a/pmup.md", ["a/pump.md", "b.md"])
    (['a/pump.md'], ['a/pump.md'])
    """
    name = uri.casefold()
    holding = [one for one in uris if name in one.casefold()]
    return holding[:_NEAR] or difflib.get_close_matches(uri, uris[:_COMPARED], _NEAR)


def content_of(lake: Lake, content_id: str | None) -> dict[str, Any]:
    """The stored content; empty if nothing of the document could be read."""
    if content_id is None:
        return {}
    lake.contents.refresh()
    if lake.contents.missing([content_id]):
        return {}
    columns = ["parser", "text", *_STATED, "parents", "chunks", *ACCOUNT.names]
    row: dict[str, Any] = lake.contents.read([content_id], columns).to_pylist()[0]
    return row


def texts_of(lake: Lake, content_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The ids of contents with their texts, one at a time, as each may be large; without those that the lake lost."""
    wanted = list(dict.fromkeys(content_ids))
    lake.contents.refresh()
    lost = set(lake.contents.missing(wanted))
    for content_id in wanted:
        if content_id not in lost:
            yield content_id, lake.contents.read([content_id], ["text"]).column(0)[0].as_py() or ""


def sections_of(
    content: Mapping[str, Any], doc_id: str, *, chunks: bool, between: tuple[int, int] | None = None
) -> list[dict[str, Any]]:
    """The sections of a content; only those numbered ``between`` two numbers.

    With ``chunks``, each is also cut into chunks, and has ``summaries`` if there are any that lead to it: each with its
    text and what it is ``of``, the document or the section.
    """
    text, spans = content.get("text"), content.get("chunks") or []
    if text is None:
        return []
    ids = place_ids("chunk", doc_id, [span["text_digest"] for span in spans])
    chunks_of, led_to = (defaultdict[int, list[dict[str, Any]]](list) for _ in range(2))
    of = _document_first(spans)
    first, end = between or (0, len(content["parents"]))
    for ordinal, (name, span) in enumerate(zip(ids, spans, strict=True)):
        if span["kind"] == SUMMARY:
            led_to[span["parent"]].append({"of": next(of), "text": span["situation"]})
        elif chunks and first <= span["parent"] < end:
            cut = {"chunk_id": name, "ordinal": ordinal, **_cut(span, text), "context": span["context"]}
            chunks_of[span["parent"]].append(cut)
    sections = enumerate(content["parents"][first:end], first)
    found = [(_cut(parent, text), number) for number, parent in sections]
    if not chunks:
        return [section for section, _ in found]
    return [
        section | {"chunks": chunks_of[number]} | ({"summaries": led_to[number]} if number in led_to else {})
        for section, number in found
    ]


def _document_first(spans: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the summaries of a content are of, in their order.

    The first is of the document if that has several sections with chunks, and leads to its beginning.
    """
    of = [span["parent"] for span in spans if span["kind"] == SUMMARY]
    sections = {span["parent"] for span in spans if span["kind"] != SUMMARY}
    if len(sections) > 1 and of[:1] == [min(sections)]:
        yield "document"
    yield from repeat("section")


def _cut(span: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {name: span.get(name) for name in _SPAN} | {"text": text[span["start"] : span["end"]]}
