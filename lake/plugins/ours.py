"""Entry points of raglake itself, by kind and name; ``pyproject.toml`` declares the same.

Looking up one of these names needs no installed metadata and no scan of the installed packages.
"""

from __future__ import annotations

_FORMATS = (
    *("text", "markdown", "html", "office", "pdf", "sheets", "mail", "organizer", "epub", "rst", "org", "rtf"),
    *("asciidoc", "latex", "wiki", "man", "svg", "webarchive", "subtitles"),
    *("opendocument", "json_text", "code", "pictures", "legacy"),
)
_EMBEDDERS = (
    *("minilm", "multilingual", "st", "sparse", "openai", "hash"),
    *("azure", "cohere", "gemini", "jina", "mistral", "ollama", "tei", "vllm", "voyage"),
)
_CHAT = ("openai", "azure", "mistral", "vllm", "anthropic", "gemini", "cohere", "ollama")
_RERANKERS = ("st", "cohere", "openai", "voyage", "jina", "tei", "vllm")

OURS: dict[str, dict[str, str]] = {
    "parsers": {name: f"lake.parse.formats:{name}" for name in _FORMATS},
    "embedders": {name: f"lake.embed.families:{name}" for name in _EMBEDDERS},
    "chat_models": {name: f"lake.answer.registry:{name}" for name in _CHAT},
    "rerankers": {name: f"lake.search.rerank:{name}" for name in _RERANKERS},
    "sources": {
        "file": "lake.sources.local:LocalReader",
        **dict.fromkeys(("s3", "gs", "http", "https"), "lake.sources.remote:FsspecReader"),
        "pushed": "lake.sources.pushed:PushedReader",
        "table": "lake.sources.table:TableSource",
        **dict.fromkeys(("postgresql", "postgres"), "lake.sources.sql:PostgresSource"),
        "sqlite": "lake.sources.sql:SqliteSource",
        "duckdb": "lake.sources.sql:DuckdbSource",
        **dict.fromkeys(("web+https", "web+http"), "lake.sources.web:WebSource"),
        "unstructured": "lake.sources.unstructured_connector:UnstructuredSource",
        "reader": "lake.sources.llama_index_reader:ReaderSource",
        "mbox": "lake.sources.mailbox:MboxSource",
        "maildir": "lake.sources.mailbox:MaildirSource",
        **dict.fromkeys(("imap", "imaps"), "lake.sources.imap:ImapSource"),
        **dict.fromkeys(("git", "git+https", "git+http", "git+ssh"), "lake.sources.git:GitSource"),
    },
    "events": {
        **dict.fromkeys(("redis", "rediss"), "lake.sources.events.redis_stream:RedisStream"),
        "kafka": "lake.sources.events.kafka_topic:KafkaTopic",
    },
    "destinations": {
        "parquet": "lake.destinations.parquet:ParquetFolder",
        "faiss": "lake.destinations.faiss_files:FaissFiles",
        "qdrant": "lake.destinations.qdrant:QdrantCollection",
        "pgvector": "lake.destinations.pgvector:PgvectorTable",
        "chroma": "lake.destinations.chroma:ChromaCollection",
        "milvus": "lake.destinations.milvus:MilvusCollection",
        "iceberg": "lake.destinations.iceberg:IcebergTable",
        "elasticsearch": "lake.destinations.search_engine:Elasticsearch",
        "opensearch": "lake.destinations.search_engine:OpenSearch",
        "pinecone": "lake.destinations.pinecone:PineconeNamespace",
        "weaviate": "lake.destinations.weaviate:WeaviateCollection",
    },
}
#: Kind -> its name in messages. The entry points of a kind are in the group ``raglake.KIND``.
KINDS = {
    "parsers": "parser",
    "embedders": "embedder",
    "chat_models": "chat model",
    "rerankers": "reranker",
    "sources": "source",
    "events": "event stream",
    "destinations": "destination",
}
