"""Reads Lance's own files, including content that no version of a table shows any more."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from lake.tables.fst import keys
from lake.tables.reader import lance, storage_options
from lake.tables.words import any_tokens

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 1024
#: Row ids of so many versions are held before they are merged.
_MANY_PARTS = 16
#: Files of the indices that raglake makes; the content of any other kind is unknown here.
_INDEX_FILES = ("page_data.lance", "page_lookup.lance", "metadata.lance", "index.idx", "auxiliary.idx")
_INDEX_PARTS = ("_docs.lance", "_invert.lance", "_tokens.lance")
_TOKENIZER = ("base_tokenizer", "language", "max_token_length", "lower_case", "stem", "remove_stop_words")
#: What tells an index over words that raglake made.
OWN_TOKENIZER = '{"base_tokenizer": "whitespace", "lower_case": false}'
_TOKENIZER_RENAMED = {"min_ngram_length": "ngram_min_length", "max_ngram_length": "ngram_max_length"}


def is_known_index_file(name: str) -> bool:
    return name in _INDEX_FILES or name.endswith(_INDEX_PARTS)


def open_lance_file(url: str) -> Any:
    lance()
    from lance.file import LanceFileReader

    return LanceFileReader(url, storage_options=storage_options(url) or None)


def lance_batches(url: str) -> Iterator[pa.RecordBatch]:
    """Rows of a data or index file, deleted ones included, after an empty batch that carries the schema."""
    import pyarrow as pa

    reader = open_lance_file(url)
    yield pa.RecordBatch.from_pylist([], schema=reader.metadata().schema)
    if reader.num_rows():
        yield from reader.read_all(batch_size=_BATCH_ROWS, batch_readahead=2).to_batches()


def dictionary(row: dict[str, Any]) -> list[str]:
    """The tokens of a part of a full-text index; ``row`` is the only row of its tokens file.

    Raises ValueError unless the transducer decodes to as many bytes as the file states.
    """
    found = list(keys(row["_token_fst_bytes"]))
    if sum(map(len, found)) != row["_token_total_length"]:
        raise ValueError("the dictionary of a full-text index does not decode to the length that it states")
    return [key.decode() for key in found]


def tokenizer_of(index_folder: str) -> str:
    """The tokenizer's parameters of the full-text index at this URL, as JSON."""
    metadata = open_lance_file(f"{index_folder}/metadata.lance").metadata().schema.metadata
    return str(metadata[b"params"].decode())


def tokens_of(words: Iterable[str], tokenizer: str) -> set[str]:
    """The tokens that a tokenizer with these parameters makes of the words, in any language."""
    import lancedb

    params = json.loads(tokenizer)
    if json.loads(OWN_TOKENIZER).items() <= {name: params[name] for name in ("base_tokenizer", "lower_case")}.items():
        return any_tokens(" ".join(words))
    chosen = {name: params[name] for name in (*_TOKENIZER, "ascii_folding", "custom_stop_words", "prefix_only")}
    chosen |= {ours: params[theirs] for theirs, ours in _TOKENIZER_RENAMED.items()}
    return {token.text for token in lancedb.tokenize(" ".join(words), **chosen)}


def rows_by_index(table_url: str) -> dict[str, np.ndarray]:
    """UUID of each index -> the row ids that it may refer to: rows of the versions that use it.

    An index that no version uses has no entry. Raises ValueError if no table can be opened.
    """
    options = storage_options(table_url) or None
    found: dict[str, list[np.ndarray]] = {}
    rows = np.empty(0, np.uint64)
    for version in lance().dataset(table_url, storage_options=options).versions():
        dataset = lance().dataset(table_url, version=version["version"], storage_options=options)
        uuids = [segment.uuid for index in dataset.describe_indices() for segment in index.segments]
        if uuids:
            held = dataset.scanner(columns=[], with_row_id=True).to_table().column("_rowid").to_numpy()
            rows = rows if np.array_equal(rows, held) else held  # most versions change indices alone
        for uuid in uuids:
            _collect(found.setdefault(uuid, []), rows)
    return {uuid: np.unique(np.concatenate(parts)) for uuid, parts in found.items()}


def _collect(parts: list[np.ndarray], rows: np.ndarray) -> None:
    """Adds the rows of one more version, and merges them once there are many, which takes longer than all else."""
    if parts and parts[-1] is rows:
        return
    parts.append(rows)
    if len(parts) > _MANY_PARTS:
        parts[:] = [np.unique(np.concatenate(parts)), rows]


def files_of(table_url: str, version: int) -> tuple[set[str], set[str]]:
    """Files that a version of a table needs, and folders of its indices, as paths inside the table."""
    dataset = lance().dataset(table_url, version=version, storage_options=storage_options(table_url) or None)
    files: set[str] = set()
    for fragment in dataset.get_fragments():
        files |= {f"data/{file.path}" for file in fragment.data_files()}
        files |= {file for file in [fragment.deletion_file()] if file}
    return files, {f"_indices/{part.uuid}" for index in dataset.describe_indices() for part in index.segments}


def load_indices(table_url: str, version: int) -> list[str]:
    """Load every index of a version, as a search would. Returns the indexed columns."""
    dataset = lance().dataset(table_url, version=version, storage_options=storage_options(table_url) or None)
    indices = dataset.describe_indices()
    for index in indices:
        dataset.prewarm_index(index.name)
    return [index.field_names[0] for index in indices]


def manifest_strings(data: bytes) -> list[str]:
    """Every string of a manifest, which holds messages preceded by their lengths, then a footer of 16 bytes."""
    at, found = 0, []
    while at < len(data) - 16:
        (length,) = struct.unpack_from("<I", data, at)
        found += message_strings(data[at + 4 : at + 4 + length])
        at += 4 + length
    if at != len(data) - 16:
        raise ValueError("not a manifest of Lance: its messages do not end at its footer")
    return found


def message_strings(data: bytes) -> list[str]:
    """Every string of a protobuf message, at any depth. Raises ValueError if it is not a message.

    Without the message's definition a field of bytes may be a string or a message, so it is read as both.
    """
    found = []
    for value in _byte_fields(data):
        with suppress(ValueError, IndexError):
            found += message_strings(value)
        with suppress(UnicodeDecodeError):
            found.append(value.decode())
    return found


def _byte_fields(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if not tag >> 3 or tag & 7 not in (0, 1, 2, 5):
            raise ValueError("not a protobuf message")
        if tag & 7 == 2:
            length, at = _varint(data, at)
            yield data[at : at + length]
            at += length
        else:
            at = _varint(data, at)[1] if tag & 7 == 0 else at + (8 if tag & 7 == 1 else 4)
    if at != len(data):
        raise ValueError("a protobuf message is truncated")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] & 128:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1
