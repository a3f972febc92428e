"""Decodes any file of a lake into strings, byte strings, vectors and row ids, a batch at a time."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from lake.storage.store import open_parquet
from lake.tables.lance_files import dictionary, is_known_index_file, lance_batches, manifest_strings, message_strings

if TYPE_CHECKING:
    from lake.storage.protocol import Store, Stored

_BLOCK_BYTES = 32 << 20
_BATCH_ROWS = 64
_ROW_ID_COLUMNS = ("_rowid", "ids")
_DICTIONARY = "_token_fst_bytes"


@dataclass(slots=True)
class Piece:
    """A part of one file: values by the column or place that holds them."""

    n_rows: int = 0
    strings: dict[str, list[str]] = field(default_factory=dict)
    binaries: dict[str, list[bytes]] = field(default_factory=dict)
    vectors: dict[str, np.ndarray] = field(default_factory=dict)  # (rows, dimensions)
    row_ids: dict[str, np.ndarray] = field(default_factory=dict)  # of index files
    tokens: list[str] = field(default_factory=list)  # of full-text indices: stemmed, folded


def blocks(store: Store, file: Stored, overlap: int) -> Iterator[bytes]:
    """The file's bytes, in blocks that overlap by ``overlap`` bytes, so that no pattern is cut."""
    if file.size <= _BLOCK_BYTES:
        yield store.read(file.path)
        return
    with _opened(store, file.path) as stream:
        rest = b""
        while block := stream.read(_BLOCK_BYTES):
            yield rest + block
            rest = (rest + block)[-overlap:] if overlap else b""


def _opened(store: Store, path: str) -> Any:
    """Open a stream that reads ranges: a store's own ``read`` would hold the whole file."""
    import fsspec

    remote = "://" in store.url
    files = fsspec.filesystem("s3", use_listings_cache=False) if remote else fsspec.filesystem("file")
    return files.open(f"{store.url}/{path}", "rb")


def pieces(store: Store, file: Stored) -> Iterator[Piece]:
    """The file's contents. Raises errors of many kinds if it can't be decoded as what it seems to be."""
    if file.size == 0:
        return
    with _opened(store, file.path) as stream:
        head = stream.read(6)
        stream.seek(max(file.size - 4, 0))
        tail = stream.read(4)
    if head[:4] == b"PAR1":
        yield from _of_parquet(store, file.path)
    elif tail == b"LANC" and "/_versions/" not in file.path:
        yield from _of_lance(store, file.path)
    else:
        yield from _of_whole(file.path, head, tail, store.read(file.path))


def _of_whole(path: str, head: bytes, tail: bytes, data: bytes) -> Iterator[Piece]:
    """Decode a file that is small enough to be held in memory."""
    if head == b"ARROW1":
        with pa.ipc.open_file(data) as reader:
            yield from (_of_batch(reader.get_batch(number)) for number in range(reader.num_record_batches))
    elif tail == b"LANC":
        yield Piece(strings={"manifest": manifest_strings(data)})
    elif path.endswith(".txn"):
        yield Piece(strings={"transaction": message_strings(data)})
    elif "/_deletions/" in path:
        _check_bitmap(data)
    else:
        yield Piece(strings={"text": _strings_of_text(data, must_be_json=path.endswith(".json"))})


def _of_parquet(store: Store, path: str) -> Iterator[Piece]:
    file = open_parquet(store, path)
    yield _of_metadata(file.schema_arrow)
    yield from map(_of_batch, file.iter_batches(batch_size=_BATCH_ROWS))


def _of_lance(store: Store, path: str) -> Iterator[Piece]:
    in_index, name = "/_indices/" in path, path.rsplit("/", 1)[-1]
    if in_index and not is_known_index_file(name):
        raise ValueError(f"{path} belongs to a kind of index that raglake does not make")
    for batch in lance_batches(f"{store.url}/{path}"):
        if name.endswith("_tokens.lance") and _DICTIONARY not in batch.schema.names:
            raise ValueError(f"{path} keeps its dictionary in a form that is not known here")
        yield _of_batch(batch, in_index) if batch.num_rows else _of_metadata(batch.schema)


def _of_metadata(schema: pa.Schema) -> Piece:
    pairs = dict(schema.metadata or {})
    pairs |= {name: value for column in schema for name, value in (column.metadata or {}).items()}
    texts = [bytes(part).decode("utf-8", "replace") for pair in pairs.items() for part in pair]
    return Piece(strings={"metadata": [*texts, *schema.names]})


def _of_batch(batch: pa.RecordBatch, in_index: bool = False) -> Piece:
    piece = Piece(n_rows=batch.num_rows)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        _add(piece, name, column)
        if in_index and name in _ROW_ID_COLUMNS:
            piece.row_ids[name] = column.drop_null().to_numpy(zero_copy_only=False)
        if in_index and name == _DICTIONARY:
            piece.tokens = [token for row in batch.to_pylist() for token in dictionary(row)]
    return piece


def _add(piece: Piece, name: str, column: pa.Array) -> None:
    """Add the leaves of a column to the piece. Raises ValueError for a type that raglake never writes."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        piece.strings[name] = column.drop_null().to_pylist()
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        piece.binaries[name] = column.drop_null().to_pylist()
    elif pa.types.is_struct(kind):
        for child, values in zip(kind, column.flatten(), strict=True):
            _add(piece, f"{name}.{child.name}", values)
    elif pa.types.is_fixed_size_list(kind) and pa.types.is_primitive(kind.value_type):
        values = column.drop_null().flatten()
        piece.vectors[name] = values.to_numpy(zero_copy_only=False).reshape(-1, kind.list_size)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        _add(piece, name, column.flatten())
    elif pa.types.is_dictionary(kind):
        _add(piece, name, column.dictionary_decode())
    elif not (pa.types.is_primitive(kind) or pa.types.is_null(kind)):
        raise ValueError(f"column {name} is of a type that can't be searched: {kind}")


def _strings_of_text(data: bytes, must_be_json: bool) -> list[str]:
    text = data.decode()
    try:
        return [text, *strings_of_json(json.loads(text))]
    except json.JSONDecodeError:
        # An escape would hide a word in a file that is not valid JSON as a whole, such as half a log entry.
        if must_be_json or "\\u" in text or not text.translate(_BLANKS).isprintable():
            raise
    return [text]


_BLANKS = str.maketrans("\t\r\n\f", "    ")


def strings_of_json(value: object) -> Iterator[str]:
    """Every string and key in a JSON-like value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield name
            yield from strings_of_json(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings_of_json(child)


def _check_bitmap(data: bytes) -> None:
    """Raises ValueError unless the data is exactly one portable Roaring bitmap without runs."""
    cookie, n_containers = struct.unpack_from("<II", data)
    sizes = [1 + struct.unpack_from("<HH", data, 8 + 4 * number)[1] for number in range(n_containers)]
    if cookie != 12346 or len(data) != 8 + 8 * n_containers + sum(2 * min(size, 4096) for size in sizes):
        raise ValueError("not a bitmap of deleted rows")
