"""A compiled OpenVINO graph that several threads use at once."""

from __future__ import annotations

from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from lake.embed.processor import compile_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


class GraphRequests:
    """One request for each of ``n_streams``; a further call waits until one of them is free."""

    def __init__(self, graph: Any, precision: str, n_streams: int) -> None:
        compiled = compile_graph(graph, precision, n_streams)
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(n_streams):
            self._free.put(compiled.create_infer_request())

    def infer(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The graph's results, as arrays of their own."""
        request = self._free.get()
        try:
            found = request.infer(list(inputs))
            return [found[number].copy() for number in range(len(found))]
        finally:
            self._free.put(request)
