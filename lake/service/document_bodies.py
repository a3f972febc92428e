"""The bodies of responses about one document, as OpenAPI describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Omitted(BaseModel):
    """Words of the source that the text leaves out; ``place`` is in the words of the format."""

    kind: str
    n_words: int
    place: str


class DocumentAccount(BaseModel):
    """What became of the words of a document's source."""

    n_words_source: int
    n_words_kept: int
    n_words_lost: int = Field(description="Neither kept nor left out on purpose.")
    share_kept: float
    omitted: list[Omitted]


class OutlineEntry(BaseModel):
    """A heading and the first character of its section."""

    heading: str
    start: int
    page: int | None


class DocumentRights(BaseModel):
    """Today's rights. Names are for keys that see everything only."""

    is_restricted: bool
    may_see: list[str] | None = Field(None, description="Users and groups; null for everybody, or if not told.")
    indexed_with: list[str] | None = Field(None, description="The rights that the release was indexed with.")


class DocumentCopy(BaseModel):
    """A document with exactly the same text."""

    doc_id: str
    source: str
    uri: str


class DocumentCopies(BaseModel):
    """The exact copies that the caller may see: their number, and the first ones."""

    n: int
    documents: list[DocumentCopy]


class DocumentLineage(BaseModel):
    """How the text came about. ``source_version``: what the source calls its state, such as a commit."""

    parser: str
    parser_version: str | None
    recipe: dict[str, Any]
    source_version: str | None
    release_built_at: datetime


class DocumentDescription(BaseModel):
    """Everything about a document at a release but its text."""

    release: str
    doc_id: str
    source: str
    uri: str
    digest: str
    media_type: str | None
    size: int | None
    modified_at: datetime | None
    indexed_at: datetime | None
    title: str | None
    author: str | None
    language: str | None
    metadata: dict[str, Any]
    tags: list[str]
    parser: str
    n_characters: int
    n_parents: int
    n_chunks: int
    account: DocumentAccount | None = Field(description="Null if a release before 0.4 indexed it.")
    remarks: list[str]
    outline: list[OutlineEntry]
    rights: DocumentRights
    copies: DocumentCopies
    lineage: DocumentLineage


class DocumentChunk(BaseModel):
    """A chunk, ``canonical_text[start:end]``. ``context``: what is embedded before its text."""

    chunk_id: str
    ordinal: int
    start: int
    end: int
    heading: str | None
    page: int | None
    first_page: int | None = None
    last_page: int | None = None
    kind: str
    n_tokens: int
    context: str | None
    text: str


class LeadingSummary(BaseModel):
    """A summary, which is searched as a chunk is and leads to the first chunk of what it is of."""

    of: Literal["document", "section"]
    text: str


class ChunkedSection(BaseModel):
    """A section and the chunks that it is cut into, which may overlap."""

    start: int
    end: int
    heading: str | None
    page: int | None
    first_page: int | None = None
    last_page: int | None = None
    kind: str
    n_tokens: int
    text: str
    first_line: int = Field(description="Of the text as it is indexed, from 1: without front matter, for instance.")
    last_line: int
    chunks: list[DocumentChunk]
    summaries: list[LeadingSummary] = Field(default=[], description="Those that lead to this section.")


class DocumentSections(BaseModel):
    """Whole sections of a document. ``next_start`` and ``previous_start``: where to read on; null at the ends."""

    release: str
    doc_id: str
    source: str
    uri: str
    title: str | None
    n_characters: int
    n_sections: int
    first_section: int = Field(description="The number of the first section, from 0.")
    sections: list[ChunkedSection]
    previous_start: int | None
    next_start: int | None


class SpanLines(BaseModel):
    """A span, and the first and last line that it is on; null if there is no such document, or no such text in it."""

    doc_id: str
    start: int
    end: int
    first_line: int | None = Field(description="Of the text as it is indexed, from 1, as `/sections` counts.")
    last_line: int | None


class LinesResult(BaseModel):
    """The spans in the order of the request."""

    release: str
    spans: list[SpanLines]


class DocumentEvent(BaseModel):
    """What a release changed in a document, compared with ``before``, the release built before it.

    ``before`` is null if that one does not hold the document. ``reindexed``: the same bytes under another recipe, or
    with other metadata.
    """

    release: str
    before: str | None
    change: Literal["added", "changed", "reindexed", "quarantined", "removed"]
    built_at: datetime
    published_at: datetime | None
    text_changed: bool
    digest: str | None
    size: int | None
    n_chunks: int | None


class DocumentHistory(BaseModel):
    """The releases that changed a document, newest first. ``n_earlier``: older releases that were not looked at."""

    release: str
    doc_id: str
    source: str
    uri: str
    changes: list[DocumentEvent]
    n_earlier: int


class DiffPart(BaseModel):
    """A run of text that both releases have, or that only the older (``removed``) or the newer one has (``added``)."""

    kind: Literal["same", "removed", "added"]
    text: str


class DiffHunk(BaseModel):
    """Neighbouring changes and the text around them; offsets are characters of the text in either release."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int
    parts: list[DiffPart]


class DocumentDiff(BaseModel):
    """How a document's text differs between two releases."""

    model_config = ConfigDict(populate_by_name=True)

    from_release: str = Field(alias="from")
    to_release: str = Field(alias="to")
    doc_id: str
    source: str
    uri: str
    in_from: bool = Field(description="Whether the older release has the document; without it, its text is empty.")
    in_to: bool
    equal: bool
    n_words_removed: int
    n_words_added: int
    is_coarse: bool = Field(description="Some part was too large to compare word by word, and is shown as replaced.")
    n_hunks: int
    hunks: list[DiffHunk]
    next_hunk: int | None = Field(None, description="The `hunk` to read on from; null at the end.")
