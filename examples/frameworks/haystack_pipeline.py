"""A pipeline of Haystack over a lake: retriever, prompt, generator.

python examples/frameworks/haystack_pipeline.py LAKE QUESTION
"""

from __future__ import annotations

import sys

from haystack import Pipeline, component
from haystack.components.builders import PromptBuilder

from lake.adapters.haystack import HaystackRetriever

TEMPLATE = "{% for one in documents %}{{ one.content }}\n{% endfor %}\nQuestion: {{ question }}"


@component
class Repeating:
    """A generator on this machine that repeats what it is told; put your own here."""

    @component.output_types(replies=list[str])
    def run(self, prompt: str) -> dict[str, list[str]]:
        return {"replies": [prompt]}


def ask(lake: str, question: str) -> str:
    pipeline = Pipeline()
    pipeline.add_component("retriever", HaystackRetriever(lake, top_k=3))
    pipeline.add_component("prompt", PromptBuilder(TEMPLATE, required_variables=["documents", "question"]))
    pipeline.add_component("model", Repeating())
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "model.prompt")
    found = pipeline.run({"retriever": {"query": question}, "prompt": {"question": question}})
    return str(found["model"]["replies"][0])


if __name__ == "__main__":
    print(ask(sys.argv[1], sys.argv[2]))
