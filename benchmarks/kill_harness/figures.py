"""What a campaign has to tell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from kill_harness.watch import Watch


@dataclass
class Tally:
    """What became of one command's kills; ``n_too_late`` ran to their end before."""

    n_kills: int = 0
    n_too_late: int = 0
    n_recovered: int = 0
    n_undisturbed: int = 0
    seconds: float = 0.0


@dataclass
class Figures:
    watch: Watch
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    found: list[str] = field(default_factory=list)
    n_scratch: int = 0

    @property
    def n_kills(self) -> int:
        return sum(tally.n_kills for tally in self.tallies.values())

    @property
    def problems(self) -> list[str]:
        """Everything that was wrong, in the lake and in the readers' answers."""
        return self.found + self.watch.problems

    def table(self) -> str:
        row = "{:>10} {:>7} {:>9} {:>10} {:>12} {:>8}".format
        lines = [row("command", "kills", "too late", "recovered", "undisturbed", "seconds")]
        for name, t in self.tallies.items():
            lines.append(row(name, t.n_kills, t.n_too_late, t.n_recovered, t.n_undisturbed, f"{t.seconds:.0f}"))
        watch = self.watch
        lines.append(
            f"{self.n_kills} kills; {self.n_scratch} comparisons with a lake made anew; readers: {watch.n_answers} "
            f"answers checked, {watch.n_mixed} mixed, {watch.n_overtaken} of a release that was pruned or moved "
            f"meanwhile; a new release was seen after {watch.slowest_seconds:.2f} s at most"
        )
        return "\n".join([*lines, *(f"PROBLEM {problem}" for problem in self.problems)])
