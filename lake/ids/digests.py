"""Ids and digests: pure functions of content and place, never of a clock or randomness.

Every digest is SHA-256. Bytes digests keep all 64 hex digits, so that they can be compared with
``sha256sum``; ids and text digests keep 32 (128 bits), which leaves a collision among 10^12 rows
about as likely as 10^-15.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable

ID_LENGTH = 32


def bytes_digest(data: bytes) -> str:
    """SHA-256 of a document's bytes, 64 hex digits.

    >>> bytes_digest(b"")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(data).hexdigest()


def text_digest(text: str) -> str:
    """Digest of a text that is embedded; the key of the vector store.

    >>> text_digest("a") == text_digest("a"), len(text_digest("a"))
    (True, 32)
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]


def derived_id(*parts: str) -> str:
    """Id made of other ids and names; the parts can't run into one another.

    >>> derived_id("a", "bc") == derived_id("ab", "c")
    False
    """
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]


def value_digest(value: object) -> str:
    """Digest of a JSON-like value, independent of the order of its keys.

    >>> value_digest({"a": 1, "b": 2}) == value_digest({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:ID_LENGTH]


def document_id(source: str, uri: str) -> str:
    """Identity of a document: its place, not its content."""
    return derived_id("document", source, uri)


def place_ids(kind: str, doc_id: str, text_digests: Iterable[str]) -> list[str]:
    """Ids of a document's spans in order: document, text, and which occurrence of that text.

    An edit elsewhere in the document leaves the id of an untouched span as it is.

    >>> a, b, c = place_ids("chunk", "d", ["x", "y", "x"])
    >>> a != c and place_ids("chunk", "d", ["y", "x"]) == [b, a]
    True
    """
    seen: Counter[str] = Counter()
    ids = []
    for digest in text_digests:
        ids.append(derived_id(kind, doc_id, digest, str(seen[digest])))
        seen[digest] += 1
    return ids
