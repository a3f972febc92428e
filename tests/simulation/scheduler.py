"""One number decides everything: who runs next, how long it takes, what fails, and when somebody dies."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from greenlet import greenlet

BEGIN = datetime(2040, 1, 1, tzinfo=UTC)
#: A history that takes more steps than this never ends.
MOST_STEPS = 60_000
NEVER = float("inf")


class Crash(BaseException):
    """The process is gone; nothing that it does from here on has an effect."""


class Endless(BaseException):
    """The history does not come to its end."""


@dataclass(eq=False)
class Process:
    """One run of a command: it dies as a whole, and holds leases of its own. ``skew``: of its clock."""

    pid: int
    machine: str
    skew: float = 0.0
    is_dead: bool = False
    held: dict[str, Any] = field(default_factory=dict)
    n_faults: int = 0


class Task:
    """A coroutine, for a thread of a process. It runs until it takes a step or sleeps."""

    def __init__(self, name: str, process: Process, body: greenlet) -> None:
        self.name, self.process, self.body, self.wake_at = name, process, body, 0.0


class World:
    """Time, the tasks, and the trace of what they did. Only one task runs at a time."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rng = seed, random.Random(seed)
        self.now, self.n_steps, self.n_pids, self.n_tokens = 0.0, 0, 0, 0
        self.tasks: list[Task] = []
        self.processes: list[Process] = []
        self.main = Task("main", self.process("m0"), greenlet.getcurrent())
        self.current = self.main
        self.lines: list[str] = []
        self.failure: BaseException | None = None

    def process(self, machine: str, skew: float = 0.0) -> Process:
        self.n_pids += 1
        process = Process(1000 + self.n_pids, machine, skew)
        self.processes.append(process)
        return process

    def token(self, n_bytes: int) -> str:
        """A name that nobody else has."""
        self.n_tokens += 1
        return hashlib.sha256(f"{self.seed} {self.n_tokens}".encode()).hexdigest()[: 2 * n_bytes]

    def time(self) -> datetime:
        """The moment by the world's clock, which stamps what a store holds."""
        return BEGIN + timedelta(seconds=self.now)

    def clock(self) -> datetime:
        """The moment by the clock of the process that runs."""
        return self.time() + timedelta(seconds=self.current.process.skew)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]

    def note(self, what: str) -> None:
        self.lines.append(f"{self.now:10.2f} {self.current.name:<9} {what}")

    def spawn(self, name: str, process: Process, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Crash:
                pass
            except BaseException as error:  # noqa: BLE001 - a defect of the simulator, or an endless history
                self.failure = self.failure or error
            self.tasks.remove(task)

        task = Task(name, process, greenlet(run, self.main.body))
        self.tasks.append(task)

    def run(self) -> None:
        """Let the tasks run until none is left. Raises what a task failed with."""
        while self.tasks:
            self._next().body.switch()
        self.current = self.main
        if self.failure is not None:
            raise self.failure

    def step(self, what: str = "") -> None:
        """Anybody else may run here. Raises Crash if the process died meanwhile."""
        task = self.current
        if task.process.is_dead:
            raise Crash
        self.n_steps += 1
        if self.n_steps > MOST_STEPS:
            raise Endless(f"more than {MOST_STEPS} steps")
        self.now += self.rng.choice((0.001, 0.01, 0.1))
        if what:
            self.note(what)
        self._hand_over(task)

    def sleep(self, seconds: float) -> None:
        task = self.current
        task.wake_at = self.now + seconds
        self._hand_over(task)

    def _hand_over(self, task: Task) -> None:
        if task is self.main:
            self.now = max(self.now, task.wake_at)
            return
        chosen = self._next()
        if chosen is not task:
            chosen.body.switch()
        if task.process.is_dead:
            raise Crash

    def _next(self) -> Task:
        """The task that runs next; time passes until one is ready."""
        if not self.tasks or self.failure is not None:
            self.current = self.tasks[0] if self.tasks else self.main
            if self.tasks:
                self.current.process.is_dead = True
            return self.current
        ready = [task for task in self.tasks if task.wake_at <= self.now]
        if not ready:
            self.now = min([task.wake_at for task in self.tasks])
            ready = [task for task in self.tasks if task.wake_at <= self.now]
        # Often it goes on as before, so that some run far while others stand still.
        if not (self.current in ready and self.rng.random() < 0.5):
            self.current = self.rng.choice(ready)
        return self.current

    def kill(self, process: Process) -> None:
        """All its tasks end at their next step."""
        process.is_dead = True
        for task in self.tasks:
            if task.process is process:
                task.wake_at = 0.0

    def stall(self, process: Process, seconds: float) -> None:
        """The machine sleeps: nothing of the process runs for a while."""
        for task in self.tasks:
            if task.process is process:
                task.wake_at = max(task.wake_at, self.now + seconds)
