"""The readers and their answers, held against what is known of every release."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Readers:
    """Some reader processes over one lake; each writes its answers to a file of its own."""

    def __init__(
        self, lake: str, folder: Path, n: int, pause: float, rng: random.Random, environment: Mapping[str, str]
    ) -> None:
        here = Path(__file__).parents[1]
        path = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
        self._outputs = [folder / f"reader-{number}.jsonl" for number in range(n)]
        self._read = [0] * n
        self._processes = []
        for output in self._outputs:
            words = ["-m", "kill_harness.reader", lake, str(rng.getrandbits(30)), str(pause)]
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", *words],
                stdin=subprocess.PIPE,
                stdout=output.open("w"),
                stderr=output.with_suffix(".errors").open("w"),
                env={**os.environ, **environment, "PYTHONPATH": path},
            )
            self._processes.append(process)

    def answers(self) -> list[dict[str, Any]]:
        """What was answered since the last call; RuntimeError where a reader died."""
        dead = [output for output, process in zip(self._outputs, self._processes, strict=True) if process.poll()]
        if dead:
            raise RuntimeError(f"a reader died: {dead[0].with_suffix('.errors').read_text()[-2000:]}")
        return [answer for number in range(len(self._outputs)) for answer in self._new(number)]

    def _new(self, number: int) -> list[dict[str, Any]]:
        data = self._outputs[number].read_bytes()[self._read[number] :]
        whole = data[: data.rfind(b"\n") + 1]
        self._read[number] += len(whole)
        return [{**json.loads(line), "reader": number} for line in whole.splitlines()]

    def close(self) -> None:
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self._processes:
            process.wait(60)


class Watch:
    """Counts the readers' answers and keeps what is wrong with them.

    ``known`` maps a release to every digest that a right read of it may have.
    """

    def __init__(self, known: Mapping[str, set[str]]) -> None:
        self._known = known
        self.n_answers = self.n_mixed = self.n_overtaken = 0
        self.slowest_seconds = 0.0
        self.problems: list[str] = []
        self._written: list[tuple[float, int]] = []
        self._published: dict[int, float] = {}
        self._seen_by: dict[int, set[int]] = {}

    def log_stood(self, entries: list[list[Any]], at: float) -> None:
        """What the log held at a time: whoever looks later must see all of it."""
        newest = self._written[-1][1] if self._written else None
        for before, (seq, _, _, live, written_at) in zip([None, *entries], entries, strict=False):
            if newest is not None and seq > newest and (before is None or before[3] != live):
                self._published[seq] = written_at
        self._written.append((at, entries[-1][0] if entries else 0))

    def take(self, answers: list[dict[str, Any]]) -> None:
        """Check answers; every release they can have seen must be known by now."""
        for answer in answers:
            if answer["kind"] == "ready":
                continue
            self.n_answers += 1
            if answer["kind"] in ("failed", "mixed"):
                self.problems.append(f"reader {answer['reader']}: {answer['error']}")
            self.n_mixed += answer["kind"] == "mixed" or self._is_unknown(answer)
            self.n_overtaken += answer["kind"] == "overtaken"
            if answer["kind"] != "failed":
                self._check_freshness(answer)

    def _is_unknown(self, answer: dict[str, Any]) -> bool:
        if answer["kind"] != "read" or answer["digest"] in self._known.get(answer["release"], ()):
            return False
        self.problems.append(f"reader {answer['reader']}: {answer['release']} read back as {answer['digest'][:12]}")
        return True

    def _check_freshness(self, answer: dict[str, Any]) -> None:
        must_see = max((seq for at, seq in self._written if at < answer["at"]), default=0)
        if answer["head"] < must_see:
            self.problems.append(f"reader {answer['reader']} saw entry {answer['head']} when {must_see} was written")
        for seq, written_at in self._published.items():
            seen = self._seen_by.setdefault(seq, set())
            if seq <= answer["head"] and answer["reader"] not in seen:
                seen.add(answer["reader"])
                self.slowest_seconds = max(self.slowest_seconds, answer["at"] - written_at)
