"""Prompts that published models were trained with, by name.

A model that is used without them finds less, and no error shows it.

The prompts are those of the models' cards, as MTEB runs the models (embeddings-benchmark/mteb at a905523,
``mteb/models/model_implementations``). The instructor's are LangChain's defaults for it; those of nomic-embed-code and
mxbai-embed-de are as published programs use them. Endpoints such as Ollama's add none by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class KnownPrompts(NamedTuple):
    """The usual prompts of a family of models; an empty one means that texts of this kind take none."""

    family: str
    document: str
    query: str


_REPRESENT = "Represent this sentence for searching relevant passages: "
_WEB_SEARCH = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
_CODE = "Represent this query for searching relevant code: "

#: Patterns of plain names; the first that matches decides. None: the model takes no prompts.
_FAMILIES: tuple[tuple[str, KnownPrompts | None], ...] = (
    (r"\bbge m3|\bbge rerank|\bbge en icl|\bbge multilingual gemma", None),
    (r"\bm?e5\b.*\b(instruct|mistral)\b|\bmistral\b.*\be5\b", KnownPrompts("E5 instruct", "", _WEB_SEARCH)),
    (r"\bm?e5(small|base|large)?\b", KnownPrompts("E5", "passage: ", "query: ")),
    (r"\bbge\b.*\bzh\b", KnownPrompts("BGE", "", "为这个句子生成表示以用于检索相关文章：")),  # noqa: RUF001
    (r"\bbge\b", KnownPrompts("BGE", "", _REPRESENT)),
    (r"\bgte\b.*\binstruct\b|\bgte qwen", KnownPrompts("GTE instruct", "", _WEB_SEARCH)),
    (r"\bnomic embed code\b|\bcode ?rank ?embed\b", KnownPrompts("nomic-embed-code", "", _CODE)),
    (r"\bnomic embed\b|\bmodernbert embed\b", KnownPrompts("nomic-embed", "search_document: ", "search_query: ")),
    (r"\barctic embed( [a-z]+)* ?v?2\b", KnownPrompts("arctic-embed v2", "", "query: ")),
    (r"\barctic embed\b", KnownPrompts("arctic-embed", "", _REPRESENT)),
    (r"\bmxbai embed de\b", KnownPrompts("mxbai-embed-de", "passage: ", "query: ")),
    (r"\bmxbai embed( 2d)? large\b|\buae large\b", KnownPrompts("mxbai-embed and UAE", "", _REPRESENT)),
    (
        r"\binstructor\b",
        KnownPrompts(
            "Instructor",
            "Represent the document for retrieval: ",
            "Represent the question for retrieving supporting documents: ",
        ),
    ),
    (r"\bqwen3 embed", KnownPrompts("Qwen3-Embedding", "", _WEB_SEARCH.rstrip(" "))),
    (
        r"\bembedding ?gemma\b",
        KnownPrompts("EmbeddingGemma", "title: none | text: ", "task: search result | query: "),
    ),
    (
        r"\bjina embeddings? v3\b",
        KnownPrompts(
            "jina-embeddings-v3",
            "Represent the document for retrieval: ",
            "Represent the query for retrieving evidence documents: ",
        ),
    ),
    (r"\bjina embeddings? v5\b", KnownPrompts("jina-embeddings-v5", "Document: ", "Query: ")),
    (r"\bstella en\b.*\bv5\b", KnownPrompts("stella v5", "", _WEB_SEARCH.replace("query\n", "query.\n"))),
    (r"\b(sfr|linq) embed", KnownPrompts("SFR-Embedding and Linq-Embed", "", _WEB_SEARCH)),
    (r"\bruri v3\b", KnownPrompts("ruri v3", "検索文書: ", "検索クエリ: ")),
    (r"\bruri\b", KnownPrompts("ruri", "文章: ", "クエリ: ")),
    (r"\bfrida\b|\bru en roberta\b", KnownPrompts("FRIDA", "search_document: ", "search_query: ")),
)


def known_prompts(names: Iterable[str]) -> KnownPrompts | None:
    """The usual prompts of a model with one of these names; None if none is known to need any.

    >>> known_prompts(["intfloat/multilingual-e5-base"]).query, known_prompts(["BAAI/bge-m3"]), known_prompts(["x"])
    ('query: ', None, None)
    """
    for name in names:
        plain = " ".join(re.findall(r"[a-z0-9]+", name.lower()))
        for pattern, prompts in _FAMILIES:
            if re.search(pattern, plain):
                return prompts
    return None
