"""An agent of Pydantic AI that searches a lake, then looks at the outline of what it found.

python examples/frameworks/pydantic_ai_agent.py LAKE QUESTION
"""

from __future__ import annotations

import sys
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from lake.adapters.access import Access
from lake.adapters.pydantic_ai import document_tool, search_tool, summary_tool


def ask(lake: str, question: str, model: Any) -> str:
    access = Access.open(lake)
    tools = [search_tool(access, k=3), summary_tool(access), document_tool(access)]
    return str(Agent(model, tools=tools).run_sync(question).output)


def following(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    """A model on this machine that calls one tool after the other and repeats the last; put your own here."""
    returned = [part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
    if not returned:
        question = next(part.content for message in messages for part in message.parts)
        return ModelResponse([ToolCallPart("search_documents", {"query": question})])
    last: Any = returned[-1].content
    if len(returned) == 1:
        return ModelResponse([ToolCallPart("summarise_document", {"doc_id": last["passages"][0]["doc_id"]})])
    return ModelResponse([TextPart(f"{last['uri']}: {last['beginning']}")])


if __name__ == "__main__":
    print(ask(sys.argv[1], sys.argv[2], FunctionModel(following)))
