"""The commands that look at releases and move between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import JsonOption, LakeOption, WhyOption, show
from flows.cli.show import releases as show_releases
from flows.cli.show import terminal

if TYPE_CHECKING:
    from lake.releases.history import History


def status(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Say what is live, what it holds and what is in quarantine."""
    from lake.index import open_lake

    show(open_lake(lake).status(), as_json, terminal.status)


def releases(
    lake: LakeOption,
    release: Annotated[str | None, typer.Argument(help="Only this one, with its audit and all that was done.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the releases, oldest first, or say all that is known of one."""
    from lake.index import open_lake

    if release is None:
        show(open_lake(lake).releases().to_pylist(), as_json, show_releases.releases)
    else:
        show(open_lake(lake).describe(release), as_json, show_releases.release)


def rollback(
    release: Annotated[str, typer.Argument(help="A release, its name, or a date or time (UTC): what was live then.")],
    lake: LakeOption,
    why: WhyOption,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier release live again; readers switch at once, the next ingest goes on from there."""
    from lake import operate

    _show_live(operate.rollback(lake, release, why=why), as_json)


def publish(
    candidate: Annotated[str, typer.Argument(help="The candidate to make live.")],
    lake: LakeOption,
    why: WhyOption = "",
    force: Annotated[bool, typer.Option("--force", help="Over a failed audit or gate, a pin or a moved live.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a candidate live after looking at it, unless it answers the lake's questions worse than it may."""
    from lake import operate
    from lake.errors import UsageError

    if force and not why:
        raise UsageError("--force needs --why, which the log keeps")
    remarks = [] if force else _asked(lake, candidate, as_json)
    _show_live(operate.publish(lake, candidate, why=why, force=force), as_json, remarks)


def _asked(url: str, name: str, as_json: bool) -> list[str]:
    """Ask a candidate the lake's questions, unless its audit refused it already; what the gate remarks."""
    from lake.directory import Lake
    from tasks.steps import evaluate, gate_by_hand

    lake = Lake.existing(url)
    release = lake.log.read().resolve(name)
    with terminal.progress(quiet=as_json) as progress:
        gate = gate_by_hand(lake, release, lambda: evaluate(url, release, progress))
    return [gate.summary()] if gate and gate.outcome == "warned" else []


def pin(lake: LakeOption, why: WhyOption, as_json: JsonOption = False) -> None:
    """Hold live where it is: runs go on building and auditing candidates and publish none; rollback stays free."""
    from lake import operate

    _show_live(operate.pin(lake, why=why), as_json)


def unpin(lake: LakeOption, as_json: JsonOption = False) -> None:
    """Let the next run publish again."""
    from lake import operate

    _show_live(operate.unpin(lake), as_json)


def name(
    release: Annotated[str, typer.Argument(help="The release.")],
    name: Annotated[str, typer.Argument(help="What to call it, as before-migration.")],
    lake: LakeOption,
    why: WhyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a release a name, by which it can be asked for and for which prune keeps it."""
    from lake import operate

    _show_names(operate.name(lake, release, name, why=why), as_json)


def unname(
    name: Annotated[str, typer.Argument(help="The name.")], lake: LakeOption, as_json: JsonOption = False
) -> None:
    """Take a name away; its release is then kept or pruned like any other."""
    from lake import operate

    _show_names(operate.unname(lake, name), as_json)


def _show_live(history: History, as_json: bool, remarks: Sequence[str] = ()) -> None:
    live = history.live.id if history.live else None
    shown = {"live": live, "pinned": history.pinned, "seq": history.head, "remarks": list(remarks)}
    show(shown, as_json, show_releases.live)


def _show_names(history: History, as_json: bool) -> None:
    show({"names": history.names}, as_json, show_releases.names)


COMMANDS = (status, releases, rollback, publish, pin, unpin, name, unname)
