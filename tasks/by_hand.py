"""The tasks that do what an operator asks for by hand: publish, pin, unpin, rebuild, import questions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lake import operate
from lake.directory import Lake
from tasks.artifacts import ProgressArtifacts
from tasks.events import tell
from tasks.policy import step

if TYPE_CHECKING:
    from lake.questions.importing import Taken
    from lake.releases.history import History


@step("publish by hand", run_name="publish {candidate}")
def publish_by_hand(lake: str, candidate: str, why: str, *, force: bool) -> None:
    """Make a candidate live, in one step that a retry finds done."""
    operate.publish(lake, candidate, why=why, force=force)
    tell(lake, "published", release=candidate)


@step("pin")
def pin(lake: str, why: str) -> str:
    """Hold live where it is; which release that is."""
    return _live(operate.pin(lake, why=why))


@step("unpin")
def unpin(lake: str) -> str:
    """Let the next run publish again; which release is live."""
    return _live(operate.unpin(lake))


def _live(history: History) -> str:
    return history.resolve("live").id


@step("rebuild")
def rebuild(lake: str) -> tuple[str, list[str]]:
    """Make the tables of every release again; the generation that holds them now, and the releases."""
    history = operate.rebuild(lake, progress=ProgressArtifacts(lake))
    return next(iter(history.releases.values())).generation, list(history.releases)


@step("import questions")
def import_questions(
    lake: str, format: str, path: str, set: str | None, source: str | None, uri: str | None, split: str = "test"
) -> Taken:
    """Take the questions of a file into the lake; a retry finds those that were taken."""
    from lake.questions import load, take

    place, name = Lake.existing(lake), set or Path(path).resolve().stem.lower()
    return take(place, name, load(format, path, set=name, source=source, uri=uri, split=split))
