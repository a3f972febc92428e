"""Identities: digests of content, ids of places, and which spellings of a uri name one document."""

from __future__ import annotations

from lake.ids.digests import (
    ID_LENGTH,
    bytes_digest,
    derived_id,
    document_id,
    place_ids,
    text_digest,
    value_digest,
)

__all__ = ["ID_LENGTH", "bytes_digest", "derived_id", "document_id", "place_ids", "text_digest", "value_digest"]
