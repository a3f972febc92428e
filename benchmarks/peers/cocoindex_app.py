"""CocoIndex with its LanceDB target and its own store of state, after its example of the same name.

python cocoindex_app.py DOCUMENTS STORE EMBEDDER
"""

from __future__ import annotations

import asyncio
import pathlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

import cocoindex as coco
import embedding
import numpy as np
from cocoindex.connectors import lancedb, localfs
from cocoindex.ops.text import RecursiveSplitter
from cocoindex.resources.chunk import Chunk
from cocoindex.resources.file import FileLike, PatternFilePathMatcher
from cocoindex.resources.id import IdGenerator
from cocoindex.resources.schema import VectorSchema
from numpy.typing import NDArray

DOCUMENTS, STORE, EMBEDDER = sys.argv[1:]
DATABASE = coco.ContextKey[lancedb.LanceAsyncConnection]("database")
_embed, _dimensions = embedding.load(EMBEDDER)
_splitter = RecursiveSplitter()


@dataclass
class Row:
    id: int
    uri: str
    text: str
    embedding: Annotated[NDArray, VectorSchema(dtype=np.dtype(np.float32), size=_dimensions)]


@coco.lifespan
async def lifespan(builder: coco.EnvironmentBuilder) -> AsyncIterator[None]:
    builder.settings.db_path = pathlib.Path(STORE, "cocoindex.db")
    builder.provide(DATABASE, await lancedb.connect_async(STORE))
    yield


@coco.fn(memo=True)
async def embedded(text: str) -> NDArray:
    (vector,) = await asyncio.to_thread(_embed, [text]) if EMBEDDER != "hash" else _embed([text])
    return np.array(vector, np.float32)


@coco.fn
async def process_chunk(chunk: Chunk, uri: str, ids: IdGenerator, table: lancedb.TableTarget[Row]) -> None:
    vector = await embedded(chunk.text)
    table.declare_row(row=Row(await ids.next_id(chunk.text), uri, chunk.text, vector))


@coco.fn(memo=True)
async def process_file(file: FileLike, table: lancedb.TableTarget[Row]) -> None:
    text = await file.read_text()
    chunks = _splitter.split(text, chunk_size=embedding.CHUNK_CHARACTERS, chunk_overlap=0, language="markdown")
    await coco.map(process_chunk, chunks, str(file.file_path.path), IdGenerator(), table)


@coco.fn
async def app_main(folder: pathlib.Path) -> None:
    schema = await lancedb.TableSchema.from_class(Row, primary_key=["uri", "id"])
    table = await lancedb.mount_table_target(DATABASE, table_name="chunks", table_schema=schema)
    matcher = PatternFilePathMatcher(included_patterns=["**/*.md"])
    files = localfs.walk_dir(folder, recursive=True, path_matcher=matcher)
    await coco.mount_each(process_file, files.items(), table)


if __name__ == "__main__":
    pathlib.Path(STORE).mkdir(parents=True, exist_ok=True)
    coco.App(coco.AppConfig(name="peer"), app_main, folder=pathlib.Path(DOCUMENTS)).update_blocking()
