"""LangChain's index() with its record manager and the LanceDB vector store, as its documentation shows it.

python langchain_index.py DOCUMENTS STORE EMBEDDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import embedding
from langchain_classic.indexes import SQLRecordManager
from langchain_community.vectorstores import LanceDB
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.indexing import index
from langchain_text_splitters import RecursiveCharacterTextSplitter


class Embedder(Embeddings):
    def __init__(self, name: str) -> None:
        self._embed, _ = embedding.load(name)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._embed(texts)

    def embed_query(self, text: str) -> list[float]:
        return self._embed([text])[0]


def chunks(documents: str) -> Iterator[Document]:
    splitter = RecursiveCharacterTextSplitter(chunk_size=embedding.CHUNK_CHARACTERS, chunk_overlap=0)
    for path in sorted(Path(documents).rglob("*.md")):
        yield from splitter.split_documents([Document(path.read_text(), metadata={"source": str(path)})])


def main(documents: str, store: str, embedder: str) -> None:
    Path(store).mkdir(parents=True, exist_ok=True)
    records = SQLRecordManager("lancedb/chunks", db_url=f"sqlite:///{store}/records.db")
    records.create_schema()
    table = LanceDB(uri=store, embedding=Embedder(embedder), table_name="chunks", mode="append")
    index(chunks(documents), records, table, cleanup="full", source_id_key="source", key_encoder="sha256")


if __name__ == "__main__":
    main(*sys.argv[1:])
