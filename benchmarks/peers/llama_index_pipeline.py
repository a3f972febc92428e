"""LlamaIndex's IngestionPipeline with a document store and the LanceDB vector store, as its documentation shows it.

python llama_index_pipeline.py DOCUMENTS STORE EMBEDDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import embedding
from llama_index.core import SimpleDirectoryReader
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.vector_stores.lancedb import LanceDBVectorStore
from pydantic import PrivateAttr


class Embedder(BaseEmbedding):
    _embed: Any = PrivateAttr()

    def __init__(self, name: str) -> None:
        super().__init__(model_name=name, embed_batch_size=100)
        self._embed, _ = embedding.load(name)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._embed([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embed(texts)

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._embed([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._embed([query])[0]


class Store(LanceDBVectorStore):
    """Its own ``delete`` puts the id into double quotes, which LanceDB takes for the name of a column and refuses."""

    def delete(self, ref_doc_id: str, **_: Any) -> None:
        self.table.delete(f"{self.doc_id_key} = '{ref_doc_id}'")


def main(documents: str, store: str, embedder: str) -> None:
    is_new = not Path(store, "pipeline").exists()
    pipeline = IngestionPipeline(
        transformations=[SentenceSplitter(chunk_size=320, chunk_overlap=0), Embedder(embedder)],
        docstore=SimpleDocumentStore(),
        vector_store=Store(uri=store, table_name="chunks", mode="overwrite" if is_new else "append"),
        docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
    )
    if not is_new:
        pipeline.load(f"{store}/pipeline")
    pipeline.run(documents=SimpleDirectoryReader(documents, recursive=True, filename_as_id=True).load_data())
    pipeline.persist(f"{store}/pipeline")


if __name__ == "__main__":
    main(*sys.argv[1:])
