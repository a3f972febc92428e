"""The programs of examples/frameworks, each with a model on this machine; and the vector store that reads."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import pytest

from lake.adapters.access import Access
from lake.errors import UsageError
from tests.house import ROOT
from tests.lake.adapters.conftest import QUESTION

FOLDER = ROOT / "examples" / "frameworks"
Releases = tuple[str, str, str]


def program(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_each_program_is_tested_and_listed() -> None:
    names = {path.stem for path in FOLDER.glob("*.py")}
    assert names == {
        *("langchain_chain", "llama_index_engine", "haystack_pipeline", "pydantic_ai_agent", "dspy_programs"),
    }
    assert all(f"frameworks/{name}.py" in (ROOT / "examples" / "README.md").read_text() for name in names)


def test_a_chain_of_langchain(two_releases: Releases) -> None:
    pytest.importorskip("langchain_core")
    chain = program("langchain_chain")
    assert "burns olive oil" in chain.ask(two_releases[0], QUESTION, chain.repeating())


def test_a_query_engine_of_llama_index(two_releases: Releases) -> None:
    pytest.importorskip("llama_index.core")
    from llama_index.core.llms import MockLLM

    answer, uris = program("llama_index_engine").ask(two_releases[0], QUESTION, MockLLM())
    assert "burns olive oil" in answer
    assert len(uris) == 3


def test_a_pipeline_of_haystack(two_releases: Releases) -> None:
    pytest.importorskip("haystack")
    assert "burns olive oil" in program("haystack_pipeline").ask(two_releases[0], QUESTION)


def test_an_agent_of_pydantic_ai_reads_a_summary(two_releases: Releases) -> None:
    pytest.importorskip("pydantic_ai")
    from pydantic_ai.models.function import FunctionModel

    agent = program("pydantic_ai_agent")
    answer = agent.ask(two_releases[0], "lamp 3 olive oil", FunctionModel(agent.following))
    assert "Lamp" in answer
    assert "burns olive oil" in answer


def test_programs_of_dspy(two_releases: Releases) -> None:
    dspy = pytest.importorskip("dspy", reason="dspy is no part of the extra dev: it brings 100 MB")
    from dspy.utils import DummyLM

    from lake.adapters.dspy import DSPyRetriever
    from lake.questions import EvalQuestion, Evidence

    programs, access = program("dspy_programs"), Access.open(two_releases[0])
    retriever = DSPyRetriever(access, k=3)
    said = {"answer": "olive oil", "query": "lamp olive oil", "numbers": "[1]"}
    with dspy.context(lm=DummyLM([said] * 40)):
        assert programs.Basic(retriever)(question=QUESTION).answer == "olive oil"
        hops = programs.MultiHop(retriever)(question=QUESTION)
        assert (hops.answer, len(hops.passages)) == ("olive oil", len(set(hops.passages)))
        assert len(programs.TwoStage(retriever)(question=QUESTION).passages) == 1
        asked = [EvalQuestion("lamps", "Which oil burns in lamp 3?", evidence=(Evidence(uri="3.md"),))]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(access.index), "questions", lambda *_: asked)
            taught = programs.optimised(access, programs.Basic(retriever))
        assert [len(one.demos) for one in taught.predictors()] == [1]


def test_a_vector_store_reads_and_never_writes(two_releases: Releases) -> None:
    pytest.importorskip("langchain_core")
    from langchain_core.documents import Document

    from lake.adapters.langchain import LangChainVectorStore

    url, before, after = two_releases
    store = LangChainVectorStore(Access.open(url))
    found = store.similarity_search(QUESTION, k=3)
    assert [one.metadata["release"] for one in found] == [after] * 3
    scored = store.similarity_search_with_score(QUESTION, k=3)
    assert [one.id for one, _ in scored] == [one.id for one in found]
    assert [score for _, score in scored] == sorted((score for _, score in scored), reverse=True)
    wanted: dict[str, Any] = {"filter": {"media_type": "text/plain"}, "at": before}
    assert [one.metadata["uri"] for one in store.similarity_search(QUESTION, **wanted)] == ["7.txt"]
    assert len(store.max_marginal_relevance_search(QUESTION, k=2, lambda_mult=0.1)) == 2
    by_score = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.2})
    assert by_score.invoke(QUESTION)
    strict = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.999})
    assert strict.invoke("seven unrelated ships") == []
    assert not any("ducats" in one.page_content for one in store.similarity_search("who earns ducats?", k=9))
    with pytest.raises(UsageError, match="fixed when the reader"):
        store.similarity_search(QUESTION, principals=["hr"])
    for write in (
        lambda: store.add_texts(["a"]),
        lambda: store.add_documents([Document(page_content="a")]),
        lambda: store.delete(["a"]),
        lambda: LangChainVectorStore.from_texts(["a"], None),
        lambda: LangChainVectorStore.from_documents([Document(page_content="a")], None),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError, match="raglake ingest"):
            write()
