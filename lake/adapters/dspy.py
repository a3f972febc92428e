"""A retriever for DSPy; needs the extra ``dspy``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lake.adapters.access import Access, passages

if TYPE_CHECKING:
    from dspy import Prediction


class DSPyRetriever:
    """Call it in a module's ``forward``, or pass ``retriever.search`` to ``dspy.ReAct`` as a tool.

    Its Prediction has ``passages`` (texts, best first), their ``metadata`` and the ``release``.
    """

    def __init__(self, access: Access, k: int = 5) -> None:
        self._access, self.k = access, k

    def __call__(self, query: str, k: int | None = None, **how: Any) -> Prediction:
        return self.forward(query, k, **how)

    def forward(self, query: str, k: int | None = None, **how: Any) -> Prediction:
        from dspy import Prediction

        found = self._access.search(query, k or self.k, **how)
        texts, metadata = zip(*passages(found), strict=True) if found.hits.num_rows else ((), ())
        return Prediction(passages=list(texts), metadata=list(metadata), release=found.release)

    def search(self, query: str) -> list[str]:
        """Passages of the library of documents that answer a question, best first."""
        return list(self.forward(query).passages)
