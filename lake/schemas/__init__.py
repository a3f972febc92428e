"""Arrow schemas of what is indexed and released: the one place that defines its columns."""

from __future__ import annotations

from lake.schemas.columns import (
    ACCOUNT,
    CANONICAL_DIGEST,
    UTC,
    key,
    tuples,
    vector_type,
)
from lake.schemas.earlier import (
    LATER,
    LATER_OF_CHUNKS,
    LATER_OF_DOCUMENTS,
    RowsT,
    completed,
    conformed,
    older,
)
from lake.schemas.reported import (
    DUPLICATES,
    FINDINGS,
    HEALTH,
    HITS,
    RELEASES,
)
from lake.schemas.stored import (
    CONTENTS,
    DIGESTED,
    DIGESTS,
    DOCUMENT_COLUMNS,
    DOCUMENTS,
    LISTING,
    PARENTS,
    QUARANTINE,
    RIGHTS,
    TEXTS,
    TOKEN_VECTORS,
    chunks,
    vectors,
)

__all__ = [
    "ACCOUNT",
    "CANONICAL_DIGEST",
    "CONTENTS",
    "DIGESTED",
    "DIGESTS",
    "DOCUMENTS",
    "DOCUMENT_COLUMNS",
    "DUPLICATES",
    "FINDINGS",
    "HEALTH",
    "HITS",
    "LATER",
    "LATER_OF_CHUNKS",
    "LATER_OF_DOCUMENTS",
    "LISTING",
    "PARENTS",
    "QUARANTINE",
    "RELEASES",
    "RIGHTS",
    "TEXTS",
    "TOKEN_VECTORS",
    "UTC",
    "RowsT",
    "chunks",
    "completed",
    "conformed",
    "key",
    "older",
    "tuples",
    "vector_type",
    "vectors",
]
