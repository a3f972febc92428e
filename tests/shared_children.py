"""The children that parse, shared by all runs of a process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from lake.ingest.isolation import IsolatedFunction


class SharedChildren:
    """The parsing children of all runs in this process: each run would wait half a second for children of its own.

    A thread gets a child for as long as it lives. A child ends with the thread that started it, so one thread that
    lives as long as the tests starts them all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starter = ThreadPoolExecutor(1)
        self._lent: dict[threading.Thread, IsolatedFunction] = {}
        self._idle: list[IsolatedFunction] = []

    def __call__(self) -> IsolatedFunction:
        here = threading.current_thread()
        with self._lock:
            self._idle += [self._lent.pop(thread) for thread in list(self._lent) if not thread.is_alive()]
            if here not in self._lent:
                child = self._idle.pop() if self._idle else IsolatedFunction("lake.ingest.contents:content_step")
                self._starter.submit(child.warm_up).result()
                self._lent[here] = child
            return self._lent[here]

    def close(self) -> None:
        for child in (*self._idle, *self._lent.values()):
            child.close()
        self._starter.shutdown()
