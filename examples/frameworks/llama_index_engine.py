"""A query engine of LlamaIndex over a lake, which synthesises an answer and names its sources.

python examples/frameworks/llama_index_engine.py LAKE QUESTION
"""

from __future__ import annotations

import sys
from typing import Any

from llama_index.core import get_response_synthesizer
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode

from lake.adapters.access import Access
from lake.adapters.llama_index import LlamaIndexRetriever


def ask(lake: str, question: str, model: Any) -> tuple[str, list[str]]:
    """The answer, and the uris of its passages."""
    retriever = LlamaIndexRetriever(Access.open(lake), k=3)
    synthesizer = get_response_synthesizer(llm=model, response_mode=ResponseMode.COMPACT)
    found = RetrieverQueryEngine(retriever, response_synthesizer=synthesizer).query(question)
    return str(found), [node.metadata["uri"] for node in found.source_nodes]


if __name__ == "__main__":
    answer, uris = ask(sys.argv[1], sys.argv[2], MockLLM())  # a model that repeats its prompt; put your own here
    print(answer, *uris, sep="\n")
