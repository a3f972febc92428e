"""Each adapter under its real library: the passages of the lake, its release, and nobody else's rights."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import lake
from lake.adapters.access import Access
from lake.errors import UsageError
from lake.service.responses import encode
from tests.lake.adapters.conftest import QUESTION

Releases = tuple[str, str, str]


def expected(url: str, k: int, **how: Any) -> list[dict[str, Any]]:
    rows = json.loads(encode(lake.open_lake(url).search(QUESTION, k, **how).to_pylist()))
    assert rows
    return rows


def same(rows: list[dict[str, Any]], texts: list[str], metadata: list[dict[str, Any]], release: str) -> bool:
    told = [{"text": text, **known} for text, known in zip(texts, metadata, strict=True)]
    return told == [{**row, "release": release} for row in rows]


def test_a_reader_stays_within_what_it_was_made_for(two_releases: Releases) -> None:
    url, before, after = two_releases
    access = Access.open(url, ["staff"], mode="text")
    assert access.search("olive", 1, at=before).hits.num_rows == 0
    assert access.search("olive", 1).release == after
    for how in ({"principals": ["root"]}, {"embedder": None}):
        with pytest.raises(UsageError, match="fixed when the reader is created"):
            access.search("olive", **how)
    with pytest.raises(UsageError, match="a search has no option"):
        Access.open(url, modus="text")
    pinned = Access.open(url, at=before)
    assert pinned.search("whale", 1).release == before
    for at in ("live", after):
        with pytest.raises(UsageError, match="is fixed to release"):
            pinned.search("whale", 1, at=at)
    with pytest.raises(UsageError, match="no release"):
        Access.open(url, at="tomorrow")


@pytest.mark.parametrize("library", ["langchain", "llama_index", "haystack", "dspy", "pydantic_ai"])
def test_nobody_sees_what_only_others_may(two_releases: Releases, library: str) -> None:
    find, url = FINDERS[library], two_releases[0]
    pytest.importorskip({"langchain": "langchain_core", "llama_index": "llama_index.core"}.get(library, library))
    assert not any("ducats" in text for text in find(url, (), "who earns ducats?"))
    assert not any("ducats" in text for text in find(url, ("finance", "HR"), "who earns ducats?"))
    assert "earns 7 ducats" in find(url, ("hr",), "who earns ducats?")[0]
    with pytest.raises(UsageError, match="must be a list"):
        find(url, "hr", "ducats")


def _langchain(url: str, principals: Any, question: str) -> list[str]:
    from lake.adapters.langchain import LangChainRetriever

    documents = LangChainRetriever(access=Access.open(url, principals)).invoke(question)
    return [document.page_content for document in documents]


def _llama_index(url: str, principals: Any, question: str) -> list[str]:
    from lake.adapters.llama_index import LlamaIndexRetriever

    return [node.text for node in LlamaIndexRetriever(Access.open(url, principals)).retrieve(question)]


def _haystack(url: str, principals: Any, question: str) -> list[str]:
    from lake.adapters.haystack import HaystackRetriever

    component = HaystackRetriever.from_dict(HaystackRetriever(url, principals).to_dict())
    return [str(document.content) for document in component.run(question)["documents"]]


def _dspy(url: str, principals: Any, question: str) -> list[str]:
    from lake.adapters.dspy import DSPyRetriever

    return DSPyRetriever(Access.open(url, principals)).search(question)


def _pydantic_ai(url: str, principals: Any, question: str) -> list[str]:
    from lake.adapters.pydantic_ai import search_tool

    found = search_tool(Access.open(url, principals)).function(question)  # type: ignore[call-arg]
    return [passage["text"] for passage in found["passages"]]  # type: ignore[index, call-overload]


FINDERS = {
    "langchain": _langchain,
    "llama_index": _llama_index,
    "haystack": _haystack,
    "dspy": _dspy,
    "pydantic_ai": _pydantic_ai,
}


def test_langchain(two_releases: Releases) -> None:
    pytest.importorskip("langchain_core")
    from langchain_core.runnables import RunnableLambda

    from lake.adapters.langchain import LangChainRetriever

    url, before, after = two_releases
    retriever = LangChainRetriever(access=Access.open(url), k=3)
    documents = retriever.invoke(QUESTION)
    assert same(expected(url, 3), [d.page_content for d in documents], [d.metadata for d in documents], after)
    assert asyncio.run(retriever.ainvoke(QUESTION)) == documents == retriever.batch([QUESTION, QUESTION])[1]
    wanted = {"filters": {"media_type": "text/plain"}}
    for found in (retriever.invoke(QUESTION, k=2, **wanted), asyncio.run(retriever.ainvoke(QUESTION, k=2, **wanted))):
        assert [d.metadata["uri"] for d in found] == [row["uri"] for row in expected(url, 2, **wanted)] == ["7.txt"]
    assert retriever.invoke(QUESTION, at=before)[0].metadata["release"] == before
    chain = retriever | RunnableLambda(lambda found: found[0].metadata["chunk_id"])
    assert chain.invoke(QUESTION) == documents[0].id
    with pytest.raises(UsageError, match="principals"):
        retriever.invoke(QUESTION, principals=["root"])
    from langchain_core.tools.retriever import create_retriever_tool

    tool = create_retriever_tool(retriever, "lamps", "About lamps.")
    assert set(tool.args) == {"query"}
    assert "olive oil" in tool.invoke({"query": QUESTION})


def test_llama_index(two_releases: Releases) -> None:
    pytest.importorskip("llama_index.core")
    from llama_index.core.schema import MetadataMode

    from lake.adapters.llama_index import LlamaIndexRetriever

    url, _, after = two_releases
    retriever = LlamaIndexRetriever(Access.open(url), k=3, mode="text")
    nodes = retriever.retrieve(QUESTION)
    assert same(expected(url, 3, mode="text"), [n.text for n in nodes], [n.metadata for n in nodes], after)
    assert [node.score for node in nodes] == sorted((node.score or 0 for node in nodes), reverse=True)
    assert [node.node_id for node in asyncio.run(retriever.aretrieve(QUESTION))] == [node.node_id for node in nodes]
    to_read = nodes[0].node.get_content(MetadataMode.LLM)
    assert "uri: " in to_read
    assert nodes[0].node_id not in to_read


def test_haystack(two_releases: Releases) -> None:
    pytest.importorskip("haystack")
    from haystack import Pipeline

    from lake.adapters.haystack import HaystackRetriever

    url, before, after = two_releases
    pipeline = Pipeline()
    kept = {"filters": {"media_type": "text/markdown"}, "options": {"mode": "text"}}
    pipeline.add_component("retriever", HaystackRetriever(url, ["staff"], at=before, top_k=2, **kept))  # type: ignore[arg-type]
    loaded = Pipeline.loads(pipeline.dumps(), allowed_modules=["lake.adapters.haystack"])
    assert loaded.to_dict() == pipeline.to_dict()
    asked = {"retriever": {"query": QUESTION, "filters": {"media_type": "text/plain", "title": "Lamp 3"}}}
    documents = loaded.run(asked)["retriever"]["documents"]
    rows = expected(url, 2, at=before, mode="text", filters={**kept["filters"], "title": "Lamp 3"})
    assert same(rows, [d.content for d in documents], [d.meta for d in documents], before)
    component = HaystackRetriever(url)
    found = asyncio.run(component.run_async(QUESTION, top_k=1))["documents"]
    assert (found[0].meta["release"], found[0].score) == (after, expected(url, 1)[0]["score"])


def test_dspy(two_releases: Releases) -> None:
    dspy = pytest.importorskip("dspy")
    from lake.adapters.dspy import DSPyRetriever

    url, _, after = two_releases
    retriever = DSPyRetriever(Access.open(url), k=3)
    found = retriever(QUESTION)
    assert isinstance(found, dspy.Prediction)
    assert found.release == after
    assert same(expected(url, 3), found.passages, found.metadata, after)
    assert retriever("quetzalcoatl", mode="text").passages == []

    class Program(dspy.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.retrieve = retriever

        def forward(self, question: str) -> Any:
            return dspy.Prediction(context=self.retrieve(question, k=1).passages)

    assert Program()(question=QUESTION).context == found.passages[:1]
    tool = dspy.Tool(retriever.search)
    assert set(tool.args) == {"query"}
    assert tool(query=QUESTION) == found.passages


def test_pydantic_ai(two_releases: Releases) -> None:
    pytest.importorskip("pydantic_ai")
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    from lake.adapters.pydantic_ai import document_tool, search_tool

    url, _, after = two_releases

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """Asks wrongly, then rightly, then reads on in the first document, then answers."""
        schemas = {tool.name: set(tool.parameters_json_schema["properties"]) for tool in info.function_tools}
        assert schemas == {"search_documents": {"query"}, "read_document": {"doc_id", "start"}}
        parts = [part for message in messages for part in message.parts]
        asked = [part for part in parts if isinstance(part, ToolReturnPart) and isinstance(part.content, dict)]
        if len(messages) == 1:
            return ModelResponse(parts=[ToolCallPart("search_documents", {"query": "?!"})])
        if not asked:
            assert "no word to search for" in str(parts[-1])
            return ModelResponse(parts=[ToolCallPart("search_documents", {"query": QUESTION})])
        if len(asked) == 1:
            found = asked[0].content
            assert found["release"] == after
            assert [p["text"] for p in found["passages"]] == [row["text"] for row in expected(url, 3)]
            return ModelResponse(parts=[ToolCallPart("read_document", {"doc_id": found["passages"][0]["doc_id"]})])
        return ModelResponse(parts=[TextPart(asked[1].content["sections"][0]["text"])])

    access = Access.open(url)
    agent = Agent(FunctionModel(model), tools=[search_tool(access, k=3), document_tool(access)])
    assert "burns olive oil" in agent.run_sync("What burns?").output
