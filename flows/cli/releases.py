"""The commands that look at releases and move between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

import lake as library
from flows.cli.options import JsonOption, LakeOption, WhyOption, show
from flows.cli.show import releases as show_releases
from flows.cli.show import terminal
from lake.directory import Lake
from lake.errors import UsageError
from tasks.steps import evaluate, gate_by_hand

if TYPE_CHECKING:
    from lake.releases.history import History


def status(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Show what is live, what it holds and what is in quarantine."""
    show(library.open_lake(lake).status(), as_json, terminal.status)


def releases(
    lake: LakeOption,
    release: Annotated[
        str | None, typer.Argument(help="Describe only this one, with its audit and its history.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the releases, or describe one in full."""

    index = library.open_lake(lake)
    if release is None:
        show(index.releases().to_pylist(), as_json, show_releases.releases)
    else:
        texts = {question.question_id: question.text for question in index.questions()}
        show(index.describe(release), as_json, partial(show_releases.release, questions=texts))


def rollback(
    release: Annotated[str, typer.Argument(help="A release, a name, or a date or time (UTC): what was live then.")],
    lake: LakeOption,
    why: WhyOption,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier release live again.

    Readers switch at once; the next ingest continues from that release.
    """
    _show_live(library.operate.rollback(lake, release, why=why), as_json)


def publish(
    candidate: Annotated[str, typer.Argument(help="The candidate to make live.")],
    lake: LakeOption,
    why: WhyOption = "",
    force: Annotated[bool, typer.Option("--force", help="Publish despite a failed audit or gate, or a pin.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a candidate live, after its audit and its gate.

    The gate searches for the lake's questions first, unless --force is given, and refuses a candidate that answers
    them worse than live.
    """
    if force and not why:
        raise UsageError("--force needs --why, which the log keeps")
    remarks = [] if force else _asked(lake, candidate, as_json)
    _show_live(library.operate.publish(lake, candidate, why=why, force=force), as_json, remarks)


def _asked(url: str, name: str, as_json: bool) -> list[str]:
    """Measure a candidate by the lake's questions unless its audit refused it; returns the gate's remarks."""
    lake = Lake.existing(url)
    release = lake.log.read().resolve(name)
    with terminal.progress(quiet=as_json) as progress:
        gate = gate_by_hand(lake, release, lambda: evaluate(url, release, progress))
    return [gate.summary()] if gate and gate.outcome == "warned" else []


def pin(lake: LakeOption, why: WhyOption, as_json: JsonOption = False) -> None:
    """Keep live as it is until unpin.

    Runs continue to build and audit candidates but publish none. A rollback stays possible.
    """
    _show_live(library.operate.pin(lake, why=why), as_json)


def unpin(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Let the next run publish again."""
    _show_live(library.operate.unpin(lake), as_json)


def name(
    release: Annotated[str, typer.Argument(help="The release.")],
    name: Annotated[str, typer.Argument(help="Its name, such as before-migration.")],
    lake: LakeOption,
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Name a release; prune keeps named releases.

    Wherever a release is expected, its name can be given.
    """
    _show_names(library.operate.name(lake, release, name, why=why), as_json)


def unname(
    name: Annotated[str, typer.Argument(help="The name.")], lake: LakeOption, as_json: JsonOption = False
) -> None:
    """Remove a name from its release.

    The release is then kept or pruned like any other.
    """
    _show_names(library.operate.unname(lake, name), as_json)


def _show_live(history: History, as_json: bool, remarks: Sequence[str] = ()) -> None:
    live = history.live.id if history.live else None
    shown = {"live": live, "pinned": history.pinned, "seq": history.head, "remarks": list(remarks)}
    show(shown, as_json, show_releases.live)


def _show_names(history: History, as_json: bool) -> None:
    show({"names": history.names}, as_json, show_releases.names)


COMMANDS = (status, releases, rollback, publish, pin, unpin, name, unname)
