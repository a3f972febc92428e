"""Rows of older files and tables, which lack columns that came later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pyarrow as pa

from lake.schemas.columns import ACCOUNT, CANONICAL_DIGEST, PAGES, SECTION_PAGE, SENTENCES, SIGNATURE, SITUATION, WORDS

#: Columns of tables and contents that came with 0.4. What was written before has none, and is read as null.
LATER = {
    field.name: field.type
    for field in (*PAGES, SECTION_PAGE, *ACCOUNT, *WORDS, CANONICAL_DIGEST, SIGNATURE, SENTENCES, SITUATION)
}
#: Those of them that documents have, in order.
LATER_OF_DOCUMENTS = pa.schema([*ACCOUNT, CANONICAL_DIGEST])
#: Those of them that chunks have, in order.
LATER_OF_CHUNKS = pa.schema([*PAGES, SECTION_PAGE, *WORDS, SITUATION])

RowsT = TypeVar("RowsT", pa.Table, pa.RecordBatch)


def completed(rows: RowsT, columns: Sequence[str]) -> RowsT:
    """The rows with nulls for those of ``columns`` that are LATER and absent."""
    for name in columns:
        if name in LATER and name not in rows.schema.names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, LATER[name]))
    return rows


def conformed(rows: RowsT, schema: pa.Schema) -> RowsT:
    """Rows of a file with the columns of ``schema``, those of nested values included, and nulls for LATER ones."""
    rows = completed(rows, [name for name in schema.names if name not in rows.schema.names])
    return rows.select(schema.names).cast(schema)


def older(schema: pa.Schema) -> pa.Schema:
    """The columns as releases before 0.4 wrote them."""
    return pa.schema([pa.field(f.name, _older(f.type), f.nullable) for f in schema if f.name not in LATER])


def _older(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return pa.list_(pa.struct([field for field in kind.value_type if field.name not in LATER]))
    return kind
