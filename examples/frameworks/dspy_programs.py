"""Programs of DSPy over a lake: basic, multi-hop, two-stage, and optimised against the lake's own questions.

python examples/frameworks/dspy_programs.py LAKE QUESTION MODEL
"""

from __future__ import annotations

import sys
from typing import Any

import dspy

from lake.adapters.access import Access
from lake.adapters.dspy import DSPyRetriever


class Basic(dspy.Module):
    """One search, one answer."""

    def __init__(self, retriever: DSPyRetriever) -> None:
        super().__init__()
        self.retriever, self.respond = retriever, dspy.Predict("passages: list[str], question -> answer")

    def forward(self, question: str) -> Any:
        found = self.retriever(question)
        return dspy.Prediction(answer=self.respond(passages=found.passages, question=question).answer, found=found)


class MultiHop(dspy.Module):
    """Each hop searches for what the passages so far lack."""

    def __init__(self, retriever: DSPyRetriever, n_hops: int = 2) -> None:
        super().__init__()
        self.retriever, self.n_hops = retriever, n_hops
        self.next_query = dspy.Predict("passages: list[str], question -> query")
        self.respond = dspy.Predict("passages: list[str], question -> answer")

    def forward(self, question: str) -> Any:
        passages: list[str] = []
        for _ in range(self.n_hops):
            query = self.next_query(passages=passages, question=question).query
            passages += [text for text in self.retriever(query).passages if text not in passages]
        return dspy.Prediction(answer=self.respond(passages=passages, question=question).answer, passages=passages)


class TwoStage(dspy.Module):
    """Many passages by words, of which the model chooses those that it answers from."""

    def __init__(self, retriever: DSPyRetriever) -> None:
        super().__init__()
        self.retriever = retriever
        self.choose = dspy.Predict("passages: list[str], question -> numbers: list[int]")
        self.respond = dspy.Predict("passages: list[str], question -> answer")

    def forward(self, question: str) -> Any:
        found = self.retriever(question, k=10, mode="text").passages
        numbers = self.choose(passages=found, question=question).numbers
        chosen = [found[n] for n in numbers if 0 <= n < len(found)] or found[:3]
        return dspy.Prediction(answer=self.respond(passages=chosen, question=question).answer, passages=chosen)


def optimised(access: Access, program: Any) -> Any:
    """The program with examples that the lake's questions show to work: one that finds a document of the evidence."""
    asked = [one for one in access.index.questions() if one.evidence]
    known = [
        dspy.Example(question=one.text, uris=[e.uri for e in one.evidence]).with_inputs("question") for one in asked
    ]

    def finds(example: Any, prediction: Any, _: Any = None) -> bool:
        return bool({one["uri"] for one in prediction.found.metadata} & set(example.uris))

    return dspy.BootstrapFewShot(metric=finds, max_bootstrapped_demos=4).compile(program, trainset=known)


if __name__ == "__main__":
    dspy.configure(lm=dspy.LM(sys.argv[3]))
    print(Basic(DSPyRetriever(Access.open(sys.argv[1])))(question=sys.argv[2]).answer)
