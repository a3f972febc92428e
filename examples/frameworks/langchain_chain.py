"""A chain of LangChain over a lake: passages into a prompt, a model, a text.

python examples/frameworks/langchain_chain.py LAKE QUESTION
"""

from __future__ import annotations

import sys
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from lake.adapters.access import Access
from lake.adapters.langchain import LangChainVectorStore

PROMPT = ChatPromptTemplate.from_template("Answer from these passages:\n{passages}\n\nQuestion: {question}")


def ask(lake: str, question: str, model: Any) -> str:
    store = LangChainVectorStore(Access.open(lake))
    retriever = store.as_retriever(search_type="mmr", search_kwargs={"k": 3})
    joined = RunnableLambda(lambda found: "\n\n".join(document.page_content for document in found))
    chain = {"passages": retriever | joined, "question": RunnablePassthrough()} | PROMPT | model | StrOutputParser()
    return str(chain.invoke(question))


def repeating() -> Any:
    """A model on this machine that repeats what it is told; put your own here."""
    return RunnableLambda(lambda prompt: AIMessage(prompt.to_string()))


if __name__ == "__main__":
    print(ask(sys.argv[1], sys.argv[2], repeating()))
